"""Training's steps: one BLAS thread for numpy, no search of old objects, and all as before at the end."""

import gc
import weakref

import pytest
import torch
from threadpoolctl import threadpool_info

from htvae.utils.hot_path import keep_clear


class Node:
    """May point at itself."""


def make_cycle():
    """Return a weak reference to an object that only a collection removes."""
    node = Node()
    node.itself = node
    return weakref.ref(node)


def blas_threads():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_old_objects_are_not_searched_and_new_ones_are():
    gc.disable()
    try:
        gc.collect()
        node = Node()
        node.itself, old = node, weakref.ref(node)
        with keep_clear():
            del node
            new = make_cycle()
            gc.collect()
            assert new() is None
            assert old() is not None
        gc.collect()
        assert old() is None
    finally:
        gc.enable()


def test_numpy_has_one_thread_and_pytorch_its_own():
    before = blas_threads()
    torch.set_num_threads(2)
    try:
        with keep_clear():
            assert set(blas_threads()) == {1}
            assert torch.get_num_threads() == 2
        assert blas_threads() == before
    finally:
        torch.set_num_threads(1)


def test_all_is_as_before_after_an_error():
    before, frozen = blas_threads(), gc.get_freeze_count()
    with pytest.raises(ValueError, match="stop"), keep_clear():
        raise ValueError("stop")
    assert blas_threads() == before
    assert gc.get_freeze_count() <= frozen
