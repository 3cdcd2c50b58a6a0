"""One file for each vendor, named as the provider's `type`. Its `__all__` names the vendor's class."""
