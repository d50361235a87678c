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


JIM, IVY, IDA = "jim@globex.test/1", "ivy@initech.test/1", "ida@initech.test/1"
GROUP = "g1"
_THREE = (["globex.test"], ["acme.test", "initech.test"])


class Tale:
    """A good transcript of three organisations in one group of Alice, Bob, Jim and Ivy.

    Ivy's node forgets her second message. Jim is removed while his organisation is cut off, and
    writes on. The group is handed over, and Ida comes late."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        for device in (ALICE, BOB, JIM, IVY):
            self._add(0, "connected", device=device, resumed=False, resync=False)
            self._come(0, device)
        first = self._say(1, IVY, ALICE, BOB, JIM, IVY)
        second = self._say(2, IVY, ALICE, BOB, JIM, IVY)
        self._add(2.3, "delivered", device=IVY, channel=GROUP, id=second["id"], organisations=3,
                  of=3)
        third = self._say(3, BOB, ALICE, BOB, JIM)
        self._add(4.5, "connected", device=IVY, resumed=True, resync=True)
        self._add(4.6, "reread", device=IVY, channel=GROUP, events=[first, third])
        self._fault(2.5, 4, name="an older disk", kind="rollback", copied=1.5,
                    organisation="initech.test")
        self._add(5.5, "command", device=ALICE, do="remove", channel=GROUP,
                  account="jim@globex.test")
        fourth = self._say(5.6, ALICE, ALICE, IVY)
        self.late = self._say(6, JIM, BOB, JIM, phase="late")
        self._fault(5, 7, name="a cut", kind="link", sides=list(_THREE))
        removal = {"account": "jim@globex.test", "withdrawn": [self.late["id"]]}
        self._happen(7.1, "removed", (BOB, JIM), **removal)
        self._happen(7.1, "removed", (ALICE, IVY), account="jim@globex.test")
        self._show(7.2, fourth, BOB)
        self._add(8, "command", device=ALICE, do="hand_over", channel=GROUP, home="globex.test")
        self._happen(8.1, "handed_over", (ALICE, BOB, IVY), home="globex.test")
        self._add(8.2, "command", device=ALICE, do="invite", channel=GROUP,
                  account="ida@initech.test")
        self._come(8.3, IDA, late=True)
        self._add(8.4, "grew", device=IDA, channel=GROUP)
        self._add(8.5, "reread", device=IDA, channel=GROUP, events=[first, third, fourth])
        last = self._say(9, BOB, ALICE, BOB, IVY, IDA)
        kept = [first, second, third, fourth, last]
        for device in (ALICE, BOB, IVY, IDA):
            forgot = "initech" in device
            events = [one for one in kept if one is not second or not forgot]
            self._add(10, "history", device=device, channel=GROUP, way="before",
                      events=copy.deepcopy(events))
            self._add(10, "detail", device=device, channel=GROUP,
                      detail={"home": "globex.test", "members": ["alice", "bob", "ivy", "ida"]})
        self.second = second

    def find(self, saw: str, device: str, number: int = 0) -> Line:
        """The number-th line of a kind of a device."""
        return find(self.lines, saw, device, number)

    def drop(self, saw: str, device: str, message: str) -> None:
        """Takes a message out of what a device saw."""
        self.lines = [
            line for line in self.lines
            if (line["saw"], line.get("device"), line.get("id")) != (saw, device, message)
        ]

    def forget(self, device: str, message: str) -> None:
        """Takes a message out of what a device read in the end."""
        history = self.find("history", device)
        history["events"] = [one for one in history["events"] if one["id"] != message]

    def happened(self, kind: str, device: str) -> Line:
        """The event of a kind that a device saw."""
        return next(
            line for line in self.lines
            if (line["saw"], line.get("device"), line.get("kind")) == ("event", device, kind)
        )

    def _add(self, at: float, saw: str, **fields: Any) -> None:
        self.lines.append({"at": at, "saw": saw, **fields})

    def _come(self, at: float, device: str, late: bool = False) -> None:
        account, organisation = device.split("/")[0], device.split("/")[0].split("@")[1]
        self._add(at, "member", device=device, account=account, organisation=organisation,
                  channel=GROUP, name="group 1", late=late)

    def _say(self, at: float, device: str, *readers: str, phase: str = "load") -> Line:
        number = int(at * 10)
        said = event(number, device.split("/")[0])
        self._add(at, "sent", device=device, nonce=number, channel=GROUP, text=said["text"],
                  chars=6, phase=phase)
        self._add(at + 0.1, "stored", device=device, nonce=number, channel=GROUP, id=said["id"])
        self._show(at + 0.2, said, *readers)
        return said

    def _show(self, at: float, said: Line, *readers: str) -> None:
        for reader in readers:
            self._add(at, "event", device=reader, channel=GROUP, frame=f"frame {at}", **said)

    def _happen(self, at: float, kind: str, readers: tuple[str, ...], **fields: Any) -> None:
        happened = {**event(int(at * 10)), "kind": kind, "text": None, **fields}
        self._show(at, happened, *readers)

    def _fault(self, began: float, healed: float, **fields: Any) -> None:
        self._add(healed, "fault", began=began, healed=healed, devices=[], **fields)


def find(lines: list[Line], saw: str, device: str, number: int = 0) -> Line:
    """The number-th line of a kind of a device."""
    fitting = [line for line in lines if line["saw"] == saw and line.get("device") == device]
    return fitting[number]


class CheckerTestCase(unittest.TestCase):
    """`assert_named` wants exactly the rules given, and findings with each of the words."""

    def assert_named(self, lines: list[Line], rules: set[str], *words: str) -> None:
        findings = check(gather(lines))
        self.assertEqual({finding.rule for finding in findings}, rules, findings)
        for word in words:
            self.assertTrue(any(word in finding.what for finding in findings), findings)


class CheckerTest(CheckerTestCase):
    """One test a rule."""

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


class ThreeOrganisationsTest(CheckerTestCase):
    """The rules of the story of three organisations."""

    def setUp(self) -> None:
        self.tale = Tale()

    def test_a_good_tale_passes(self) -> None:
        self.assert_named(self.tale.lines, set())

    def test_a_late_message_in_a_history_is_found(self) -> None:
        for device in (ALICE, BOB, IVY, IDA):
            tale = Tale()
            tale.find("history", device)["events"].append(tale.late)
            self.assertIn("verdict", {f.rule for f in check(gather(tale.lines))}, device)

    def test_a_late_message_that_crossed_is_found(self) -> None:
        line = {**self.tale.happened("removed", IVY), "at": 7.4, **self.tale.late}
        self.tale.lines.append({**line, "frame": "late"})
        self.assert_named(self.tale.lines, {"verdict"}, "shown to " + IVY, "not told")

    def test_an_author_who_is_not_told_is_found(self) -> None:
        del self.tale.happened("removed", JIM)["withdrawn"]
        self.assert_named(self.tale.lines, {"verdict"}, JIM + " was not told")

    def test_a_reader_who_is_not_told_is_found(self) -> None:
        for device in (BOB, JIM):
            del self.tale.happened("removed", device)["withdrawn"]
        self.assert_named(self.tale.lines, {"verdict"}, BOB + " was not told")

    def test_a_withdrawn_message_that_comes_again_is_found(self) -> None:
        again = {**self.tale.happened("removed", BOB), **self.tale.late, "frame": "late"}
        self.tale.lines.append({**again, "withdrawn": []})
        self.assert_named(self.tale.lines, {"verdict", "twice", "frames"}, "came again to " + BOB)

    def test_a_wrong_withdrawal_is_found(self) -> None:
        for device in (BOB, JIM):
            self.tale.happened("removed", device)["withdrawn"].append(event(10)["id"])
        self.assert_named(self.tale.lines, {"verdict"}, "although", event(10)["id"])

    def test_a_removed_member_who_hears_more_is_found(self) -> None:
        self.tale.lines.append({**self.tale.happened("handed_over", BOB), "device": JIM})
        self.assert_named(self.tale.lines, {"verdict"}, JIM + " after the removal")

    def test_a_poller_who_is_not_told_what_was_delivered_is_found(self) -> None:
        # Ivy's texts are older than the moment when she was told to read anew.
        for device in (BOB, IVY):
            self.tale.find("connected", device)["polls"] = True
        for number in (30, 90):
            self.assert_named(self.tale.lines, {"told"}, event(number)["id"], BOB)
            notice = {"saw": "delivered", "device": BOB, "channel": GROUP, "of": 3, "at": 9.5}
            self.tale.lines.append({**notice, "id": event(number)["id"], "organisations": 2})
            self.assert_named(self.tale.lines, {"told"}, event(number)["id"], BOB)
            self.tale.lines[-1]["organisations"] = 3
        self.assert_named(self.tale.lines, set())

    def test_a_removed_member_who_never_hears_of_it_is_found(self) -> None:
        self.tale.lines.remove(self.tale.happened("removed", JIM))
        self.assert_named(self.tale.lines, {"verdict"}, "no removal came", JIM)

    def test_a_removed_member_who_missed_something_before_is_found(self) -> None:
        self.tale.drop("event", JIM, event(30)["id"])
        self.assert_named(self.tale.lines, {"lost"}, event(30)["id"], "feed of " + JIM)

    def test_a_removed_member_who_missed_what_had_come_is_found(self) -> None:
        # Whether the first message had come to his node before the removal, nobody knows.
        self.tale.drop("event", JIM, event(10)["id"])
        self.assert_named(self.tale.lines, set())
        notice = {**self.tale.find("delivered", IVY), "id": event(10)["id"]}
        self.tale.lines.append({**notice, "at": 5.6})
        self.assert_named(self.tale.lines, set())
        self.tale.lines[-1]["at"] = 5.4
        self.assert_named(self.tale.lines, {"lost"}, event(10)["id"], "feed of " + JIM)

    def test_a_removal_after_which_nothing_is_written_is_found(self) -> None:
        self.tale.find("sent", JIM)["at"] = 5.2
        findings = {finding.what for finding in check(gather(self.tale.lines))}
        self.assertTrue(any("wrote nothing" in what for what in findings), findings)

    def test_a_forgotten_message_that_a_peer_does_not_keep_is_lost(self) -> None:
        second = self.tale.second["id"]
        self.tale.forget(ALICE, second)
        self.assert_named(self.tale.lines, {"lost"}, second, "history of " + ALICE)

    def test_a_forgotten_message_may_be_lost_where_it_was_not_reported(self) -> None:
        second = self.tale.second["id"]
        self.tale.lines.remove(self.tale.find("delivered", IVY))
        self.tale.forget(ALICE, second)
        self.assert_named(self.tale.lines, {"lost"}, "history of " + ALICE)
        self.tale.drop("event", ALICE, second)
        self.assert_named(self.tale.lines, set())

    def test_a_message_forgotten_that_is_older_than_the_copy_is_lost(self) -> None:
        self.tale.forget(IVY, event(10)["id"])
        self.assert_named(self.tale.lines, {"lost", "order"}, "history of " + IVY)

    def test_a_forgotten_message_of_another_node_is_lost(self) -> None:
        self.tale.forget(IVY, event(30)["id"])
        self.assert_named(self.tale.lines, {"lost", "order"}, "history of " + IVY)

    def test_a_feed_with_a_gap_that_is_not_read_again_is_found(self) -> None:
        self.tale.lines.remove(self.tale.find("reread", IVY))
        self.assert_named(self.tale.lines, {"lost"}, event(30)["id"], "feed of " + IVY)

    def test_what_a_node_forgot_may_come_again_after_a_new_beginning(self) -> None:
        self.tale.lines.append({**self.tale.find("event", IVY, 0), "at": 4.7, "frame": "new"})
        self.assert_named(self.tale.lines, set())
        self.tale.find("connected", IVY, 1)["resync"] = False
        self.assert_named(self.tale.lines, {"twice", "fault"}, event(10)["id"])

    def test_a_text_whose_answer_got_lost_may_stand_twice(self) -> None:
        again = event(45, "ivy@initech.test", "text 20")
        stored = self.tale.find("stored", IVY, 1)
        stored["at"], stored["id"] = 4.7, again["id"]
        for device in (ALICE, BOB, IVY, IDA):
            self.tale.find("history", device)["events"].insert(-2, again)
        for device in (ALICE, BOB, IVY):
            seen = self.tale.find("event", device, 1)
            self.tale.lines.append({**seen, **again, "at": 4.8, "frame": "again"})
        self.tale.find("reread", IDA)["events"].append(again)
        self.assert_named(self.tale.lines, set())
        self.tale.find("sent", IVY, 1)["at"] = 4.1
        findings = {finding.rule for finding in check(gather(self.tale.lines))}
        self.assertLessEqual({"twice", "invented"}, findings)

    def test_a_resync_at_another_node_is_found(self) -> None:
        line = {**self.tale.find("connected", IVY, 1), "device": BOB}
        self.tale.lines.append(line)
        self.assert_named(self.tale.lines, {"resync"}, BOB)

    def test_a_resync_before_the_older_disk_is_found(self) -> None:
        self.tale.find("connected", IVY, 1)["at"] = 3.9
        self.assert_named(self.tale.lines, {"resync"}, IVY)

    def test_an_older_disk_that_nobody_felt_is_found(self) -> None:
        self.tale.find("connected", IVY, 1)["resync"] = False
        self.assert_named(self.tale.lines, {"fault"}, "nobody was told to read anew")

    def test_a_handover_that_somebody_was_not_told_of_is_found(self) -> None:
        self.tale.lines.remove(self.tale.happened("handed_over", IVY))
        self.assert_named(self.tale.lines, {"home"}, IVY + " was not told")

    def test_details_that_differ_are_found(self) -> None:
        self.tale.find("detail", IVY)["detail"]["home"] = "acme.test"
        self.assert_named(self.tale.lines, {"home", "detail"}, IVY + " does not see globex.test")

    def test_members_that_differ_are_found(self) -> None:
        self.tale.find("detail", BOB)["detail"]["members"].append("jim")
        self.assert_named(self.tale.lines, {"detail"}, BOB)

    def test_a_late_comer_who_lacks_the_past_is_found(self) -> None:
        self.tale.forget(IDA, event(30)["id"])
        self.assert_named(self.tale.lines, {"lost", "order"}, "history of " + IDA)

    def test_a_past_that_comes_as_new_is_found(self) -> None:
        old = next(l for l in self.tale.lines if l["saw"] == "event" and l["id"] == event(56)["id"])
        self.tale.lines.append({**old, "at": 8.6, "device": IDA, "frame": None})
        self.assert_named(self.tale.lines, {"late"}, "came as new to " + IDA)

    def test_a_past_that_nobody_is_told_of_is_found(self) -> None:
        self.tale.lines.remove(self.tale.find("grew", IDA))
        self.assert_named(self.tale.lines, {"late"}, "nobody was told")

    def test_a_cut_off_organisation_that_hears_others_is_found(self) -> None:
        seen = next(
            line for line in self.tale.lines
            if line["saw"] == "event" and line["device"] == BOB and line["id"] == event(56)["id"]
        )
        seen["at"] = 6.5
        self.assert_named(self.tale.lines, {"fault"}, event(56)["id"], "although the link was cut")


def fault(kind: str, began: float, healed: float, *devices: str) -> Line:
    """A fault as the scenario notes it."""
    return {
        "at": healed, "saw": "fault", "name": "a fault", "kind": kind, "began": began,
        "healed": healed, "devices": list(devices), "sides": [["acme.test"], ["globex.test"]],
    }


if __name__ == "__main__":
    unittest.main()
