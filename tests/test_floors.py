"""The floors of the house: imports go downwards only, and what should be quick to import is."""

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src/htvae"

FLOORS = {
    "cli": 8,
    "app": 7,
    "analysis": 6,
    "evaluation": 6,
    "training": 6,
    "generation": 5,
    "inference": 4,
    "data": 3,
    "demo": 3,
    "io": 2,
    "models": 1,
    "plots": 1,
    "poses": 1,
    "config": 0,
    "metrics": 0,
    "utils": 0,
}
"""Rooms by floor, as in docs/architecture.md. A room may import itself and every floor below its own."""
FACE = {"__init__", "__main__"}
"""The public face of the package stands above all floors."""

LIGHT = [
    "htvae",
    "htvae.cli.main",
    "htvae.config",
    "htvae.config.files",
    "htvae.cli.flags",
    "htvae.cli.options",
    "htvae.cli.motion_options",
    "htvae.utils",
    "htvae.utils.files",
    "htvae.poses.landmarks",
    "htvae.poses.sequence",
    "htvae.io.pose_csv",
    "htvae.io.folder",
    "htvae.io.check",
    "htvae.io.cache",
    "htvae.demo.recordings",
]
"""Modules that neither PyTorch nor pandas may come in with."""
HEAVY = ("torch", "pandas", "matplotlib", "sklearn")

MODULES = sorted(SOURCE.rglob("*.py"))


def module_name(path: Path, source: Path = SOURCE) -> str:
    """Return the name of a module below ``htvae``, e.g. ``io.folder``; a package's is ``io.__init__``."""
    return ".".join(path.relative_to(source).with_suffix("").parts)


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


def find_upward_imports(path: Path, source: Path = SOURCE) -> list[str]:
    """Return what a module imports of its own floor's other rooms, or of a floor above."""
    name = module_name(path, source)
    room = name.split(".")[0]
    if room in FACE:
        return []
    assert room in FLOORS, f"{room} must have a floor: name it in FLOORS."
    allowed = {room, *(other for other, floor in FLOORS.items() if floor < FLOORS[room])}
    return sorted(other for other in set(package_imports(path)) if other.split(".")[0] not in allowed)


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_imports_go_downwards_only(path: Path) -> None:
    assert find_upward_imports(path) == []


@pytest.mark.parametrize(
    "line",
    [
        "from htvae.training.trainer import HTVAETrainer",
        "import htvae.data.loader",
        "def f():\n    from htvae.cli import options",
    ],
)
def test_a_planted_import_is_found(line: str, tmp_path: Path) -> None:
    module = tmp_path / "models/planted.py"
    module.parent.mkdir()
    module.write_text(f"{line}\n")
    assert len(find_upward_imports(module, tmp_path)) == 1
    module.write_text("from htvae.metrics.errors import mpjpe\nfrom htvae.models.latent import Gaussian\n")
    assert find_upward_imports(module, tmp_path) == []


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
    for path in sorted((SOURCE / "utils").glob("*.py")):
        text = path.read_text(encoding="utf-8").lower()
        assert [word for word in ("landmark", "chunk", "latent") if word in text] == [], path.name


def test_library_floors_do_not_print() -> None:
    for path in MODULES:
        if module_name(path).split(".")[0] in {"cli", *FACE}:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        called = {
            node.func.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert "print" not in called, path


@pytest.mark.parametrize("module", LIGHT)
def test_light_modules_stay_light(module: str) -> None:
    code = f"import sys, {module}; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []
