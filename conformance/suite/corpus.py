"""Real text in several scripts, from packages of Debian: what people wrote, not what a test made
up.

Every text that comes out is different from every other, so that a text can be told by its hash.
It must not alter the texts beyond taking the markup off; escape sequences and odd spaces are part
of the input.
"""

from __future__ import annotations

import gzip
import html
import random
import re
from pathlib import Path
from typing import Callable, Iterator

from process import Failed

TEXT_CHARS_MAX = 100_000
"""The longest text that a node takes, in Unicode scalar values, as the client API states it."""

_FORTUNES = Path("/usr/share/games/fortunes")
_MANUALS = Path("/usr/share/man/ja")
_GUIDE = Path("/usr/share/doc/installation-guide-amd64/ko")
_SHORT_CHARS_MAX = 4_000


class Corpus:
    """Texts by language, shuffled by seed; each short one is handed out once, and when all are,
    pairs of them."""

    def __init__(self, texts: dict[str, list[str]], chance: random.Random) -> None:
        self._texts = texts
        self._left = {language: list(found) for language, found in texts.items()}
        self._chance = chance
        self._pairs: set[str] = set()

    def short(self) -> str:
        """The next text of a language drawn at random."""
        languages = [name for name, left in self._left.items() if left]
        if not languages:
            return self._pair()
        return self._left[self._chance.choice(languages)].pop()

    def _pair(self) -> str:
        """Two short texts of one language as one, different from all before."""
        while True:
            pool = self._texts[self._chance.choice(list(self._texts))]
            text = "\n\n".join(self._chance.sample(pool, 2))
            if text not in self._pairs:
                self._pairs.add(text)
                return text

    def long(self, language: str, chars: int) -> str:
        """A text of exactly `chars` characters, put together from texts of one language."""
        pool = self._texts[language]
        parts: list[str] = []
        length = 0
        while length < chars:
            parts.append(self._chance.choice(pool))
            length += len(parts[-1]) + 2
        text = "\n\n".join(parts)[:chars]
        # The cut may leave white space at the end; nobody strips it, but it reads better without.
        return text if not text[-1].isspace() else text[:-1] + "."


def load(seed: int) -> Corpus:
    """Reads all sources."""
    chance = random.Random(seed)
    sources: dict[str, Callable[[], Iterator[str]]] = {
        "Chinese": _chinese,
        "English": _english,
        "Japanese": _japanese,
        "Korean": _korean,
        "Russian": _russian,
    }
    seen: set[str] = set()
    texts: dict[str, list[str]] = {}
    for language, read in sources.items():
        found = [text for text in read() if text.strip()]
        texts[language] = []
        for text in found:
            if len(text) <= _SHORT_CHARS_MAX and text not in seen:
                seen.add(text)
                texts[language].append(text)
        if not texts[language]:
            raise Failed(f"no text in {language}; install {_PACKAGES[language]}")
        chance.shuffle(texts[language])
    return Corpus(texts, chance)


def _english() -> Iterator[str]:
    for name in ("fortunes", "literature", "computers", "science", "people", "wisdom", "riddles"):
        yield from _fortunes(_FORTUNES / name)


def _chinese() -> Iterator[str]:
    for name in ("chinese", "tang300", "song100"):
        yield from _fortunes(_FORTUNES / name)


def _russian() -> Iterator[str]:
    for path in sorted((_FORTUNES / "ru").glob("200[1-4].??")):
        yield from _fortunes(path)


def _japanese() -> Iterator[str]:
    for path in sorted(_MANUALS.glob("man1/*.gz"))[:150]:
        text = _decode(gzip.decompress(path.read_bytes()))
        body = "\n".join(line for line in text.splitlines() if not line.startswith((".", "'")))
        for paragraph in re.split(r"\n\s*\n|\n(?=\\fB)", body):
            if re.search("[\u3041-\u30ff]", paragraph):
                yield re.sub(r"\\f.|\\", "", paragraph).strip()


def _korean() -> Iterator[str]:
    for path in sorted(_GUIDE.glob("*.html")):
        text = _decode(path.read_bytes())
        body = text.split("<body", 1)[-1]
        for block in re.split(r"</?(?:p|h\d|li|td|dd|dt|pre|div)\b[^>]*>", body):
            plain = html.unescape(re.sub(r"<[^>]*>", "", block)).strip()
            if re.search("[\uac00-\ud7a3]", plain) and len(plain) > 8:
                yield plain


def _fortunes(path: Path) -> Iterator[str]:
    if path.exists():
        for text in _decode(path.read_bytes()).split("\n%\n"):
            yield text.strip("\n")


def _decode(data: bytes) -> str:
    for encoding in ("utf-8", "euc_jp", "latin-1"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AssertionError("latin-1 decodes everything")


_PACKAGES = {
    "Chinese": "fortunes-zh",
    "English": "fortunes",
    "Japanese": "manpages-ja",
    "Korean": "installation-guide-amd64",
    "Russian": "fortunes-ru",
}
