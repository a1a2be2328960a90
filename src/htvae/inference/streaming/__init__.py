"""Encoding of frames as they come, with a look-ahead of one chunk."""
