"""The words of admins see each kind of failure: what is not printed, not refused, or not as bad."""

from __future__ import annotations

import json
import subprocess
import unittest
from typing import Any
from unittest import mock

import admin
from admin import Admin, Diagnosis
from node import Node
from people import ABSENT, Unmet

_SRV = {
    "grade": "bad", "about": "SRV record", "found": "There is none.",
    "todo": "Publish this record.",
    "records": ["_comity._udp.acme.test. 3600 IN SRV 10 5 4433 acme.test."],
}
_NODE = {"grade": "ok", "about": "node", "found": "It runs.", "todo": None, "records": []}
_DEAD = {"grade": "bad", "about": "UDP", "found": "one", "todo": None, "records": []}
_LIVE = {"grade": "ok", "about": "UDP", "found": "two", "todo": None, "records": []}


def _printing(*answers: tuple[int, str, str]) -> Any:
    """Commands that end so, one after the other, and then as the last one."""
    left = list(answers)

    def attempt(*argv: str, **_: Any) -> subprocess.CompletedProcess[str]:
        code, out, complained = left.pop(0) if len(left) > 1 else left[0]
        return subprocess.CompletedProcess(argv, code, out, complained)

    return mock.patch.object(admin, "attempt", attempt)


def _admin() -> Admin:
    node = mock.create_autospec(Node, instance=True)
    node.domain = "acme.test"
    node.command_line.side_effect = lambda *words: ["comity", *words]
    return Admin(node)


class Diagnoses(unittest.TestCase):
    """What a finding has to be."""

    def test_the_worst_of_several_counts(self) -> None:
        found = Diagnosis("it", [_NODE, _DEAD, _LIVE])
        self.assertEqual(found.worst, "bad")
        self.assertEqual(found.finding("UDP"), _DEAD)
        found.expect("UDP", "bad", "one")
        with self.assertRaises(Unmet):
            found.expect("UDP", "ok")

    def test_words_may_be_in_what_to_do(self) -> None:
        found = Diagnosis("it", [_SRV])
        found.expect("SRV record", "bad", "none", "Publish")
        for about, grade, word in (
            ("SRV record", "bad", "Restart"), ("SRV record", "look", "none"), ("key", "bad", ""),
        ):
            with self.assertRaises(Unmet):
                found.expect(about, grade, word)

    def test_what_is_bad_is_named(self) -> None:
        Diagnosis("it", [_NODE]).expect_nothing_bad()
        with self.assertRaises(Unmet) as caught:
            Diagnosis("it", [_NODE, _SRV]).expect_nothing_bad()
        self.assertIn("There is none", caught.exception.got)


class Typing(unittest.IsolatedAsyncioTestCase):
    """What a command has to print, and how it has to end."""

    async def test_a_command_that_fails_is_a_failure(self) -> None:
        with _printing((1, "", "comity: no node is running")), self.assertRaises(Unmet) as caught:
            await _admin().runs("peers")
        self.assertEqual(caught.exception.got, "comity: no node is running")

    async def test_a_refusal_has_its_reason(self) -> None:
        for answer in ((0, "done", ""), (1, "", "comity: something else")):
            with _printing(answer), self.assertRaises(Unmet):
                await _admin().is_told_no("another key", "proof", "check")
        with _printing((1, "", "comity: it is about another key")):
            await _admin().is_told_no("another key", "proof", "check")

    async def test_what_is_to_be_read_may_come_later(self) -> None:
        early, late = (0, "globex.test  down\n", ""), (0, "globex.test    up   1 s ago\n", "")
        with _printing((1, "", "no node"), early, late):
            await _admin().reads("peers", says=["globex.test up "], never=["down"])

    async def test_what_is_not_read_in_time_is_a_failure(self) -> None:
        shown = (0, "globex.test  down  trouble\n", "")
        for says, never in ((["up"], []), ([], ["trouble"]), (["down"], ["trouble"])):
            with _printing(shown), mock.patch.object(admin, "SEEN_S_MAX", 0.0):
                with self.assertRaises(Unmet):
                    await _admin().reads("peers", says=says, never=never)

    async def test_the_exit_status_of_the_doctor_has_to_fit(self) -> None:
        def report(worst: str) -> str:
            return json.dumps({"worst": worst, "findings": [_NODE, _SRV]})

        with _printing((1, report("bad"), "comity: one thing is bad")):
            self.assertEqual((await _admin().doctor()).worst, "bad")
        for answer in ((0, report("bad"), ""), (1, report("ok"), ""), (1, "", "comity: no")):
            with _printing(answer), self.assertRaises(Unmet):
                await _admin().doctor()

    async def test_a_link_is_as_it_is(self) -> None:
        peers = json.dumps([{"domain": "globex.test", "link": {"up": {"since_unix_ms": 1}}}])
        with _printing((0, peers, "")):
            await _admin().sees_peer("globex.test", {"link": admin.UP})
            self.assertIs(await _admin().peer("hooli.test"), ABSENT)
            with self.assertRaises(Unmet):
                await _admin().sees_peer("globex.test", {"link": "down"}, 0.0)
            other = _admin()
            other.domain = "globex.test"
            with self.assertRaises(Unmet):
                await _admin().loses(other, 0.0)


if __name__ == "__main__":
    unittest.main()
