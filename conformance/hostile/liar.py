"""The liar: tells an honest story first, then every lie of the tables, and says what came of each.

    liar.py SETTINGS

The settings are a JSON object; `scenario.py hostile` makes them. Each result is a line of output. It
must not judge how others do meanwhile."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import floods
import lies_frames
import lies_groups
import lies_hello
import lies_records
import lies_talk
import paths  # noqa: F401  # makes the next one importable
from honest import TABLE as HONEST
from peer import Node
from stage import Lie, Stage

TABLES: dict[str, list[Lie]] = {
    **HONEST, **lies_hello.TABLE, **lies_frames.TABLE,
    **lies_records.TABLE, **lies_groups.TABLE, **lies_talk.TABLE,
    **floods.TABLE,
}
"""All lies by their groups, in the order in which they are told."""


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
    try:
        tables = {**TABLES, **(floods.LONG_TABLE if stage.is_long else {})}
        for group, lies in tables.items():
            for lie in lies:
                if only in f"{group}: {lie.name}":
                    await stage.tell(group, lie)
    finally:
        await stage.close()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
