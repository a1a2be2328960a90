"""Plain values from a pickle, without running it.

- Pickles are programs: Python's own reader calls what a file names. This one is a machine of its own, which
  builds None, numbers, texts, bytes, lists, tuples, dicts and numpy arrays, and knows nothing else.
- Names in a file are looked up in a table of the few functions that make arrays (`unpickled_arrays`). Any
  other name is refused; none is imported.
- Memory is bounded: lengths are checked against the data, arrays are views of it, and operations are counted.

Source: the operations as Python's ``pickletools`` documents them; protocols 0 to 5.
"""

import pickletools
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from htvae.io.faults import DataError
from htvae.io.formats.unpickled_arrays import KNOWN, Known, Pending
from htvae.utils.text import shorten

MOST_OPERATIONS = 500_000
"""Most operations of a pickle, and most elements of its lists that become arrays."""
_MARK = object()
_TUPLE_SIZES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_WITH_VALUE = (
    "INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT "
    "STRING BINSTRING SHORT_BINSTRING BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8 "
    "UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8"
).split()
_IGNORED = ("PROTO", "FRAME")


def load_restricted(data: bytes, shown: str) -> object:
    """Return the value of a pickle that holds plain values and numpy arrays only. Nothing in it is run.

    Values that a file refers to several times are shared, and may hold themselves: look only at the kinds
    that you expect, and never recurse without a limit. Arrays may be read-only.

    Args:
        data: the pickle.
        shown: name of the file in messages.

    Raises:
        DataError: the pickle is damaged, or holds anything else.
    """
    try:
        return _Machine(most_bytes=2 * len(data)).run(data)
    except DataError as error:
        raise DataError([f"{shown}: {fault}" for fault in error.faults]) from error
    except (ValueError, TypeError, LookupError, OverflowError, struct.error) as error:
        raise DataError(
            [f"{shown}: its pickled part must be whole, but is not ({shorten(str(error))}). Copy it again."]
        ) from error


