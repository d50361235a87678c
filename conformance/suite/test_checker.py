"""Tests of the checker: a good transcript passes, and each kind of broken one fails by name."""

from __future__ import annotations

import copy
import unittest
from typing import Any

from checker import check
from evidence import gather
from figures import convergence_s
from transcript import Line, digest

ALICE, ALICE_2, BOB = "alice@acme.test/1", "alice@acme.test/2", "bob@globex.test/1"
DEVICES = {ALICE: "acme.test", ALICE_2: "acme.test", BOB: "globex.test"}
CHANNEL = "c1"
START_MS = 1_795_404_447_000
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def message_id(ms: int, tail: int = 7) -> str:
    """An id with its time in front, as the client API has it."""
    number = (ms << 80) + tail
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def event(number: int, sender: str = "alice@acme.test", text: str | None = None) -> Line:
    """The number-th message as an event."""
    ms = START_MS + number
    return {
        "id": message_id(ms), "time": f"2026-11-23T03:27:27.{number:03}Z", "sender": sender,
        "kind": "message", "text": digest(text or f"text {number}"),
    }


def good() -> list[Line]:
    """Alice says three things, Bob one, a fourth of Alice's is refused; everybody sees
    everything."""
    lines: list[Line] = []

    def add(at: float, saw: str, **fields: Any) -> None:
        lines.append({"at": at, "saw": saw, **fields})

    for device, organisation in DEVICES.items():
        account = device.rsplit("/", 1)[0]
        add(0, "connected", device=device, resumed=False, resync=False)
        add(0, "member", device=device, account=account, organisation=organisation,
            channel=CHANNEL, name="direct 1")
    events = [event(1), event(2), event(3, "bob@globex.test"), event(4)]
    for number, sent in enumerate(events, start=1):
        device = BOB if number == 3 else ALICE
        add(number, "sent", device=device, nonce=number, channel=CHANNEL, text=sent["text"],
            chars=6, phase="load")
        add(number + 0.1, "stored", device=device, nonce=number, channel=CHANNEL, id=sent["id"])
        for reader in DEVICES:
            add(number + 0.2, "event", device=reader, channel=CHANNEL, frame=f"frame {number}",
                **sent)
    add(5, "sent", device=ALICE, nonce=5, channel=CHANNEL, text=digest("much"), chars=100_001,
        phase="load")
    add(5, "refused", device=ALICE, nonce=5, code="text_too_long")
    for device in DEVICES:
        add(9, "history", device=device, channel=CHANNEL, way="before",
            events=copy.deepcopy(events))
    return lines


def find(lines: list[Line], saw: str, device: str, number: int = 0) -> Line:
    """The number-th line of a kind of a device."""
    fitting = [line for line in lines if line["saw"] == saw and line["device"] == device]
    return fitting[number]


