"""What a search must find: the definition against which recall is measured.

A query's pattern is a regular expression that is looked for in the folded sentence. Folding makes
compatible characters the same (full and half width, ligatures, circled digits), takes the marks off
letters and makes letters small: "É", "é" and "e" are one, and so are "Ё" and "Е", "й" and "и". The
voice marks of kana are part of the letter and stay, and so do the letters of a syllable of Hangul.
"""

from __future__ import annotations

import functools
import re
import unicodedata

_VOICE_MARKS = "\u3099\u309a"


def relevant(sentence: str, pattern: str) -> bool:
    """Whether a sentence counts as an answer to the query that has this pattern. The pattern may
    be written with accents; it is folded as well."""
    return compiled(pattern).search(folded(sentence)) is not None


def folded(text: str) -> str:
    """NFKD without combining marks but for kana's voice marks, put together again by NFC, in small
    letters."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text)
    kept = (c for c in parts if not unicodedata.combining(c) or c in _VOICE_MARKS)
    return unicodedata.normalize("NFC", "".join(kept)).lower()


@functools.cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern as it is looked for in folded sentences."""
    return re.compile(_without_marks(pattern), re.IGNORECASE)


def _without_marks(pattern: str) -> str:
    """A pattern with folded letters. Its case stays: `\\B` is not `\\b`."""
    parts = unicodedata.normalize("NFD", pattern)
    kept = (c for c in parts if not unicodedata.combining(c) or c in _VOICE_MARKS)
    return unicodedata.normalize("NFC", "".join(kept))
