"""The liar: tells an honest story first, then every lie of the tables, and says what came of each.

    liar.py SETTINGS

The settings are a JSON object; `scenario.py hostile` makes them. Each result is a line of output.
It must not judge how others do meanwhile."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import drips
import floods
import lies_answers
import lies_frames
import lies_groups
import lies_hello
import lies_history
import lies_records
import lies_talk
import lies_terms
import paths  # noqa: F401  # makes the next one importable
from honest import TABLE as HONEST
from peer import Node
from stage import Lie, Stage

Table = dict[str, list[Lie]]

_AT_ONCE: list[Table] = [lies_hello.AT_ONCE, drips.AT_ONCE, floods.AT_ONCE]
"""Lies that are told beside each other; the honest story comes before them."""
_IN_TURN: list[Table] = [
    lies_hello.TABLE, lies_answers.TABLE, lies_frames.TABLE, lies_records.TABLE,
    lies_groups.TABLE, lies_terms.TABLE, lies_history.TABLE, lies_talk.TABLE, drips.TABLE,
    floods.TABLE,
]
_LONG: list[Table] = [lies_answers.LONG_TABLE, drips.LONG_TABLE, floods.LONG_TABLE]
"""Lies that only the long form has time for."""
_TOLD_AT_ONCE_MAX = 8


async def main(settings: dict[str, Any]) -> None:
    """Tells them."""
    node = settings["node"]
    stage = Stage(
        Node(node["domain"], bytes.fromhex(node["lineage"]), bytes.fromhex(node["public"]),
             bytes.fromhex(node["recovery"]), (node["address"], node["port"])),
        bytes.fromhex(settings["partner"]), settings["base_url"], settings["admin"],
        settings.get("victims", "victim"), settings["is_long"],
    )
    await stage.await_node()
    only = settings.get("only", "")
    in_turn = [*_IN_TURN, *(_LONG if stage.is_long else [])]
    try:
        await _tell(stage, _chosen([HONEST], only), 1)
        await _tell(stage, _chosen(_AT_ONCE, only), _TOLD_AT_ONCE_MAX)
        await _tell(stage, _chosen(in_turn, only), 1)
    finally:
        await stage.close()


def _chosen(tables: list[Table], only: str) -> list[tuple[str, Lie]]:
    """All lies of some tables, or those whose names have some words."""
    return [
        (group, lie) for table in tables for group, lies in table.items() for lie in lies
        if only in f"{group}: {lie.name}"
    ]


async def _tell(stage: Stage, lies: list[tuple[str, Lie]], at_once: int) -> None:
    """Tells lies, by groups where they are told one after the other."""
    turn = asyncio.Semaphore(at_once)

    async def one(group: str, lie: Lie) -> None:
        async with turn:
            await stage.tell(group, lie)

    groups: dict[str, list[tuple[str, Lie]]] = {}
    for group, lie in lies:
        groups.setdefault(group if at_once == 1 else "at once", []).append((group, lie))
    for name, own in groups.items():
        before = await stage.counts()
        await asyncio.gather(*(one(group, lie) for group, lie in own))
        await stage.tell_counts(name, [lie for _, lie in own], before)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
