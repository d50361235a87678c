"""What clients saw, one JSON object a line: the only thing that the checker reads.

A client writes a line as it sees or does something; nothing here may be written by anybody who
looked inside a node. Times are of the machine's monotonic clock, which all processes of a
scenario share. Texts are written as hashes, so a transcript stays small and says nothing of its
content.

Lines by their `saw`:

    member     device, account, organisation, channel, name, late: the account is in the channel
    ready      device: from here its feed must miss nothing
    connected  device, resumed, resync, polls: a feed begins, or goes on from a cursor
    lost       device, why: a connection ended
    command    device, do, channel, …: somebody asks for a change of a channel
    sent       device, nonce, channel, text, chars, phase ("setup", "load" or "late")
    stored     device, nonce, channel, id: the node has it for good
    refused    device, nonce?, code
    delivered  device, channel, id, organisations, of
    event      device, channel, id, time, sender, kind, text, frame, account?, home?, withdrawn?
    grew       device, channel: older history came
    reread     device, channel, events: what the feed did not bring, read meanwhile
    history    device, channel, way, events: all pages together, oldest first
    detail     device, channel, detail: what the node says of the channel in the end
    fault      name, kind, began, healed, devices, …: written by the scenario, not by a client

A fault's kind is "link", "node", "client" or "rollback", and its devices are those that must have
felt it. A link's fault has `sides`, two lists of organisations that cannot reach each other; a
rollback has the `organisation` whose node came back with an older disk, and when that was
`copied`. `text` is the hash of a text, `frame` of a frame's bytes; each of `events` has the fields
of an event. A device joined `late` where the channel had a past by then.
"""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any, Iterable, Iterator

TRANSIENT = {"rate_limited", "overloaded", "shutting_down", "domain_unreachable", "home_comparing"}
"""Codes of refusals after which the same request has a chance."""

Line = dict[str, Any]


class Transcript:
    """A file that one process writes."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    def write(self, saw: str, **fields: Any) -> None:
        """Adds a line."""
        line = {"at": round(time.monotonic(), 4), "saw": saw, **fields}
        self._file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")

    def flush(self) -> None:
        """Makes what was written visible to readers."""
        self._file.flush()

    def close(self) -> None:
        """Ends the file."""
        self._file.close()


def digest(data: str | bytes) -> str:
    """The hash that stands for a text or a frame."""
    if isinstance(data, str):
        data = data.encode("utf-8")
    return hashlib.sha256(data).hexdigest()[:32]


def read(paths: Iterable[Path]) -> Iterator[Line]:
    """All lines of several transcripts."""
    for path in paths:
        with path.open(encoding="utf-8") as file:
            for text in file:
                yield json.loads(text)
