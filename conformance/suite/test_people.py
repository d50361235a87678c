"""The words of `everyday` see each kind of failure: what is missing, too much, or different."""

from __future__ import annotations

import asyncio
import unittest
from typing import Any
from unittest import mock

import people
from client import Http, Refused
from people import ABSENT, Device, Person, SOMETHING, Unmet, event, everybody, expect, fits, refused

_FRAME: dict[str, Any] = {
    "type": "event", "channel": "tea",
    "event": {"kind": "message", "id": "1", "text": "hello", "mentions": ["bob"]},
}


def _device(*frames: dict[str, Any]) -> Device:
    device = Device(Http("http://nowhere.test"), "alice@acme.test", "laptop")
    for frame in frames:
        device._handle({"cursor": "c", **frame})
    return device


class Fitting(unittest.TestCase):
    """What is expected is a part of what comes."""

    def test_an_object_may_have_more(self) -> None:
        self.assertTrue(fits(_FRAME, {"channel": "tea"}))
        self.assertTrue(fits(_FRAME, event("message", id="1", text=SOMETHING)))

    def test_what_differs_does_not_fit(self) -> None:
        wanted: dict[str, Any]
        for wanted in (
            event("message", id="2"), event("message", reply_to=SOMETHING),
            event("message", text=ABSENT), event("message", mentions=[]), {"event": []},
        ):
            self.assertFalse(fits(_FRAME, wanted), wanted)

    def test_nothing_is_not_something(self) -> None:
        self.assertFalse(fits({"text": None}, {"text": SOMETHING}))
        self.assertFalse(fits({"text": None}, {"text": ABSENT}))
        self.assertTrue(fits({}, {"text": ABSENT}))
        self.assertFalse(fits(None, {}))

    def test_a_list_has_neither_more_nor_less(self) -> None:
        self.assertTrue(fits([{"id": "1", "more": 2}], [{"id": "1"}]))
        self.assertFalse(fits([{"id": "1"}, {"id": "2"}], [{"id": "1"}]))

    def test_the_failure_says_both(self) -> None:
        with self.assertRaises(Unmet) as caught:
            expect("the tea", {"hot": False}, {"hot": True})
        self.assertEqual(caught.exception.expected, "the tea: {'hot': True}")
        self.assertEqual(caught.exception.got, '{"hot": false}')


class Seeing(unittest.IsolatedAsyncioTestCase):
    """What a device sees and does not see."""

    async def test_a_frame_is_taken_once(self) -> None:
        device = _device(_FRAME)
        await device.sees(event("message"))
        with mock.patch.object(people, "SEEN_S_MAX", 0.01), self.assertRaises(Unmet):
            await device.sees(event("message"))

    async def test_a_frame_that_comes_later_is_seen(self) -> None:
        device = _device()
        waiting = asyncio.create_task(device.sees(event("message")))
        await asyncio.sleep(0)
        device._handle({"cursor": "c", **_FRAME})
        self.assertEqual((await waiting)["channel"], "tea")

    async def test_what_must_not_come_is_found_also_when_it_was_taken(self) -> None:
        device = _device(_FRAME)
        device.saw_none(event("edited"))
        await device.sees(event("message"))
        with self.assertRaises(Unmet):
            device.saw_none(event("message"))
        device.forget()
        device.saw_none(event("message"))

    async def test_presences_of_a_frame_are_seen_one_by_one(self) -> None:
        both = [{"account": "bob", "state": "busy"}, {"account": "eve", "state": "away"}]
        device = _device({"type": "presence", "presences": both})
        await device.sees_presence("eve", "away", status=ABSENT)
        self.assertEqual(device.states_seen("bob"), ["busy"])

    async def test_all_devices_must_see_the_same(self) -> None:
        other = {**_FRAME, "event": {**_FRAME["event"], "text": "hullo"}}
        person = Person("alice@acme.test", [_device(_FRAME), _device(other)])
        with self.assertRaises(Unmet):
            await everybody([person], event("message"))

    async def test_a_refusal_has_its_code(self) -> None:
        async def refuse() -> None:
            raise Refused(404, {"code": "message_not_found", "message": "No."})

        async def answer() -> str:
            return "done"

        self.assertEqual((await refused("message_not_found", refuse())).status, 404)
        for code, doing in (("not_author", refuse()), ("message_not_found", answer())):
            with self.assertRaises(Unmet):
                await refused(code, doing)


if __name__ == "__main__":
    unittest.main()
