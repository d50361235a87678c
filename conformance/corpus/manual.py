"""Paragraphs of manual pages in roff with the macros of man(7).

Reads the few requests that pages are written with; listings and tables are left out, and so are
pages in mdoc(7), whose macros make up half of each sentence.
"""

from __future__ import annotations

import re
from typing import Iterator

_BREAKS = {
    "br", "HP", "IP", "LP", "P", "PD", "PP", "RE", "RS", "sp", "TP", "TQ", "ce", "in", "ti", "UR",
    "MT",
}
_HEADS = {"SH", "SS", "TH"}
_ALTERNATING = {"BI", "BR", "IB", "IR", "RB", "RI"}
_FONTS = {"B", "I", "R", "SB", "SM"} | _ALTERNATING
_SKIPS = {"EX": "EE", "nf": "fi", "TS": "TE", "EQ": "EN", "de": ".", "ig": "."}
_TERM = "TP"

_MDOC = re.compile(r"^\.(?:Dd|Sh|Nm)\b", re.MULTILINE)
_ARGUMENT = re.compile(r'"((?:[^"]|"")*)"?|(\S+)')
_ESCAPE = re.compile(
    r"""\\(?: f\[[^\]]*\] | f\(.. | f. | s[+-]?\d+ | [smn]\[[^\]]*\] | k. | n\(..
    | [hvw]'[^']*' | \*\[(?P<string>[^\]]*)\] | \*\((?P<string2>..) | \*(?P<string1>.)
    | \[(?P<long>[^\]]*)\] | \((?P<two>..) | (?P<one>.) )""",
    re.VERBOSE,
)
_COMMENT = re.compile(r'\\["#].*')
_NAMED = {
    "aq": "'", "bu": "•", "co": "©", "cq": "’", "dq": '"', "em": "—", "en": "–", "ga": "`",
    "ha": "^", "hy": "-", "lq": "“", "mc": "µ", "mi": "-", "mu": "×", "oq": "‘", "R": "®",
    "rg": "®", "rq": "”", "rs": "\\", "ti": "~", "Tm": "™", "tm": "™", "Fo": "«", "Fc": "»",
    "->": "→", "<=": "≤", ">=": "≥", "+-": "±", "ss": "ß", "Bq": "„", "at": "@", "sh": "#",
    "ua": "↑", "da": "↓", "<-": "←", "!=": "≠", "de": "°", "lB": "[", "rB": "]", "la": "⟨",
    "ra": "⟩", "ba": "|", "or": "|", "sl": "/", "Eu": "€", "Do": "$", "12": "½", "*m": "μ",
}
_ACCENTS = {
    "'": "\u0301", "`": "\u0300", "^": "\u0302", ":": "\u0308", "~": "\u0303", ",": "\u0327",
    "o": "\u030a", "v": "\u030c",
}
_SINGLE = {"-": "-", "e": "\\", " ": " ", "~": " ", "0": " ", "'": "'", "`": "`", ".": ".",
           "\\": "\\"}


def paragraphs(text: str) -> Iterator[str]:
    """The paragraphs of a page, without headings and without the terms of lists."""
    if _MDOC.search(text):
        return
    lines: list[str] = []
    skipped_to, is_term = "", False
    for line in text.splitlines():
        name, rest = _request(line)
        if skipped_to:
            if line.startswith("." + skipped_to):
                skipped_to = ""
            continue
        said = _said(name, rest, line)
        if name in _SKIPS or name in _BREAKS or name in _HEADS or said == "":
            if lines:
                yield "\n".join(lines)
            lines = []
            skipped_to = _SKIPS.get(name, "")
            is_term = name == _TERM
        elif said is not None and is_term:
            is_term = False
        elif said is not None:
            lines.append(said)
    if lines:
        yield "\n".join(lines)


def _request(line: str) -> tuple[str, str]:
    """The name of a line's request and what follows it; no name where the line is text."""
    if not line.startswith((".", "'")):
        return "", line
    name, _, rest = line[1:].strip().partition(" ")
    return name, rest


def _said(name: str, rest: str, line: str) -> str | None:
    """What a line adds to a paragraph; nothing where it is a request that says nothing."""
    if name in _FONTS:
        words = [quoted or bare for quoted, bare in _ARGUMENT.findall(_COMMENT.sub("", rest))]
        return plain(("" if name in _ALTERNATING else " ").join(words))
    if not name and not line.startswith((".", "'")):
        return plain(_COMMENT.sub("", line))
    return None


def plain(text: str) -> str:
    """The text without escapes."""
    return _ESCAPE.sub(_shown, text)


def _shown(escape: re.Match[str]) -> str:
    if escape["one"]:
        return _SINGLE.get(escape["one"], "")
    name = escape["long"] or escape["two"] or escape["string"] or escape["string2"]
    if name and re.fullmatch(r"u[0-9A-F]{4,5}", name):
        return chr(int(name[1:], 16))
    if name and len(name) == 2 and name not in _NAMED and name[0] in _ACCENTS:
        return name[1] + _ACCENTS[name[0]]
    return _NAMED.get(name or escape["string1"] or "", "")
