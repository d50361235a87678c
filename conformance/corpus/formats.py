"""Which reader a file of a package needs. Knows names and compressions, not what is inside."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
from pathlib import Path, PurePosixPath
from typing import Callable, Iterable, Iterator

import catalogue
import manual
import markup
import plain

Reader = Callable[[bytes], Iterable[str]]

BYTES_MAX = 8 * 1024 * 1024
"""Larger files are generated references and indices."""

_PACKED: dict[str, Callable[[bytes], bytes]] = {
    ".bz2": bz2.decompress, ".gz": gzip.decompress, ".xz": lzma.decompress,
}
_UNREAD = re.compile(
    # Copies of what is read as HTML, and what is no document.
    r"/_sources/|/_static/|/genindex|/changelog|/NEWS|/copyright$|/search\.html$|/licen[cs]e"
    r"|/examples/|/doc-base/|/lintian/|/\.build-id/", re.IGNORECASE
)
_MANUAL = re.compile(r"/man/(?:.*/)?man\d\w*/[^/]+\.\d\w*$")
_FORTUNES = re.compile(r"/games/fortunes/(?:.*/)?[\w-]+(?:\.fortunes)?$")


def reader(path: PurePosixPath) -> Reader | None:
    """What reads a file, named without the ending of its compression; nothing for what has no
    prose."""
    text = str(path)
    if _UNREAD.search(text):
        return None
    if _MANUAL.search(text):
        return lambda data: manual.paragraphs(_text(data))
    if path.suffix in (".html", ".htm", ".xhtml", ".docbook", ".page", ".xml"):
        return lambda data: markup.paragraphs(markup.decoded(data))
    if path.suffix == ".mo":
        return lambda data: catalogue.paragraphs(catalogue.compiled(data))
    if path.suffix == ".po":
        return lambda data: catalogue.paragraphs(catalogue.textual(_text(data)))
    if path.suffix == ".txt" or _FORTUNES.search(text):
        return lambda data: plain.paragraphs(_text(data))
    return None


def paragraphs(path: Path) -> Iterator[str]:
    """All paragraphs of a file; none where it is of no known format, or too large."""
    bare = path.with_suffix("") if path.suffix in _PACKED else path
    read = reader(PurePosixPath(bare))
    if read is None or path.is_symlink() or not path.is_file():
        return
    if path.stat().st_size > BYTES_MAX:
        return
    data = path.read_bytes()
    if path.suffix in _PACKED:
        data = _PACKED[path.suffix](data)
    try:
        yield from read(data)
    except catalogue.Malformed:
        return


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
