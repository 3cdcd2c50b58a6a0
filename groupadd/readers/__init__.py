"""Readers of what several vendors' answers have in common. The facts of one vendor are in that vendor's file."""
