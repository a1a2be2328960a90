"""Groups of recordings: a study's design, differences, and what is doubtful about them."""
