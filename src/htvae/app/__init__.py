"""The report: recordings, and what a model finds in them, as one page that works offline."""
