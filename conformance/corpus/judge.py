"""Says which sentences of a corpus each query should find: `python3 judge.py SENTENCES COUNT`.

A line for each query: its text, a tab, and the numbers of the sentences among the first COUNT that
count as answers, from 0. It knows nothing of how anything is searched.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

from check_queries import lines, literal_of, read
from relevance import compiled, folded


def main() -> int:
    corpus, count = Path(sys.argv[1]), int(sys.argv[2])
    queries = [(query.text, literal_of(query.pattern), compiled(query.pattern)) for query in read()]
    relevant: list[list[int]] = [[] for _ in queries]
    for number, (_, sentence) in enumerate(itertools.islice(lines(corpus), count)):
        text = folded(sentence)
        for (_, word, pattern), numbers in zip(queries, relevant):
            if word in text and pattern.search(text):
                numbers.append(number)
    for (query, _, _), numbers in zip(queries, relevant):
        print(query, " ".join(map(str, numbers)), sep="\t")
    return 0


if __name__ == "__main__":
    sys.exit(main())
