"""A made-up world of people and animals that move, for trying things out and for tests."""
