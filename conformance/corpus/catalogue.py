"""Paragraphs of translations: gettext's catalogues, as text (.po) and compiled (.mo).

Only what is translated counts; what equals its original was forgotten or is a name.
"""

from __future__ import annotations

import ast
import re
import struct
from typing import Iterator

import markup

_MAGIC = 0x950412DE
_ENTRY = re.compile(r'^(msgid|msgid_plural|msgstr(?:\[\d+\])?|msgctxt)?\s*("(?:[^"\\]|\\.)*")\s*$')
_KEY = re.compile(r"^[^_]*_[^\W_][^_]*$|&\w(?!\w*;)")
_LABEL_CHARS_MAX = 60
_CONTEXT = "\x04"

Pair = tuple[str, str]


class Malformed(ValueError):
    """Not a compiled catalogue."""


def paragraphs(pairs: Iterator[Pair]) -> Iterator[str]:
    """What is said in translation, without tags, and without labels that name a key."""
    for original, translation in pairs:
        if len(original) <= _LABEL_CHARS_MAX and _KEY.search(original):
            continue
        for form in translation.split("\0"):
            if form and form not in original.split("\0"):
                yield from markup.paragraphs(form.replace("\n\n", "<p>"))


def compiled(data: bytes) -> Iterator[Pair]:
    """Originals and translations of a .mo file. The head of the catalogue is left out."""
    order = next((o for o in "<>" if data[:4] == struct.pack(o + "I", _MAGIC)), None)
    if order is None:
        raise Malformed("no magic number")
    count, originals, translations = struct.unpack_from(order + "3I", data, 8)
    for index in range(count):
        original = _string(data, order, originals + 8 * index)
        if original:
            yield original.rpartition(_CONTEXT)[2], _string(data, order, translations + 8 * index)


def textual(text: str) -> Iterator[Pair]:
    """Originals and translations of a .po file, fuzzy ones left out."""
    for block in re.split(r"\n\s*\n", text):
        if re.search(r"^#,.*\bfuzzy\b", block, re.MULTILINE):
            continue
        fields: dict[str, str] = {}
        name = ""
        for found in filter(None, map(_ENTRY.match, block.splitlines())):
            name = found[1] or name
            fields[name] = fields.get(name, "") + ast.literal_eval(found[2])
        if original := fields.get("msgid"):
            original += "\0" + fields.get("msgid_plural", "")
            forms = [text for name, text in fields.items() if name.startswith("msgstr")]
            yield original, "\0".join(forms)


def _string(data: bytes, order: str, place: int) -> str:
    length, offset = struct.unpack_from(order + "2I", data, place)
    return data[offset:offset + length].decode("utf-8", "replace")
