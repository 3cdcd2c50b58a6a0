"""The report: a whole plan as one HTML page that needs no network and no script."""
