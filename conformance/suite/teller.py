"""Tells scenes: functions named for what users see, each with a result that is one line of output.

A scene that fails does not keep the others from being told, but may make later ones fail.
"""

from __future__ import annotations

import asyncio
import sys
import time
import traceback
from typing import Any, Awaitable, Callable, Iterable

from cases import report
from people import Person, Room, Unmet

Report = Callable[[str, str, str, bool], None]
"""Says a scene's name, what it expected, what it got instead, and whether that is well."""

SCENE_S_MAX = 60.0
"""How long a scene may take."""


class Teller:
    """Tells scenes with some people, one after the other, and reports each. Several may tell at
    once, of different people."""

    def __init__(
        self, people: Iterable[Person], report: Report = report, scene_s_max: float = SCENE_S_MAX
    ) -> None:
        self._people = people
        self._scene_s_max = scene_s_max
        self.report = report

    async def tell(
        self, scene: Callable[..., Awaitable[None]], *arguments: Any, where: str = ""
    ) -> None:
        """Tells a scene and reports what became of it."""
        for person in self._people:
            person.forget()
        name = scene.__name__.replace("_", " ") + (f", {where}" if where else "")
        began = time.monotonic()
        expected, got, is_told = "the scene to end", "", False
        try:
            await asyncio.wait_for(scene(*arguments), self._scene_s_max)
            is_told = True
        except Unmet as unmet:
            expected, got = unmet.expected, unmet.got
        except asyncio.TimeoutError:
            got = f"no end within {self._scene_s_max:.0f} s"
        except Exception as error:  # The other scenes must be told all the same.
            traceback.print_exc()
            got = f"{type(error).__name__}: {error}"
        took = f"{time.monotonic() - began:5.2f} s"
        shown = "as told" if is_told else got or "nothing"
        print(f"{took}  {name}: {shown}", file=sys.stderr, flush=True)
        self.report(name, expected, got, is_told)

    async def in_rooms(
        self, scene: Callable[..., Awaitable[None]], rooms: list[Room], *arguments: Any
    ) -> None:
        """Tells a scene once in each room."""
        for room in rooms:
            await self.tell(scene, room, *arguments, where=room.name)
