"""Deterministic CBOR (RFC 8949 section 4.2.1), as much of it as the protocol uses, and its
diagnostic notation. Refuses whatever is not the one encoding of a value."""

import json

DEPTH_MAX = 16


class NotDeterministic(Exception):
    """Well-formed, but not the one encoding."""


class Malformed(Exception):
    """Not CBOR, or of a type that the protocol does not have."""


def encode(value):
    """The one encoding of a value. Maps are dicts; their keys are sorted here."""
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return _head(0, value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        data = value.encode()
        return _head(3, len(data)) + data
    if isinstance(value, (list, tuple)):
        return _head(4, len(value)) + b"".join(map(encode, value))
    pairs = sorted((encode(key), encode(item)) for key, item in value.items())
    return _head(5, len(pairs)) + b"".join(key + item for key, item in pairs)


def decode(data):
    """The value of which these bytes are the one encoding. Arrays come back as tuples."""
    value, at = _item(data, 0, 0)
    if at != len(data):
        raise NotDeterministic("bytes after the end")
    if encode(value) != data:
        raise NotDeterministic("keys out of order")
    return value


def diagnostic(value):
    """The value in diagnostic notation."""
    if value is None or isinstance(value, (bool, int, str)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bytes):
        return f"h'{value.hex()}'"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(diagnostic, value)) + "]"
    pairs = (f"{diagnostic(key)}: {diagnostic(item)}" for key, item in value.items())
    return "{" + ", ".join(pairs) + "}"


def _head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    for extra, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * size:
            return bytes([major << 5 | extra]) + number.to_bytes(size, "big")
    raise Malformed("an integer of more than 64 bits")


def _item(data, at, depth):
    if depth > DEPTH_MAX:
        raise Malformed("too deep")
    start, major, number, at = _read_head(data, at)
    if major == 7:
        return _simple(data[start]), at
    if major == 0:
        return number, at
    if major in (2, 3):
        if number > len(data) - at:
            raise Malformed("cut off")
        part = data[at : at + number]
        return (part if major == 2 else _text(part)), at + number
    if major == 4:
        items = []
        for _ in range(min(number, len(data))):
            item, at = _item(data, at, depth + 1)
            items.append(item)
        return tuple(items), at
    if major == 5:
        return _map(data, at, number, depth)
    raise Malformed("a type that the protocol does not have")


def _map(data, at, count, depth):
    pairs = {}
    for _ in range(min(count, len(data))):
        key, at = _item(data, at, depth + 1)
        item, at = _item(data, at, depth + 1)
        if key in pairs:
            raise NotDeterministic("a key twice")
        pairs[key] = item
    return pairs, at


def _read_head(data, at):
    if at >= len(data):
        raise Malformed("cut off")
    start, first = at, data[at]
    major, extra = first >> 5, first & 31
    at += 1
    if extra == 31 and major in (2, 3, 4, 5):
        raise NotDeterministic("an indefinite length")
    if extra < 24:
        return start, major, extra, at
    if extra > 27 or major == 7:
        raise Malformed("no such item")
    size = 1 << extra - 24
    if at + size > len(data):
        raise Malformed("cut off")
    number = int.from_bytes(data[at : at + size], "big")
    if len(_head(major, number)) != 1 + size:
        raise NotDeterministic("an integer that is not in its shortest form")
    return start, major, number, at + size


def _simple(first):
    values = {0xF4: False, 0xF5: True, 0xF6: None}
    if first not in values:
        raise Malformed("a simple value or a float")
    return values[first]


def _text(data):
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Malformed("a text that is not UTF-8") from error
