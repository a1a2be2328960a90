"""The page's files: small modules, no markup from text, every icon there, and one script that runs alone."""

import re
from importlib.resources import files

import pytest

from htvae.app.html import join_modules, read_page

PAGE = read_page()
MODULES = sorted(name for name in PAGE if name.endswith(".js"))


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_small_and_makes_no_markup_from_text(name: str) -> None:
    text = PAGE[name]
    assert len(text.splitlines()) <= 250
    assert max(map(len, text.splitlines())) <= 120
    assert not re.search(r"(inner|outer|insertAdjacent)HTML|document\.write|\beval\(|new Function", text)
    assert text.startswith("// ")


def test_modules_join_to_one_script() -> None:
    script = join_modules({name: PAGE[name] for name in MODULES})
    assert not re.search(r"^(import|export)\b", script, re.MULTILINE)


def test_what_modules_ask_for_is_in_the_page() -> None:
    text = PAGE["index.html"]
    script = "\n".join(PAGE[name] for name in MODULES)
    made_later = {"slide", "report"}  # by a module; by `build_html`
    asked = set(re.findall(r'ById\("([\w-]+)"\)', script)) - made_later
    assert asked <= set(re.findall(r'id="([\w-]+)"', text))
    icons = set(re.findall(r'"#i-(\w+)"', text)) | set(re.findall(r'makeIcon\("(\w+)"\)', script))
    assert icons <= set(re.findall(r'<symbol id="i-(\w+)"', text))
    assert "style=" not in text and "<script" in text


def test_the_types_are_beside_the_modules() -> None:
    assert (files("htvae.app") / "page/types.d.ts").is_file()
