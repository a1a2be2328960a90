"""What recurs in recordings, and when."""
