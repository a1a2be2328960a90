"""What the encoder looks at, and what z depends on."""
