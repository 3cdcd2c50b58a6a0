"""The add: observe, add, observe again, decide."""
