"""Pickles are read as values and never run."""

import contextlib
import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from htvae.io.faults import DataError
from htvae.io.formats.unpickling import load_restricted

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda values: (
        st.lists(values)
        | st.tuples(values, values, values, values)
        | st.dictionaries(st.text() | st.integers(-9, 9) | st.tuples(st.text(), st.text()), values)
    ),
)


def load(data: bytes) -> object:
    return load_restricted(data, "file.h5")


@given(PLAIN, st.sampled_from(PROTOCOLS))
def test_plain_values(value: object, protocol: int) -> None:
    assert load(pickle.dumps(value, protocol)) == value


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "array",
    [
        np.arange(35.0).reshape(7, 5),
        np.asfortranarray(np.arange(35, dtype=">f4").reshape(5, 7)),
        np.array([True, False]),
        np.array(["nose", "ä"]),
        np.array(7, np.int16),
        np.zeros((0, 4)),
    ],
    ids=str,
)
def test_arrays(array: np.ndarray, protocol: int) -> None:
    read = load(pickle.dumps(array, protocol))
    assert isinstance(read, np.ndarray) and read.dtype == array.dtype
    np.testing.assert_array_equal(read, array)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_arrays_in_arrays_of_objects(protocol: int) -> None:
    """VideoPose3D's layout: a dict in an array without axes."""
    walk = np.ones((5, 17, 2), np.float32)
    positions = {"S1": {"Walking": [walk, walk]}, "fps": np.float64(50), "name": np.str_("h36m")}
    read = load(pickle.dumps(np.array(positions), protocol))
    assert isinstance(read, np.ndarray) and read.shape == ()
    content = read.item()
    assert (content["fps"], content["name"]) == (50, "h36m")
    assert [array.shape for array in content["S1"]["Walking"]] == [(5, 17, 2)] * 2


def test_numpy_before_2_named_its_modules_otherwise() -> None:
    data = pickle.dumps(np.arange(3), 2)
    assert b"numpy._core.multiarray" in data
    read = load(data.replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    np.testing.assert_array_equal(read, [0, 1, 2])


class Harmful:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_nothing_is_run(tmp_path: Path, protocol: int) -> None:
    with pytest.raises(DataError, match=r"file\.h5: .* but holds .*system, which is not run"):
        load(pickle.dumps([Harmful(tmp_path / "made")], protocol))
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "data",
    [
        b"c__builtin__\neval\n(V1+1\ntR.",
        b"cbuiltins\ngetattr\n.",
        b"\x80\x04\x8c\x05numpy\x8c\x04load\x93.",
        b"cnumpy.core.multiarray\nscalar\n(tR.",
        b"(i__builtin__\nlist\n.",
        b"cnumpy\nndarray\n}Vshape\nK\x05sb.",
        b"\x80\x02]\x81.",
        b"Pperson\n.",
        b"\x82\x01.",
    ],
)
def test_other_functions_are_refused(data: bytes) -> None:
    with pytest.raises(DataError, match=r"^file\.h5: its pickled part must"):
        load(data)


def bomb() -> bytes:
    """Return a pickle of lists in lists, each ten times, which has 10**60 leaves but few values."""
    data = b"]q\x000"
    for i in range(60):
        data += b"](" + (b"h" + bytes([i])) * 10 + b"eq" + bytes([i + 1]) + b"0"
    return data + b"h" + bytes([60]) + b"."


class TextArray:
    """Pickles as an array whose content is a text, as Python 2 wrote them."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __reduce__(self) -> tuple[object, ...]:
        make, arguments, *_ = np.zeros(3).__reduce__()
        return make, arguments, (1, (len(self.text),), np.dtype(np.uint8), False, self.text)


def test_texts_of_python_2_are_read_and_count() -> None:
    assert load(pickle.dumps(TextArray("AB"), 2)).tolist() == [65, 66]
    text = "A" * 10_000
    with pytest.raises(DataError, match="its texts repeat without end"):
        load(pickle.dumps([TextArray(text) for _ in range(100)], 2))


@pytest.mark.parametrize(
    "data",
    [
        b"\x8e" + struct.pack("<Q", 1 << 60) + b"ab.",  # bytes that claim an exabyte
        b"\x96" + struct.pack("<Q", 1 << 40) + b"ab.",
        b"]p99999999999999999999\n.",
        b"(" * 600_000 + b".",  # too many operations
        b"L" + b"9" * 100_000 + b"\n.",
        pickle.dumps(np.zeros(3), 2).replace(
            b"K\x03\x85", b"J\xff\xff\xff\x7f\x85"
        ),  # 2**31 numbers in 24 bytes
    ],
    ids=["bytes", "bytearray", "memory", "operations", "long", "array"],
)
def test_claims_take_no_memory(data: bytes) -> None:
    with pytest.raises(DataError, match=r"^file\.h5: its pickled part must be whole"):
        load(data)


def test_a_value_that_holds_itself_ends() -> None:
    assert isinstance(load(b"]q\x00h\x00a."), list)
    assert load(b"]r" + struct.pack("<I", (1 << 32) - 1) + b".") == []  # kept at a place far away
    load(bomb())


def test_a_key_that_would_take_ages_is_refused() -> None:
    """A tuple that holds itself twice, 60 times over, would be hashed 2**60 times."""
    data = b")q\x00"
    for i in range(60):
        data += (b"h" + bytes([i])) * 2 + b"\x86q" + bytes([i + 1])
    with pytest.raises(DataError, match="a key is no plain value"):
        load(data + b"}h" + bytes([60]) + b"Ns.")


@given(st.binary(max_size=60))
@settings(max_examples=300)
def test_any_bytes_end_in_a_value_or_a_fault(data: bytes) -> None:
    with contextlib.suppress(DataError):
        load(data)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_cut_off_pickles_are_damaged(protocol: int) -> None:
    data = pickle.dumps([("net", "nose", "x"), np.arange(4.0), {"a": 1.5}], protocol)
    for length in range(len(data)):
        with pytest.raises(DataError, match="must be whole"):
            load(data[:length])
