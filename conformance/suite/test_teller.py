"""A scene is as told only where it came to its end."""

from __future__ import annotations

import asyncio
import contextlib
import io
import unittest

from people import Unmet
from teller import Teller

Row = tuple[str, str, str, bool]


async def _tell(teller: Teller) -> None:
    async def it_rains() -> None:
        """It does"""

    async def nothing_is_printed() -> None:
        """What was got may be nothing at all"""
        raise Unmet("a word", "")

    async def it_breaks() -> None:
        """Whatever breaks is no end"""
        raise KeyError("sky")

    async def it_does_not_end() -> None:
        """It waits for ever"""
        await asyncio.Event().wait()

    for scene in (it_rains, nothing_is_printed, it_breaks, it_does_not_end):
        await teller.tell(scene, where="here")


class Telling(unittest.IsolatedAsyncioTestCase):
    """What becomes of a scene."""

    async def test_only_a_scene_that_ends_is_as_told(self) -> None:
        rows: list[Row] = []

        def report(name: str, expected: str, got: str, ok: bool) -> None:
            rows.append((name, expected, got, ok))

        with contextlib.redirect_stderr(io.StringIO()):
            await _tell(Teller([], report, 0.01))
        self.assertEqual([ok for *_, ok in rows], [True, False, False, False])
        self.assertEqual(rows[0][0], "it rains, here")
        self.assertEqual(rows[1][1:3], ("a word", ""))
        self.assertIn("KeyError", rows[2][2])
        self.assertIn("no end within", rows[3][2])


if __name__ == "__main__":
    unittest.main()
