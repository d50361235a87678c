"""Checks the queries against a corpus: `python3 check_queries.py DIR/sentences.tsv`.

Each query must have enough sentences that count, in its own language among them, and not so many
that a list of results could not hold them. It prints how many each has. Sentences of all languages
count: a search does not know in which language somebody asks.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, Iterator

from relevance import compiled, folded

QUERIES = Path(__file__).resolve().parent / "queries.tsv"
RELEVANT_MIN = 3
RELEVANT_MAX = 5_000
QUERIES_A_LANGUAGE = 25
LANGUAGES = ("de", "en", "es", "fr", "ja", "ko", "ru", "zh")

_ESCAPED = re.compile(r"\\(\W)")
_SPECIAL = re.compile(r"[\\.^$*+?{}\[\]()|]")


@dataclass(frozen=True)
class Query:
    """What somebody types, and what an answer must contain."""

    language: str
    text: str
    pattern: str


Counts = Counter[Query]


def read(path: Path = QUERIES) -> list[Query]:
    """The queries of a file; lines that begin with `#` explain it."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Query(*line.split("\t")) for line in lines if line and not line.startswith("#")]


def lines(path: Path) -> Iterator[tuple[str, str]]:
    """Languages and sentences of a corpus."""
    with path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            language, _, sentence = line.rstrip("\n").partition("\t")
            yield language, sentence


def count(queries: list[Query], corpus: Iterable[tuple[str, str]]) -> tuple[Counts, Counts]:
    """How many sentences count for each query: in all languages, and in its own."""
    everywhere: Counts = Counter()
    at_home: Counts = Counter()
    patterns = [(query, literal_of(query.pattern), compiled(query.pattern)) for query in queries]
    for language, sentence in corpus:
        text = folded(sentence)
        for query, literal, pattern in patterns:
            if literal in text and pattern.search(text):
                everywhere[query] += 1
                at_home[query] += language.startswith(query.language)
    return everywhere, at_home


def complaints(queries: list[Query], everywhere: Counts, at_home: Counts) -> Iterator[str]:
    """What is wrong with the queries."""
    for language in LANGUAGES:
        if (have := sum(q.language == language for q in queries)) != QUERIES_A_LANGUAGE:
            yield f"{language} has {have} queries, not {QUERIES_A_LANGUAGE}"
    for (language, text), number in Counter((q.language, q.text) for q in queries).items():
        if number > 1:
            yield f"{language} {text} is there {number} times"
    for query in queries:
        if at_home[query] < RELEVANT_MIN:
            yield f"{query.language} {query.text} has {at_home[query]} sentences of its language"
        if everywhere[query] > RELEVANT_MAX:
            yield f"{query.language} {query.text} has {everywhere[query]} sentences"


def literal_of(pattern: str) -> str:
    """What every match contains, which is quicker to look for: all of a pattern that is a word
    between bounds, nothing of others."""
    literal = _ESCAPED.sub(r"\1", pattern.replace(r"\b", ""))
    return "" if _SPECIAL.search(_ESCAPED.sub("", pattern.replace(r"\b", ""))) else folded(literal)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":", 1)[0])
    parser.add_argument("corpus", type=Path, help="the sentences.tsv that build.py wrote")
    queries = read()
    everywhere, at_home = count(queries, lines(parser.parse_args().corpus))
    for query in queries:
        print(f"{everywhere[query]:6} {at_home[query]:6}  {query.language}  {query.text}")
    found = list(complaints(queries, everywhere, at_home))
    for one in found:
        print(one, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
