"""What several vendors' answers have in common; what one vendor alone does stands in that vendor's file."""
