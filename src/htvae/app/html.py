"""One HTML file from the page's modules and a report's payload.

- Modules that the report's entry reaches are joined in the order of their imports into one script; those of
  the live page alone are left out. The page's policy allows this script and this style by their hashes, and
  nothing else: whatever a recording's name holds, nothing else runs.
- Data stand in scripts of other types, which browsers do not run.
"""

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from importlib.resources import files
from typing import Any

from htvae.app.payload import Payload

HEAD_PLACE = "<head>"
STYLE_PLACE = '<link rel="stylesheet" href="page.css">'
SCRIPT_PLACE = '<script type="module" src="main.js"></script>'
"""Places of index.html for the policy, the style, and data and script; each occurs once."""
ENTRY = "main.js"
"""The module that a report starts from."""

_NAMES = r"\s*[\w$]+(?:\s*,\s*[\w$]+)*\s*,?\s*"
_IMPORT = re.compile(rf'^import\s*\{{({_NAMES})\}}\s*from\s*"\./([\w-]+\.js)";[ \t]*$', re.MULTILINE)
_ANY_IMPORT = re.compile(r"^\s*(?:import\b(?!\s*\()|export\s*(?:\*|\{|default\b))", re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*(?:/\*\*(?:(?!\*/).)*\*/|//[^\n]*)[ \t]*\n", re.MULTILINE | re.DOTALL)
"""Comments on lines of their own, a quarter of the page's bytes."""
_INDENT = re.compile(r"^[ \t]+")
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let|var)\b)", re.MULTILINE)
_NAME = re.compile(
    r"^(?:export )?(?:async )?(?:function\*?|class|const|let|var)\s+([A-Za-z_$][\w$]*)", re.MULTILINE
)


def read_page() -> dict[str, str]:
    """Return the page's files by name."""
    folder = files("htvae.app") / "page"
    return {
        path.name: path.read_text(encoding="utf-8")
        for path in sorted(folder.iterdir(), key=lambda path: path.name)
        if path.name.endswith((".js", ".css", ".html"))
    }


def reach_modules(modules: Mapping[str, str], entry: str = ENTRY) -> dict[str, str]:
    """Return the modules that one of them needs: itself, what it imports, what these import, and so on."""
    found: dict[str, str] = {}
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name in modules and name not in found:
            found[name] = modules[name]
            waiting += [own[1] for own in _IMPORT.findall(modules[name])]
    return found


def join_modules(modules: Mapping[str, str]) -> str:
    """Return modules as one script, each after those that it imports.

    Args:
        modules: name to text. A module may import names of others in lines like
            ``import { a, b } from "./x.js";``, and export declarations.

    Raises:
        ValueError: an import is of another form, or leads nowhere or in a circle, or a name stands twice.
    """
    imports = {name: [own[1] for own in _IMPORT.findall(text)] for name, text in modules.items()}
    for name, needed in imports.items():
        missing = sorted(set(needed) - modules.keys())
        if missing:
            raise ValueError(f"{name} must import modules of the page, but imports {missing[0]}.")
    try:
        order = list(
            TopologicalSorter({name: sorted(own) for name, own in sorted(imports.items())}).static_order()
        )
    except CycleError as error:
        raise ValueError(f"modules must not import in a circle: {' -> '.join(error.args[1])}.") from error
    _check_names(modules)
    return "\n".join(f"// {name}\n{_strip(name, modules[name])}" for name in order)


def build_html(payload: Payload, blocks: Mapping[str, str], page: Mapping[str, str] | None = None) -> str:
    """Return a report as the text of one HTML file.

    Args:
        payload: what the report says.
        blocks: packed numbers by id, from `packing.to_text`.
        page: the page's files by name. None: those of the package.
    """
    page = read_page() if page is None else page
    script = _close(join_modules(reach_modules(page)))
    style = page["page.css"].replace("</", "<\\/")
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "img-src data: blob:; media-src blob:; base-uri 'none'; form-action 'none'"
    )
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    title = f"<title>{html.escape(payload['title'].encode('utf-8', 'replace').decode())}</title>"
    text = re.sub(r"<title>.*?</title>", lambda _: title, page["index.html"])
    fillings = {
        HEAD_PLACE: f"{HEAD_PLACE}\n{meta}",
        STYLE_PLACE: f"<style>{style}</style>",
        SCRIPT_PLACE: "\n".join([*_write_data(payload, blocks), f'<script type="module">{script}</script>']),
    }
    parts = re.split(f"({'|'.join(map(re.escape, fillings))})", text)
    _check_places(parts, fillings)
    return "".join(fillings.get(part, part) for part in parts)


def to_json(content: Any) -> str:
    """Return JSON that no HTML parser and no old JavaScript stumbles over."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for char in ("<", ">", "&", "\u2028", "\u2029"):
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text.encode("utf-8", "backslashreplace").decode("utf-8")  # half a surrogate pair is no UTF-8


def _write_data(payload: Payload, blocks: Mapping[str, str]) -> Iterator[str]:
    yield f'<script type="application/json" id="report">{to_json(payload)}</script>'
    for name, text in blocks.items():
        yield f'<script type="text/plain" id="{name}">{text}</script>'


def _check_names(modules: Mapping[str, str]) -> None:
    homes: dict[str, str] = {}
    for name, text in modules.items():
        for own in _NAME.findall(text):
            if own in homes:
                raise ValueError(
                    f"{own} must be declared once, but is in {homes[own]} and {name}. Rename one."
                )
            homes[own] = name


def _strip(name: str, text: str) -> str:
    """Return a module's text without comments, imports, exports and, unless a text spans lines, indents."""
    text = _COMMENT.sub("", f"{text}\n")
    text = _EXPORT.sub("", _IMPORT.sub("", text))
    left = _ANY_IMPORT.search(text)
    if left is not None:
        line = text[left.start() :].strip().splitlines()[0]
        raise ValueError(
            f'{name}: imports must read like import {{ a }} from "./x.js"; and only declarations may be '
            f"exported, but found: {line}"
        )
    return _dedent(text).strip()


def _dedent(text: str) -> str:
    """Return a module without the blanks that its lines begin with; text between backticks keeps them."""
    lines, ticks = [], 0
    for line in text.splitlines():
        own = line if ticks % 2 else _INDENT.sub("", line)
        if own or ticks % 2:
            lines.append(own)
        ticks += line.count("`")
    return "\n".join(lines)


def _close(script: str) -> str:
    """Return a script that does not end its element early."""
    return re.sub(r"<(?=/script|script|!--)", r"\\x3c", script, flags=re.IGNORECASE)


def _check_places(parts: list[str], places: Iterable[str]) -> None:
    wrong = [place for place in places if parts.count(place) != 1]
    if wrong:
        raise ValueError(f"index.html must hold {wrong[0]} once, but holds it {parts.count(wrong[0])} times.")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