class _Machine:
    """The stack and the memory of a pickle."""

    def __init__(self, most_bytes: int) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.num_elements = 0
        self.num_bytes = 0
        self.most_bytes = most_bytes

    def run(self, data: bytes) -> object:
        """Return the value on the stack at the end."""
        for count, (operation, argument, _) in enumerate(pickletools.genops(data)):
            if count + self.num_elements > MOST_OPERATIONS:
                raise ValueError(f"more than {MOST_OPERATIONS:,} values")
            name = operation.name
            if name == "STOP":
                break
            if name in _WITH_VALUE:
                self.stack.append(argument)
            elif name in _CONSTANTS:
                self.stack.append(_CONSTANTS[name])
            elif name in _TUPLE_SIZES:
                self.stack.append(tuple(self._take(_TUPLE_SIZES[name])))
            elif name in _OPERATIONS:
                _OPERATIONS[name](self, argument)
            elif name not in _IGNORED:
                raise _unknown(f"operation {name}")
        (value,) = self.stack
        return value

    def _take(self, count: int) -> list[Any]:
        if len(self.stack) < count:
            raise ValueError("a value is absent")
        start = len(self.stack) - count
        taken = self.stack[start:]
        del self.stack[start:]
        if any(value is _MARK for value in taken):
            raise ValueError("a value is absent")
        return taken

    def _take_marked(self) -> list[Any]:
        place = len(self.stack) - 1
        while self.stack[place] is not _MARK:
            if not place:
                raise ValueError("a mark is absent")
            place -= 1
        taken = self.stack[place + 1 :]
        del self.stack[place:]
        return taken

    def _top(self, kind: type) -> Any:
        top = self.stack[-1]
        if type(top) is not kind:
            raise ValueError(f"a {kind.__name__} is absent")
        return top

    def mark(self, _: Any) -> None:
        self.stack.append(_MARK)

    def pop(self, _: Any) -> None:
        self.stack.pop()

    def pop_mark(self, _: Any) -> None:
        self._take_marked()

    def duplicate(self, _: Any) -> None:
        self.stack.append(self.stack[-1])

    def put(self, key: int | None) -> None:
        key = len(self.memo) if key is None else key
        if not 0 <= key < 2**32:
            raise ValueError("a reference is unknown")
        self.memo[key] = self.stack[-1]
        if isinstance(self.stack[-1], Pending):
            self.stack[-1].keys.append(key)

    def get(self, key: int) -> None:
        self.stack.append(self.memo[key])

    def make_list(self, _: Any) -> None:
        self.stack.append(self._take_marked())

    def make_tuple(self, _: Any) -> None:
        self.stack.append(tuple(self._take_marked()))

    def make_dict(self, _: Any) -> None:
        items = self._take_marked()
        self.stack.append({})
        self._set_items(items)

    def empty_list(self, _: Any) -> None:
        self.stack.append([])

    def empty_dict(self, _: Any) -> None:
        self.stack.append({})

    def append(self, _: Any) -> None:
        (value,) = self._take(1)
        self._top(list).append(value)

    def appends(self, _: Any) -> None:
        values = self._take_marked()
        self._top(list).extend(values)

    def set_item(self, _: Any) -> None:
        self._set_items(self._take(2))

    def set_items(self, _: Any) -> None:
        self._set_items(self._take_marked())

    def _set_items(self, items: list[Any]) -> None:
        target = self._top(dict)
        for key, value in zip(items[::2], items[1::2], strict=True):
            parts = key if type(key) is tuple else (key,)
            if not all(_is_key(part) for part in parts):
                raise ValueError("a key is no plain value")
            target[key] = value

    def find(self, name: str | None) -> None:
        """Push numpy's function of a name: ``module function``, or two texts on the stack."""
        if name is None:
            module, function = self._take(2)
            name = f"{module} {function}" if isinstance(module, str) and isinstance(function, str) else ""
        if name not in KNOWN:
            raise _unknown(name.replace(" ", "."))
        self.stack.append(KNOWN[name])

    def call(self, _: Any) -> None:
        known, arguments = self._take(2)
        if not isinstance(known, Known) or not isinstance(arguments, tuple):
            raise ValueError("a function is absent")
        value = known.make(*arguments)
        self._count_bytes(len(value) if isinstance(value, bytes) else 0)
        self.stack.append(value)

    def _count_bytes(self, count: int) -> None:
        self.num_bytes += count
        if self.num_bytes > self.most_bytes:
            raise ValueError("its texts repeat without end")

    def set_state(self, _: Any) -> None:
        """Replace an array or a kind of numbers, here and in the memory, by what the state makes of it."""
        pending, state = self._take(2)
        if not isinstance(pending, Pending) or not isinstance(state, tuple):
            raise ValueError("a state is unknown")
        value = pending.build(*state)
        if isinstance(value, np.ndarray) and value.dtype == object:
            self.num_elements += value.size
        elif isinstance(value, np.ndarray):
            self._count_bytes(value.nbytes)
        self.stack.append(value)
        for key in pending.keys:
            self.memo[key] = value


def _is_key(value: object) -> bool:
    """Whether a value may be a key: large numbers may be chosen so that a dict becomes slow."""
    return isinstance(value, str | bytes | float | None) or (isinstance(value, int) and abs(value) < 2**32)


def _unknown(what: str) -> DataError:
    return DataError(
        [
            f"its pickled part must hold numbers, texts and arrays only, but holds {shorten(what)}, which is "
            "not run. Export the file in another format, e.g. as CSV."
        ]
    )


_OPERATIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "MARK": _Machine.mark,
    "POP": _Machine.pop,
    "POP_MARK": _Machine.pop_mark,
    "DUP": _Machine.duplicate,
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), _Machine.put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.get),
    "LIST": _Machine.make_list,
    "TUPLE": _Machine.make_tuple,
    "DICT": _Machine.make_dict,
    "EMPTY_LIST": _Machine.empty_list,
    "EMPTY_DICT": _Machine.empty_dict,
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    **dict.fromkeys(("GLOBAL", "STACK_GLOBAL"), _Machine.find),
    "REDUCE": _Machine.call,
    "BUILD": _Machine.set_state,
}
