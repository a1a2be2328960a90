"""The model as judge: which label a recording looks like."""
