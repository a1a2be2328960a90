"""What controls do, and where others differ from them."""
