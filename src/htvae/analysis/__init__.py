"""What is in recordings: numbers in, numbers out."""

from htvae.analysis.model import AnalysisModel, load

__all__ = ["AnalysisModel", "load"]