class CheckerTest(unittest.TestCase):
    """One test a rule; `assert_named` wants exactly the rules given, each finding with a word in
    it."""

    def assert_named(self, lines: list[Line], rules: set[str], *words: str) -> None:
        findings = check(gather(lines))
        self.assertEqual({finding.rule for finding in findings}, rules, findings)
        for word in words:
            self.assertTrue(any(word in finding.what for finding in findings), findings)

    def test_a_good_transcript_passes(self) -> None:
        self.assert_named(good(), set())

    def test_a_message_missing_in_a_feed_is_lost(self) -> None:
        lines = good()
        lines.remove(find(lines, "event", BOB, 1))
        self.assert_named(lines, {"lost"}, event(2)["id"], "feed of " + BOB, "direct 1")

    def test_a_message_missing_in_a_history_is_lost(self) -> None:
        lines = good()
        del find(lines, "history", BOB)["events"][1]
        self.assert_named(lines, {"lost", "order"}, event(2)["id"], "history of " + BOB)

    def test_a_message_missing_everywhere_is_lost(self) -> None:
        lines = good()
        for device in DEVICES:
            lines.remove(find(lines, "event", device, 1))
            del find(lines, "history", device)["events"][1]
        self.assert_named(lines, {"lost"}, event(2)["id"])

    def test_an_event_doubled_in_a_feed_is_found(self) -> None:
        lines = good()
        lines.append(find(lines, "event", ALICE_2, 2))
        self.assert_named(lines, {"twice"}, event(3)["id"], "feed of " + ALICE_2)

    def test_an_event_doubled_in_a_history_is_found(self) -> None:
        lines = good()
        for device in DEVICES:
            find(lines, "history", device)["events"].insert(1, event(1))
        self.assert_named(lines, {"twice"}, event(1)["id"])

    def test_a_text_stored_under_two_ids_is_found(self) -> None:
        lines = good()
        again = event(6, text="text 2")
        for device in DEVICES:
            find(lines, "history", device)["events"].append(again)
        self.assert_named(lines, {"twice", "invented"}, again["id"])

    def test_two_answers_to_one_nonce_are_found(self) -> None:
        lines = good()
        answer = dict(find(lines, "stored", ALICE, 1))
        lines.append({**answer, "id": event(1)["id"]})
        self.assertIn("twice", {finding.rule for finding in check(gather(lines))})

    def test_a_reordered_history_is_found(self) -> None:
        lines = good()
        events = find(lines, "history", BOB)["events"]
        events[0], events[1] = events[1], events[0]
        self.assert_named(lines, {"order"}, event(1)["id"], BOB)

    def test_histories_that_differ_are_found(self) -> None:
        lines = good()
        find(lines, "history", BOB)["events"].append(event(6))
        self.assert_named(lines, {"order", "invented"}, "nothing", event(6)["id"])

    def test_a_sender_overtaking_himself_is_found(self) -> None:
        lines = good()
        find(lines, "sent", ALICE, 0)["nonce"] = 2
        find(lines, "stored", ALICE, 0)["nonce"] = 2
        find(lines, "sent", ALICE, 1)["nonce"] = 1
        find(lines, "stored", ALICE, 1)["nonce"] = 1
        self.assert_named(lines, {"order"}, "earlier")

    def test_a_changed_text_is_found(self) -> None:
        lines = good()
        find(lines, "event", BOB, 1)["text"] = digest("tampered")
        self.assert_named(lines, {"changed"}, event(2)["id"], "feed of " + BOB)

    def test_a_changed_sender_is_found(self) -> None:
        lines = good()
        find(lines, "history", ALICE_2)["events"][1]["sender"] = "bob@globex.test"
        self.assert_named(lines, {"changed"}, "bob@globex.test")

    def test_a_time_that_the_id_does_not_name_is_found(self) -> None:
        lines = good()
        find(lines, "event", ALICE, 0)["time"] = "2026-11-23T03:27:28.001Z"
        self.assert_named(lines, {"changed"}, "time")

    def test_a_refused_text_that_appears_is_found(self) -> None:
        lines = good()
        for device in DEVICES:
            find(lines, "history", device)["events"].append(event(6, text="much"))
        self.assert_named(lines, {"refused"}, "nonce 5")

    def test_a_wrong_refusal_is_found(self) -> None:
        lines = good()
        find(lines, "refused", ALICE)["code"] = "internal"
        self.assert_named(lines, {"refused"}, "internal")

    def test_silence_is_found(self) -> None:
        lines = good()
        lines.remove(find(lines, "refused", ALICE))
        self.assert_named(lines, {"unanswered"}, "nonce 5")

    def test_an_unread_channel_is_found(self) -> None:
        lines = good()
        lines.remove(find(lines, "history", BOB))
        self.assert_named(lines, {"unread", "lost"}, BOB)

    def test_no_evidence_is_no_pass(self) -> None:
        self.assert_named([], {"unread"})

    def test_a_resync_is_found(self) -> None:
        lines = good()
        find(lines, "connected", BOB)["resync"] = True
        self.assert_named(lines, {"resync"}, BOB)

    def test_frames_that_differ_are_found(self) -> None:
        lines = good()
        find(lines, "event", ALICE_2, 1)["frame"] = "other bytes"
        self.assert_named(lines, {"frames"}, ALICE, ALICE_2)

    def test_a_cut_that_lets_messages_through_is_found(self) -> None:
        lines = good() + [fault("link", 0.5, 3.6)]
        self.assert_named(lines, {"fault"}, event(3)["id"])

    def test_a_client_that_did_not_feel_its_fault_is_found(self) -> None:
        lines = good() + [fault("client", 2.5, 4.5, ALICE_2)]
        self.assert_named(lines, {"fault"}, "did not feel it")
        lines.append({"at": 3, "saw": "lost", "device": ALICE_2, "why": "cut"})
        self.assert_named(lines, {"fault"}, "did not come back")
        lines.append({**find(lines, "connected", ALICE_2), "at": 5, "resumed": True})
        self.assert_named(lines, set())

    def test_a_fault_while_nobody_speaks_is_found(self) -> None:
        self.assert_named(good() + [fault("link", 6, 8)], {"fault"}, "nobody said anything")

    def test_convergence_is_the_last_sight_of_what_was_acknowledged(self) -> None:
        lines = good()
        find(lines, "event", BOB, 1)["at"] = 7.0
        self.assertAlmostEqual(convergence_s(gather(lines), fault("link", 2, 4)) or 0, 3.0)
        one = fault("client", 2, 4, ALICE_2)
        self.assertAlmostEqual(convergence_s(gather(lines), one) or 0, 0.0)
        lines.remove(find(lines, "event", BOB, 1))
        self.assertIsNone(convergence_s(gather(lines), fault("link", 2, 4)))


def fault(kind: str, began: float, healed: float, *devices: str) -> Line:
    """A fault as the scenario notes it."""
    return {
        "at": healed, "saw": "fault", "name": "a fault", "kind": kind, "began": began,
        "healed": healed, "devices": list(devices), "sides": [["acme.test"], ["globex.test"]],
    }


if __name__ == "__main__":
    unittest.main()
