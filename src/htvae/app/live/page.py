"""The page's files as the live page gets them: the report's own, but served one by one."""

import html
import re
from collections.abc import Mapping

from htvae.app.html import SCRIPT_PLACE, STYLE_PLACE, to_json
from htvae.app.payload import Payload

ENTRIES = ("explore.js", "main.js")
"""What starts the page, the first that is there."""
TYPES = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}


def build_live_html(payload: Payload, page: Mapping[str, str]) -> str:
    """Return index.html with the report's JSON in it; modules and style are links."""
    entry = next(name for name in ENTRIES if name in page)
    title = f"<title>{html.escape(payload['title'].encode('utf-8', 'replace').decode())}</title>"
    text = re.sub(r"<title>.*?</title>", lambda _: title, page["index.html"])
    data = f'<script type="application/json" id="report">{to_json(payload)}</script>'
    script = f'{data}\n<script type="module" src="page/{entry}"></script>'
    style = '<link rel="stylesheet" href="page/page.css">'
    for place, filling in ((STYLE_PLACE, style), (SCRIPT_PLACE, script)):
        before, found, after = text.partition(place)
        if not found:
            raise ValueError(f"index.html must hold {place} once, but does not.")
        text = f"{before}{filling}{after}"
    return text


def list_modules(page: Mapping[str, str]) -> dict[str, tuple[bytes, str]]:
    """Return content and type of each file that is served below /page/, by name."""
    endings = {name: name.rpartition(".")[2] for name in page}
    return {
        name: (page[name].encode("utf-8"), TYPES[ending])
        for name, ending in endings.items()
        if ending in TYPES
    }
