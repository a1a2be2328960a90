"""Made-up recordings of moving people and animals, for trying things out and for tests."""
