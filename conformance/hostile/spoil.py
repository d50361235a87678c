"""Breaks a structure in each of its places, so that it is not one any more: every value of another
type, an element too many in every array, every id and hash a byte too long. What comes out is as
deterministic as what went in; it must not know what a structure means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Iterator

import paths  # noqa: F401  # makes the next one importable
import cbor

_FRAMES = Path(__file__).resolve().parents[1] / "vectors" / "frames.json"
_FIXED_SIZES = (16, 32)
"""Sizes of what has one size: ids, hashes, salts, blinds."""


def frames() -> dict[int, list[tuple[str, Any]]]:
    """The frames of the vectors by their numbers, each with its name."""
    found: dict[int, list[tuple[str, Any]]] = {}
    for case in json.loads(_FRAMES.read_text(encoding="utf-8"))["cases"]:
        value = cbor.decode(bytes.fromhex(case["hex"]))
        found.setdefault(value[0], []).append((case["name"], value))
    return found


def spoilt(value: Any) -> Iterator[tuple[str, Any]]:
    """Every way to break a value, each with where it is broken."""
    for where, change in _changes(value):
        yield where, change
    for key, item in _items(value):
        for where, change in spoilt(item):
            yield f"{key}.{where}", _with(value, key, change)


def _items(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, (tuple, list)) else []


def _changes(value: Any) -> Iterator[tuple[str, Any]]:
    if value is None:
        return
    # 0 may stand for a text, the name of a type, but nowhere 1, nor bytes for an integer.
    yield "another type", b"\0" if isinstance(value, (int, bool)) else 1
    if isinstance(value, (tuple, list)):
        yield "one too many", (*value, None)
    if isinstance(value, dict):
        yield "an unknown key", {**value, 99: 0}
    if isinstance(value, bytes) and len(value) in _FIXED_SIZES:
        yield "a byte too long", value + b"\0"
        yield "a byte too short", value[:-1]


def _with(value: Any, key: Any, item: Any) -> Any:
    """A copy in which one item is another."""
    if isinstance(value, dict):
        return {**value, key: item}
    return (*value[:key], item, *value[key + 1 :])
