"""Paragraphs into sentences: joins broken lines, cuts after a full stop, and keeps what is one.

A paragraph comes with the line breaks of its file. It knows scripts, and nothing of languages or
of the format that a paragraph came in.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Iterator

CHARS_MIN = 10
CHARS_MAX = 1000

WIDE = "\u2e80-\u2fff\u3000-\u30ff\u3100-\u312f\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef"
"""Characters of the scripts that put no space between words; Hangul is not one."""

_BROKEN_WIDE = re.compile(rf"(?<=[{WIDE}])[ \t\r\f\v]*\n\s*(?=[{WIDE}])")
_SPACE = re.compile(r"\s+")
_UNSEEN = re.compile(
    "[\u0000-\u0008\u000e-\u001f\u007f-\u009f\u00ad\u200b\u200e\u200f\u2060\ufeff¶]"
)
"""Controls, soft hyphens, marks of direction; and the sign that headings of web pages end with."""
_STOP = re.compile(
    rf"""(?P<narrow>[.!?…؟।۔])[)\]"'”’»]*\s+ | [。！？]+(?![。！？」』）”’])""", re.VERBOSE
)
_WORD = re.compile(r"\w")
_LEFT_OVER = re.compile(
    r"&#?\w+;|</?\w+[^<>]*>|\ufffd|%\(?\w*\)?[cdfisux]\b|%\d\b|%[A-Z]{3}|\{\d+\}|\\[fns*]"
)
"""Entities, tags, broken letters, and places that a program fills."""
_ABBREVIATIONS = {
    "al", "bzgl", "bzw", "ca", "cf", "dr", "ej", "etc", "ex", "evtl", "fig", "ggf", "inc", "incl",
    "mr", "mrs", "no", "nr", "num", "op", "pag", "pág", "p.ej", "prof", "resp", "sog", "st", "vgl",
    "vs", "см", "напр", "рис", "стр", "т", "др",
}
_LETTERS_SHARE_MIN = 0.6


def sentences(paragraph: str) -> Iterator[str]:
    """The sentences of a paragraph that are worth keeping, in their order."""
    for sentence in cut(normalised(paragraph)):
        if is_sentence(sentence):
            yield sentence


def normalised(text: str) -> str:
    """The text in NFC, on one line, with single spaces and nothing unseen. A line that broke
    within Chinese or Japanese is joined without a space."""
    text = _UNSEEN.sub("", _BROKEN_WIDE.sub("", text))
    return unicodedata.normalize("NFC", _SPACE.sub(" ", text).strip())


def cut(text: str) -> Iterator[str]:
    """A normalised text, cut where a sentence ends."""
    begin = 0
    for stop in _STOP.finditer(text):
        if stop["narrow"] and not _ends(text, stop):
            continue
        if part := text[begin:stop.end()].strip():
            yield part
        begin = stop.end()
    if rest := text[begin:].strip():
        yield rest


def is_sentence(text: str) -> bool:
    """Whether it has the length of a sentence, is mostly letters, and has no left-over markup."""
    if not CHARS_MIN <= len(text) <= CHARS_MAX or _LEFT_OVER.search(text):
        return False
    return sum(map(_is_letter, text)) >= _LETTERS_SHARE_MIN * len(text.replace(" ", ""))


def _ends(text: str, stop: re.Match[str]) -> bool:
    """Whether a stop before a space ends a sentence: not after a number, an initial or an
    abbreviation, and not before a small letter."""
    following = _WORD.search(text, stop.end())
    if following is None:
        return False
    if following[0].islower() or following[0].isdigit():
        return False
    if stop["narrow"] != ".":
        return True
    before = text[:stop.start()].rsplit(None, 1)[-1] if stop.start() else ""
    if not before or before[-1].isdigit() or before[-1] == ".":
        return False
    stem = before.lstrip("(\"'«“„[").lower()
    if stem in _ABBREVIATIONS or "." in stem and len(stem) <= 4:
        return False
    return len(stem) > 1 or not stem.isascii()


def _is_letter(character: str) -> bool:
    """Letters, and the marks that belong to them in scripts of India and Thailand."""
    return character.isalpha() or unicodedata.category(character)[0] == "M"
