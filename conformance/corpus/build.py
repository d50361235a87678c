"""Makes the corpus: at least a million real sentences in many scripts.

Run it as `python3 build.py --out DIR` on a Debian with up-to-date lists of packages. It needs
nothing but Python, apt-get and dpkg-deb, and no rights; it downloads 350 MB and works for some 7
minutes. `--packages DIR` keeps the packages and takes what is there already, so that a second run
needs no archive.

The sentences come out of documentation packages (`packages.py`): help of LibreOffice and GNOME,
manual pages, guides, references, fortunes, and translations of what programs say. Of each file,
paragraphs are read (`formats.py`), cut into sentences (`sentences.py`), and kept if they look
like the language of the file (`language.py`). No sentence is in the corpus twice.

It writes two files, never into the repository:

    sentences.tsv   a language, a tab and a sentence a line, in an order that is by chance and
                    always the same, so that every part of the file is a fair sample
    MANIFEST.json   packages with versions and what each gave, counts by language, the size and
                    the SHA-256 of the former

What comes out depends on the versions of the packages alone. A package that the release does not
have is named, and left out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any, Iterable

import formats
import language
import packages
from packages import Archive
from sentences import sentences

SENTENCES_MIN = 1_000_000

_REPOSITORY = Path(__file__).resolve().parents[2]
_ORDER = b"comity corpus 1"
"""What the order by chance begins from."""


class Corpus:
    """Sentences, each once, with the language in which it was seen first."""

    def __init__(self) -> None:
        self._languages: dict[str, str] = {}
        self.packages: dict[str, dict[str, Any]] = {}

    def __len__(self) -> int:
        return len(self._languages)

    def take(self, archive: Archive) -> int:
        """Adds what a package says; how many sentences are new."""
        before = len(self)
        with tempfile.TemporaryDirectory(prefix="corpus-") as name:
            archive.unpack(Path(name))
            for path in sorted(path for path in Path(name).rglob("*") if path.is_file()):
                self._take_file(path, PurePosixPath("/") / path.relative_to(name), archive.name)
        added = len(self) - before
        self.packages[archive.name] = {"version": archive.version, "sentences": added}
        return added

    def _take_file(self, path: Path, place: PurePosixPath, package: str) -> None:
        if packages.ONLY.get(package, "") not in str(place):
            return
        bare = place.with_suffix("") if place.suffix in (".gz", ".bz2", ".xz") else place
        tag = language.of_path(bare, packages.language(package))
        if tag == language.OTHER:
            return
        for paragraph in formats.paragraphs(path):
            for sentence in sentences(paragraph):
                if sentence not in self._languages and language.looks_like(tag, sentence):
                    self._languages[sentence] = tag

    def write(self, folder: Path) -> dict[str, Any]:
        """Writes both files; the manifest is what it returns."""
        data = "".join(f"{self._languages[s]}\t{s}\n" for s in shuffled(self._languages)).encode()
        (folder / "sentences.tsv").write_bytes(data)
        manifest = {
            "sentences": len(self),
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "languages": dict(Counter(self._languages.values()).most_common()),
            "packages": self.packages,
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=2)
        (folder / "MANIFEST.json").write_text(text + "\n", encoding="utf-8")
        return manifest


def shuffled(sentences: Iterable[str]) -> list[str]:
    """An order by chance that depends on the sentences alone, not on the order they come in."""
    return sorted(sentences, key=lambda s: hashlib.blake2b(s.encode(), key=_ORDER).digest())


def build(out: Path, kept: Path) -> dict[str, Any]:
    """Makes the corpus from packages in a folder, which are downloaded where they are not there."""
    wanted = packages.names()
    there = packages.found(kept)
    have = packages.known(wanted)
    for name in wanted:
        if name not in have and name not in there:
            print(f"not in this release: {name}", file=sys.stderr)
    archives = packages.download([n for n in wanted if n in have or n in there], kept)
    corpus = Corpus()
    for archive in archives:
        begun = time.monotonic()
        added = corpus.take(archive)
        print(f"{added:8} new  {time.monotonic() - begun:5.1f} s  {archive.name}", flush=True)
    return corpus.write(out)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--out", type=Path, required=True, help="where both files go")
    parser.add_argument("--packages", type=Path, help="keep the packages here, and use those there")
    arguments = parser.parse_args()
    out: Path = arguments.out.resolve()
    if out.is_relative_to(_REPOSITORY):
        parser.error("the corpus is not to lie in the repository")
    out.mkdir(parents=True, exist_ok=True)
    if arguments.packages is not None:
        arguments.packages.mkdir(parents=True, exist_ok=True)
        manifest = build(out, arguments.packages)
    else:
        with tempfile.TemporaryDirectory(prefix="corpus-") as name:
            manifest = build(out, Path(name))
    print({key: value for key, value in manifest.items() if key != "packages"})
    return 0 if manifest["sentences"] >= SENTENCES_MIN else 1


if __name__ == "__main__":
    sys.exit(main())
