"""The floors of the house: imports go downwards only, and what should be quick to import is."""

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src/htvae"

GROUND = {"config", "metrics", "utils"}
SETTINGS = {"config", "config_file", "options"}
MODEL_USE = {"checkpoint", "inference"}
ALLOWED: dict[str, set[str]] = {
    "config_checks": set(),
    "config_sections": {"config_checks"},
    "config": {"config_checks", "config_sections"},
    "metrics": set(),
    "flags": set(),
    "utils": {"utils"},
    "config_file": {"config"},
    "options": {"config"},
    "data": {"config", "utils", "data"},
    "models": {"config", "metrics", "models"},
    "checkpoint": GROUND | {"data", "models", "checkpoint"},
    "inference": GROUND | {"data", "models", "checkpoint", "inference"},
    "generation": GROUND | {"options", "data", "models", "generation"} | MODEL_USE,
    "training": GROUND | SETTINGS | {"data", "models", "training"} | MODEL_USE,
    "evaluation": GROUND | SETTINGS | {"data", "models", "generation", "evaluation"} | MODEL_USE,
}
"""What the parts of the package may import of it. ``cli``, ``__main__`` and the public face stand above them
all."""
TOP = {"cli", "__main__", "__init__"}

LIGHT = [
    "htvae",
    "htvae.cli",
    "htvae.config",
    "htvae.config_file",
    "htvae.flags",
    "htvae.options",
    "htvae.utils",
    "htvae.data",
    "htvae.data.landmarks",
    "htvae.data.sequence",
    "htvae.data.pose_csv",
    "htvae.data.folder",
    "htvae.data.checks",
    "htvae.data.processing",
    "htvae.data.splits",
    "htvae.data.store",
    "htvae.data.demo",
]
"""Modules that neither PyTorch nor pandas may come in with."""
HEAVY = ("torch", "lightning", "pandas", "matplotlib", "sklearn")

MODULES = sorted(SOURCE.rglob("*.py"))


def module_name(path: Path) -> str:
    """Return the name of a module below ``htvae``, e.g. ``data.folder``; a package's is ``data.__init__``."""
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts)


def package_imports(path: Path) -> Iterator[str]:
    """Yield what a module imports of the package, anywhere in it; names relative to ``htvae``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (
                alias.name.removeprefix("htvae.") for alias in node.names if alias.name.startswith("htvae")
            )
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports must be absolute"
            if node.module == "htvae":
                yield from (alias.name for alias in node.names if alias.name != "__version__")
            elif node.module and node.module.startswith("htvae."):
                yield node.module.removeprefix("htvae.")


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_imports_go_downwards_only(path: Path) -> None:
    part = module_name(path).split(".")[0]
    if part not in TOP:
        assert part in ALLOWED, f"{part} must have a floor: name it in ALLOWED."
        wrong = {name for name in package_imports(path) if name.split(".")[0] not in ALLOWED[part]}
        assert not wrong, f"{part} must not import {', '.join(sorted(wrong))}."


def test_no_two_modules_import_each_other() -> None:
    graph = {module_name(path): set(package_imports(path)) for path in MODULES}
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError


def test_the_package_never_imports_the_users_settings_or_the_scripts() -> None:
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [module or ""]
            assert not {name.split(".")[0] for name in names} & {"configs", "train", "evaluate"}, path


def test_utils_know_nothing_of_poses() -> None:
    text = (SOURCE / "utils/utils.py").read_text(encoding="utf-8").lower()
    assert [word for word in ("landmark", "frame", "chunk", "latent") if word in text] == []


@pytest.mark.parametrize("module", LIGHT)
def test_light_modules_stay_light(module: str) -> None:
    code = f"import sys, {module}; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []
