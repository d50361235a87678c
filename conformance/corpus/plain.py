"""Paragraphs of plain text: what stands between empty lines, or between the marks of fortunes."""

from __future__ import annotations

import re
from typing import Iterator

_GAP = re.compile(
    r"\n(?:[ \t]*\n|%\n|[ \t]*[-=~_*#]{3,}[ \t]*\n)+|\n(?=[ \t]*(?:[-*•]|\d+[.)])[ \t])"
)
_COLOUR = re.compile(r"\x1b\[[\d;]*m|\x08.")
_TABLE = re.compile(r"\S(?: {3,}|\t+)\S")


def paragraphs(text: str) -> Iterator[str]:
    """The paragraphs of a text, without those that are set as tables."""
    for part in _GAP.split(_COLOUR.sub("", text.replace("\r\n", "\n"))):
        if part.strip() and not _TABLE.search(part):
            yield part
