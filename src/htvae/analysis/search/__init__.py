"""What resembles a span, and detectors learned from answers of yes and no."""
