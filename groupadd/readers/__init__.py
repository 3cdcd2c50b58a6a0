"""What the answers of several vendors have in common."""
