"""Opening a report where somebody sits in front of a desktop."""

import os
import sys
import webbrowser
from pathlib import Path


def open_in_browser(place: Path | str) -> bool:
    """Open a file, or an address, in the browser and return whether that was tried.

    Not without a terminal, as in scripts and tests, nor on a Linux without a desktop.
    """
    has_desktop = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    if not (has_desktop and sys.stdout.isatty()):
        return False
    return webbrowser.open(place if isinstance(place, str) else place.absolute().as_uri())
