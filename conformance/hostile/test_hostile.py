"""The hostile peer's own parts: what it writes is what the protocol says, and what it breaks is
broken. A liar that cannot say the truth proves nothing."""

from __future__ import annotations

import unittest

import paths  # noqa: F401  # makes the next two importable
import cbor
import check
import refusals
from control import State
from histories import Log, Part, batch, body_of, head_proof, tree
from identity import Identity
from lies_history import live
from spoil import frames, spoilt


def _log(count: int) -> Log:
    log = Log(b"\1" * 32, Identity.of("liar.test", 66).lineage, 7)
    for number in range(count):
        log.say({1: 1, 2: 1}, body_of(f"text {number}".encode()))
    return log


class Honest(unittest.TestCase):
    """Chains, trees and checkpoints hold against the check of the vectors."""

    def test_each_leaf_of_a_tree_leads_to_its_root(self) -> None:
        for count in range(1, 18):
            leaves = [bytes([n]) * 32 for n in range(count)]
            root, paths_up = tree(leaves)
            for index, path in enumerate(paths_up):
                self.assertEqual(check.root(leaves[index], index, count, path), root)

    def test_links_lead_from_a_head_down_to_each_record(self) -> None:
        log = _log(45)
        for target in range(1, 46):
            links = log.links(45, target)
            last = check.follow(log.named(), 45, log.hashes[45], target, links)
            self.assertEqual(last[2], log.records[target - 1].inner())

    def test_a_head_is_proven_under_the_key_of_its_origin(self) -> None:
        identity, log = Identity.of("liar.test", 66), _log(3)
        head = head_proof(identity, log, 3)
        result = check.head_result(log.named(), head, identity.lineage, identity.public)
        self.assertEqual(result, "ok")
        other = Identity.of("other.test", 67)
        result = check.head_result(log.named(), head, identity.lineage, other.public)
        self.assertNotEqual(result, "ok")

    def test_every_range_of_a_batch_is_in_its_checkpoint(self) -> None:
        identity, logs = Identity.of("liar.test", 66), [_log(n) for n in (1, 2, 5)]
        (checkpoint,), ranges = batch(identity, [Part.of(log) for log in logs])
        for log, part in zip(logs, ranges):
            head = (log.last, part[3], part[4], part[6], checkpoint)
            result = check.head_result(log.named(), head, identity.lineage, identity.public)
            self.assertEqual(result, "ok")

    def test_times_increase(self) -> None:
        times = _log(9).times
        self.assertEqual(times, sorted(set(times)))

    def test_a_lineage_is_that_of_the_vectors(self) -> None:
        given = {"domain": "liar.test", "seed": "bd" + "42" * 31, "recovery_seed": "3d" + "c2" * 31}
        found = check.FUNCTIONS["lineage"](given)
        identity = Identity.of("liar.test", 0x42)
        self.assertEqual(found["lineage"], identity.lineage.hex())
        self.assertEqual(found["recovery"], identity.recovery.hex())


class Groups(unittest.TestCase):
    """What a page of history names below itself, and what a term goes on from."""

    def test_a_page_names_below_itself_what_its_records_and_later_ones_name(self) -> None:
        for last in range(1, 60):
            named = {check.skip(later) for later in range(last + 1, 500)} | {last}
            self.assertEqual(live(last), sorted(seq for seq in named if 0 < seq <= last))

    def test_a_state_is_another_after_each_record_and_a_copy_stays_as_it_was(self) -> None:
        lineage, account = bytes(32), (b"\1" * 32, 7)
        state = State(["liar.test"], (lineage, 1), "mallory@liar.test", "trap", 100)
        before, seen = state.copy(), {state.hash()}
        for change in (
            lambda: state.invite(account, "a@acme.test", 0, [1, 2, bytes(16)]),
            lambda: state.join(account, ["acme.test"], [1, 3], {0: bytes(32), 1: 1, 2: 1}),
            lambda: state.cover([[lineage, 1, 1, bytes(16)]]),
            lambda: state.rename("other"), lambda: state.hand_over(account[0]),
            lambda: state.open(account[0]), lambda: state.remove(account, [2, 2]),
        ):
            change()
            seen.add(state.hash())
        self.assertEqual(len(seen), 8)
        self.assertIn(before.hash(), seen)
        self.assertNotEqual(before.hash(), state.hash())


class Spoiling(unittest.TestCase):
    """Each change changes what is said, and what comes out is deterministic all the same."""

    def test_there_is_a_frame_of_every_number(self) -> None:
        self.assertEqual(sorted(frames()), list(range(32)))

    def test_every_change_is_another_value(self) -> None:
        for cases in frames().values():
            for name, value in cases:
                whole = cbor.encode(value)
                changed = [cbor.encode(change) for _, change in spoilt(value)]
                self.assertNotIn(whole, changed, name)
                self.assertGreater(len(changed), 2, name)

    def test_a_change_is_deterministic_cbor(self) -> None:
        for _, value in frames()[0]:
            for where, change in spoilt(value):
                cbor.decode(cbor.encode(change)), where

    def test_every_place_is_reached(self) -> None:
        places = [where for where, _ in spoilt([1, [b"\0" * 32, {3: "x"}]])]
        for place in (
            "another type", "one too many", "0.another type", "1.0.a byte too long",
            "1.1.an unknown key", "1.1.3.another type",
        ):
            self.assertIn(place, places)


class Codes(unittest.TestCase):
    """Names of codes are those of the protocol."""

    def test_codes_come_from_the_table(self) -> None:
        self.assertEqual(refusals.code_name(101), "frame_unexpected")
        self.assertEqual(refusals.code_name(115), "fork_unproven")
        self.assertEqual(refusals.code_name(60_000), "code 60000")
        self.assertGreater(len(refusals.codes()), 80)


if __name__ == "__main__":
    unittest.main()
