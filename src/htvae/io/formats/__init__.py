"""The formats of trackers: one file a format, and the registry that knows them all."""
