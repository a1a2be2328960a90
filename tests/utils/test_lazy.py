"""Names that are imported when first asked for."""

import sys
from types import ModuleType

import pytest

from htvae.utils.lazy import lazy_names


@pytest.fixture
def package(monkeypatch):
    """A package of one name of its own and one that lives elsewhere."""
    module = ModuleType("some_package")
    module.own = 1
    module.__getattr__, module.__dir__ = lazy_names("some_package", {"Fraction": "fractions"})
    monkeypatch.setitem(sys.modules, "some_package", module)
    return module


def test_a_name_is_fetched_from_its_home(package):
    from fractions import Fraction

    assert package.Fraction is Fraction


def test_dir_lists_both_kinds(package):
    assert {"own", "Fraction", "__name__"} <= set(dir(package))


def test_other_names_are_refused_as_python_does(package):
    with pytest.raises(AttributeError, match="module 'some_package' has no attribute 'nonsense'"):
        _ = package.nonsense


def test_a_home_is_not_imported_before_it_is_asked_for():
    get, _ = lazy_names("some_package", {"Gone": "module_that_does_not_exist"})
    with pytest.raises(ModuleNotFoundError, match="module_that_does_not_exist"):
        get("Gone")
