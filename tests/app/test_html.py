"""One file from modules and data: nothing in the data can become markup or script."""

import base64
import hashlib
import json
import re
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from htvae.app import html

PAGE = {
    "index.html": (
        "<!doctype html>\n<html>\n<head>\n<title>Report</title>\n"
        f"{html.STYLE_PLACE}\n</head>\n<body>\n<p></p>\n{html.SCRIPT_PLACE}\n</body>\n</html>\n"
    ),
    "page.css": "p { color: red }",
    "main.js": 'import { show } from "./show.js";\n\nshow("</script>");\n',
    "show.js": "export function show(text) {\n  return text;\n}\n",
    "types.d.ts": "declare const x: number;\n",
}
HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!--<script>",
    "a\u2028b\u2029c",
    "\u202eright to left",
    "跑步",
    "&lt;b&gt; & \"quotes\" 'too'",
    "\ud800 half a pair",
    "x" * 200,
    "</title><script>alert(1)</script>",
]


class Reader(HTMLParser):
    """Collects scripts and styles as a browser would see them."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.styles: list[str] = []
        self.tags: list[str] = []
        self.metas: list[dict[str, str | None]] = []
        self.title = ""
        self._at = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._at = tag
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
        if tag == "style":
            self.styles.append("")
        if tag == "meta":
            self.metas.append(dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        self._at = ""

    def handle_data(self, data: str) -> None:
        if self._at == "script":
            attributes, text = self.scripts.pop()
            self.scripts.append((attributes, text + data))
        if self._at == "style":
            self.styles[-1] += data
        if self._at == "title":
            self.title += data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    return reader


def build(**content: Any) -> Reader:
    payload: Any = {"title": "A report"} | content
    text = html.build_html(payload, {"b1": "AAAA", "b2": "BBBB"}, PAGE)
    return read(text.encode().decode())  # it can be written


def test_data_style_and_script_stand_in_one_file() -> None:
    page = build(title="A <b>", numbers=[1, None, 0.5])
    kinds = [attributes["type"] for attributes, _ in page.scripts]
    assert kinds == ["application/json", "text/plain", "text/plain", "module"]
    assert json.loads(page.scripts[0][1]) == {"title": "A <b>", "numbers": [1, None, 0.5]}
    assert {attributes.get("id"): text for attributes, text in page.scripts[:3]}.keys() == {
        "report",
        "b1",
        "b2",
    }
    assert page.title == "A <b>"
    assert page.scripts[-1][1].index("function show") < page.scripts[-1][1].index("show(")
    assert "import" not in page.scripts[-1][1] and "export" not in page.scripts[-1][1]


def test_the_policy_allows_this_script_and_style_and_no_other() -> None:
    page = build()
    (policy,) = [str(m["content"]) for m in page.metas if m.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    for name, text in (("script-src", page.scripts[-1][1]), ("style-src", page.styles[0])):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[name] == f"'sha256-{digest}'"
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert "unsafe" not in policy
    assert page.tags.index("meta") < page.tags.index("style") < page.tags.index("script")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(name: str) -> None:
    page, plain = build(title=name, names=[name], **{"key": {"in": name}}), build()
    assert page.tags == plain.tags
    found = json.loads(page.scripts[0][1])
    assert found["names"] == [name] and found["key"]["in"] == name
    assert not re.search("[<>&\u2028\u2029]", page.scripts[0][1])


def test_a_script_never_ends_its_element_early() -> None:
    script = build().scripts[-1][1]
    assert "\\x3c/script>" in script and "</script" not in script


def test_numbers_that_json_lacks_are_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        html.to_json({"x": float("nan")})


@pytest.mark.parametrize(
    ("modules", "words"),
    [
        ({"a.js": 'import { b } from "./b.js";'}, "imports b.js"),
        ({"a.js": 'import { b } from "./b.js";', "b.js": 'import { a } from "./a.js";'}, "circle"),
        ({"a.js": "const x = 1;", "b.js": "let x = 2;"}, "x must be declared once, but is in a.js and b.js"),
        ({"a.js": "export function f() {}", "b.js": "async function f() {}"}, "f must be declared once"),
        ({"a.js": 'import * as b from "./b.js";', "b.js": ""}, "must read like"),
        ({"a.js": 'import { b as c } from "./b.js";', "b.js": ""}, "b as c"),
        ({"a.js": "export default 1;"}, "only declarations may be exported"),
        ({"a.js": "export { x };"}, "only declarations may be exported"),
        ({"a.js": 'import "./b.js";', "b.js": ""}, "must read like"),
    ],
)
def test_modules_that_cannot_be_joined_are_refused(modules: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        html.join_modules(modules)


def test_modules_come_after_what_they_import() -> None:
    modules = {
        "a.js": 'import { b } from "./b.js";\nimport {\n  c,\n} from "./c.js";\nb(c);',
        "b.js": 'import { c } from "./c.js";\nexport const b = () => c;',
        "c.js": "export class C {}\nexport const c = 1; // import { x } from nowhere",
    }
    joined = html.join_modules(modules)
    assert joined.index("class C") < joined.index("const b") < joined.index("b(c)")


def test_comments_on_lines_of_their_own_are_left_out() -> None:
    lines = [
        "/**",
        " * What it does; see // and import x.",
        " */",
        "const a = 1; // kept",
        "  // gone",
        "/** @type {X} */ (a).b = `/** ${a} */`;",
        "/** gone */",
        "const c = 2;",
    ]
    assert html.join_modules({"a.js": "\n".join(lines)}).splitlines() == [
        "// a.js",
        lines[3],
        lines[5],
        lines[7],
    ]


def test_only_modules_that_the_entry_reaches_are_joined() -> None:
    modules = {
        "main.js": 'import { a } from "./a.js";\na();',
        "a.js": 'import { b } from "./b.js";\nexport const a = () => b;',
        "b.js": "export const b = 1;",
        "live.js": 'import { b } from "./b.js";\nfetch(b);',
    }
    assert html.reach_modules(modules).keys() == {"main.js", "a.js", "b.js"}
    assert html.reach_modules(modules, "live.js").keys() == {"live.js", "b.js"}
    page = PAGE | modules
    assert "fetch" not in html.build_html({"title": ""}, {}, page)  # type: ignore[typeddict-item]


def test_blanks_at_the_beginning_of_lines_are_left_out_but_in_text() -> None:
    lines = ["function f() {", "  return `a", "  b`;", "", "    }"]
    joined = html.join_modules({"a.js": "\n".join(lines)}).splitlines()
    assert joined == ["// a.js", lines[0], "return `a", "  b`;", "}"]


def test_a_page_without_its_places_is_refused() -> None:
    with pytest.raises(ValueError, match="must hold <head> once, but holds it 0 times"):
        html.build_html({"title": ""}, {}, PAGE | {"index.html": ""})  # type: ignore[typeddict-item]


def test_the_real_page_joins() -> None:
    page = html.read_page()
    assert {"index.html", "page.css", "main.js"} <= page.keys()
    script = html.join_modules({name: text for name, text in page.items() if name.endswith(".js")})
    assert not re.search(r"^(import|export)\b", script, flags=re.MULTILINE)
    assert " style=" not in page["index.html"]
    assert not re.search(r"\son\w+=", page["index.html"])


def test_the_real_page_holds_data() -> None:
    payload: Any = {"title": "x"}
    assert len(read(html.build_html(payload, {"b1": ""})).scripts) == 3


def test_the_wheel_holds_the_page() -> None:
    root = Path(__file__).parents[2]
    patterns = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"][
        "htvae.app"
    ]
    held = {path.name for pattern in patterns for path in (root / "src/htvae/app").glob(pattern)}
    assert held == html.read_page().keys()
