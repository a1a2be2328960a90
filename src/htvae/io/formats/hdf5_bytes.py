"""What the bytes of an HDF5 file say before the library reads them, where it trusts them too much.

- A text of any length is stored as its length, up to 4 GiB, and a place in a heap. The library makes room for
  that length before it looks into the heap, so that a damaged length fills the memory.
- A damaged heap (free space of no size) keeps the library busy for ever, also when it opens a dataset that is
  virtual, or whose texts have a fill value.

These functions look first. What they cannot see must not be read.

Source: "HDF5 File Format Specification", version 3: object headers, messages, global heap.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Read = Callable[[int, int], bytes]
"""Return the bytes at an offset; fewer at the end of the file."""
TYPE, FILL, LAYOUT, ATTRIBUTE, CONTINUATION = 0x03, 0x05, 0x08, 0x0C, 0x10
"""Kinds of messages."""
OF_ANY_LENGTH = 9
"""Class of types of any length, such as texts."""
VIRTUAL = 3
"""Layout of a dataset whose content lies in other files."""
_MOST_BLOCKS, _LARGEST_BLOCK, _LARGEST_HEAP = 256, 1 << 20, 1 << 26
_REFERENCE = struct.Struct("<IQI")
"""Length of a text, address of its heap, index in the heap."""
_OBJECT = struct.Struct("<HHIQ")
"""Index of an object in a heap, number of references to it, padding, size."""


def longest_in_dataset(dataset: Any, read: Read) -> int | None:
    """Return the length of the longest text of a dataset of h5py, None where it cannot be seen."""
    created = dataset.id.get_create_plist()
    if dataset.chunks is None:
        offset = dataset.id.get_offset()
        places = [(offset, dataset.size)] if offset is not None else []
    elif created.get_nfilters() or dataset.id.get_num_chunks() > _LARGEST_BLOCK:
        places = []
    else:
        chunks = (dataset.id.get_chunk_info(index) for index in range(dataset.id.get_num_chunks()))
        places = [(chunk.byte_offset, chunk.size // _REFERENCE.size) for chunk in chunks]
    stored = b"".join(read(offset, count * _REFERENCE.size) for offset, count in places)
    if not stored or len(stored) % _REFERENCE.size:
        return None
    return _longest(_REFERENCE.iter_unpack(stored), read)


def longest_in_attribute(address: int, name: str, read: Read) -> int | None:
    """Return the length of the text of an attribute, None where it cannot be seen or is damaged.

    Args:
        address: place of the object header that has the attribute.
        name: name of the attribute.
        read: reads the file.
    """
    try:
        contents = [
            content
            for kind, message in read_messages(address, read)
            if kind == ATTRIBUTE and (content := _attribute_content(message, name.encode())) is not None
        ]
        return _longest([_REFERENCE.unpack_from(content) for content in contents], read)
    except (struct.error, ValueError):
        return None


def find_danger(address: int, read: Read) -> str:
    """Return why the object at an address must not be opened; an empty text for objects that may be."""
    try:
        messages = list(read_messages(address, read))
        if any(kind == LAYOUT and message[0] >= 3 and message[1] == VIRTUAL for kind, message in messages):
            return "must lie in the file, but points at another"
        is_text = any(kind == TYPE and message[0] & 0x0F == OF_ANY_LENGTH for kind, message in messages)
        fills = [_fill_value(message) for kind, message in messages if kind == FILL and is_text]
        references = [_REFERENCE.unpack(fill) for fill in fills if fill]
        if not references or _longest(references, read) is not None:
            return ""
    except (struct.error, ValueError, IndexError):
        pass
    return "must be whole, but is damaged"


def _fill_value(message: bytes) -> bytes:
    """Return the fill value of a message of version 1, 2 or 3; empty for none."""
    if message[0] == 3:
        is_there, start = message[1] & 0x20, 2
    else:
        is_there, start = message[0] == 1 or message[3], 4
    if not is_there:
        return b""
    (size,) = struct.unpack_from("<I", message, start)
    return message[start + 4 : start + 4 + size]


def read_messages(address: int, read: Read) -> Iterator[tuple[int, bytes]]:
    """Yield kind and content of the messages of an object header, of version 1 or 2.

    Raises:
        ValueError, struct.error: it is damaged, or too long.
    """
    head = read(address, 64)
    is_new = head[:4] == b"OHDR"
    if is_new:
        flags = head[5]
        start = 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        width = 1 << (flags & 3)
        blocks = [(address + start + width, int.from_bytes(head[start : start + width], "little"))]
        layout, step = ("<BHB", 6 if flags & 0x04 else 4)
    elif head[:1] == b"\x01":
        blocks = [(address + 16, struct.unpack_from("<I", head, 8)[0])]
        layout, step = ("<HHB", 8)
    else:
        raise ValueError("an unknown object header")
    for count, (offset, size) in enumerate(blocks):  # which grow
        if count > _MOST_BLOCKS or not 0 <= size <= _LARGEST_BLOCK:
            raise ValueError("too long an object header")
        block = read(offset, size)
        place = 0
        while place + step <= len(block):
            kind, length, _ = struct.unpack_from(layout, block, place)
            message = block[place + step : place + step + length]
            place += step + length
            if kind == CONTINUATION:
                further, size = struct.unpack_from("<QQ", message)
                blocks.append((further + 4, size - 8) if is_new else (further, size))
            yield kind, message


def _attribute_content(message: bytes, name: bytes) -> bytes | None:
    """Return the content of an attribute message if the attribute has this name."""
    version, _, name_size, kind_size, space_size = struct.unpack_from("<BBHHH", message)
    start = 9 if version == 3 else 8
    if message[start : start + name_size].rstrip(b"\0") != name:
        return None
    sizes = (name_size, kind_size, space_size)
    return message[start + sum(-(-size // 8) * 8 if version == 1 else size for size in sizes) :]


def _longest(references: Iterable[tuple[int, int, int]], read: Read) -> int | None:
    """Return the greatest length of some references, None for none and for damaged heaps."""
    lengths, heaps = [], set()
    for length, heap, _ in references:
        lengths.append(length)
        if length or heap:
            heaps.add(heap)
    whole = len(heaps) <= _MOST_BLOCKS and all(_is_whole_heap(heap, read) for heap in heaps)
    return max(lengths) if lengths and whole else None


def _is_whole_heap(address: int, read: Read) -> bool:
    """Whether a heap's objects follow each other up to its end."""
    signature, _, size = struct.unpack("<4sIQ", read(address, 16).ljust(16, b"\0"))
    if signature != b"GCOL" or not 16 <= size <= _LARGEST_HEAP:
        return False
    heap = read(address, size)
    place = 16
    while place + _OBJECT.size <= len(heap):
        index, _, _, length = _OBJECT.unpack_from(heap, place)
        if not index and length < _OBJECT.size:
            return False
        place += -(-length // 8) * 8 + (_OBJECT.size if index else 0)
    return place <= len(heap) == size
