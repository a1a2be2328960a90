"""Signs of a tracker's mistakes and of wrong settings in one recording's poses, one file per kind.

- Thresholds are relative to the body's size and to the recording's usual values, so neither the unit nor the
  frame rate nor the length matters.
- Thresholds are high enough that a sound recording gives no findings.
"""

from htvae.io.findings.finding import Finding
from htvae.io.findings.recording import RecordingReport, check_recording

__all__ = ["Finding", "RecordingReport", "check_recording"]
