"""What stands around the piano roll."""
