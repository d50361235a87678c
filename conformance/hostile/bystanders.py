"""People who go on talking while somebody lies: two of the attacked node's own users with each
other, and one of them with a user of an honest partner's node.

    bystanders.py ACME_URL GLOBEX_URL

A program of its own, so that whoever lies does not slow it. Each text is answered by who sees it.
A line on standard input ends a phase: what is still under way is waited for, and one line says how
many texts were said, seen and answered, and how long they took; then the next phase begins. At the
end of the input it ends. It must not know why it runs."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import paths  # noqa: F401  # makes the next two importable
from client import Http, Refused
from people import Device, Person, Unmet, sign_up

_PAUSE_S = 0.1
"""Between two texts of one pair."""
_SEEN_S_MAX = 30.0
"""How long the last texts of a phase may take."""
_ANSWER = "yes, "


@dataclass
class Talk:
    """Two people in a channel: one speaks, the other answers."""

    name: str
    channel: str
    speaker: Device
    listener: Device
    said: dict[str, float] = field(default_factory=dict)
    delays: dict[str, float] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    twice: int = 0
    refused: list[str] = field(default_factory=list)
    _count: int = 0

    async def say(self) -> None:
        """Says the next text."""
        self._count += 1
        text = f"{self.name} {self._count}"
        self.said[text] = _now()
        try:
            await self.speaker.send(self.channel, text)
        except (Refused, Unmet) as no:
            self.refused.append(str(no))

    async def listen(self) -> None:
        """Answers what it hears, for ever."""
        answers: set[asyncio.Task[None]] = set()
        async for text in _texts(self.listener, self.channel):
            if text not in self.said:
                continue
            if text in self.delays:
                self.twice += 1
                continue
            self.delays[text] = _now() - self.said[text]
            answer = asyncio.create_task(self._answer(text))
            answers.add(answer)
            answer.add_done_callback(answers.discard)

    async def hear_answers(self) -> None:
        """Notes which texts were answered, for ever."""
        async for text in _texts(self.speaker, self.channel):
            if text.startswith(_ANSWER) and text.removeprefix(_ANSWER) in self.said:
                self.answered.add(text.removeprefix(_ANSWER))

    async def _answer(self, text: str) -> None:
        try:
            await self.listener.send(self.channel, _ANSWER + text)
        except (Refused, Unmet) as no:
            self.refused.append(str(no))

    @property
    def is_done(self) -> bool:
        """Whether all that was said was seen and answered."""
        return len(self.delays) == len(self.said) == len(self.answered)

    def report(self) -> dict[str, Any]:
        """What came of the phase; the next begins."""
        report = {
            "talk": self.name, "said": len(self.said), "seen": len(self.delays),
            "answered": len(self.answered), "twice": self.twice, "refused": self.refused[:5],
            "median_ms": round(statistics.median(self.delays.values() or [0.0]) * 1000, 2),
            "slowest_ms": round(max(self.delays.values(), default=0.0) * 1000, 1),
            "delays": [
                [self.said[text], round(delay * 1000, 1)] for text, delay in self.delays.items()
            ],
        }
        self.said, self.delays, self.answered = {}, {}, set()
        self.twice, self.refused = 0, []
        return report


async def _texts(device: Device, channel: str) -> Any:
    """The texts that come to a device in a channel."""
    while True:
        frames, device.frames[:] = list(device.frames), []
        for frame in frames:
            if frame.get("channel") == channel and frame["type"] == "event":
                yield str(frame["event"].get("text", ""))
            elif frame["type"] in ("closed", "goodbye"):
                raise AssertionError(f"{device} was put out: {frame}")
        device._came.clear()
        if not device.frames:
            await device._came.wait()


async def _run(acme: str, globex: str) -> None:
    for base_url in (acme, globex):
        http = Http(base_url)
        await http.patiently("GET", "/v1/health")
        await http.close()
    alice, amir = await sign_up(acme, "alice"), await sign_up(acme, "amir")
    bob = await sign_up(globex, "bob")
    talks = []
    for name, one, other in (
        ("at home", alice, amir), ("abroad", alice, bob), ("from abroad", bob, alice)
    ):
        speaker, listener = await _device(one, name), await _device(other, name)
        channel = (await speaker.do("open_direct", **{"with": other.account}))["channel"]
        talks.append(Talk(name, channel, speaker, listener))
    listening = [
        asyncio.create_task(task)
        for talk in talks for task in (talk.listen(), talk.hear_answers())
    ]
    await _phases(talks, listening)


async def _device(person: Person, name: str) -> Device:
    device = await person.another(name)
    await device.connect()
    return device


async def _phases(talks: list[Talk], listening: list[asyncio.Task[None]]) -> None:
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    print(json.dumps({"ready": True}), flush=True)
    asking = asyncio.create_task(lines.readline())
    saying: set[asyncio.Task[None]] = set()
    while True:
        for talk in talks:
            task = asyncio.create_task(talk.say())
            saying.add(task)
            task.add_done_callback(saying.discard)
        done, _ = await asyncio.wait(
            {asking, *listening}, timeout=_PAUSE_S, return_when=asyncio.FIRST_COMPLETED
        )
        for ended in done - {asking}:
            ended.result()
        if not asking.done():
            continue
        if not asking.result():
            return
        deadline = _now() + _SEEN_S_MAX
        while not all(talk.is_done for talk in talks) and _now() < deadline:
            await asyncio.sleep(_PAUSE_S)
        print(json.dumps({"talks": [talk.report() for talk in talks]}), flush=True)
        asking = asyncio.create_task(lines.readline())


def _now() -> float:
    """The monotonic clock, which all processes of the machine share."""
    return time.monotonic()


if __name__ == "__main__":
    asyncio.run(_run(*sys.argv[1:]))
