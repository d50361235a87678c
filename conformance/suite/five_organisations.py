"""The scenario `five-organisations`: what admins do about federation, and what they and their users
see of it.

`run` starts a DNS with empty zones and five nodes that let nobody in, and tells scenes, each named
for what is seen: on the machines of the nodes with the program's commands, over the client API by
people in a host of their own. The tale is in the other `five_*.py`. In the end every device reads
all that was said in the group that went through all of it, and the checker judges that.
"""

from __future__ import annotations

import asyncio
import traceback
from contextlib import redirect_stderr
from typing import Awaitable, Callable, Iterator

import checker
import corpus
import five_faults as faults
import five_handover as handover
import five_keys as keys
import five_liar as liar
import five_policy as policy
import five_setup as setup
from admin import allow_each_other
from cases import Result, Stage
from evidence import gather
from five_world import (
    HOSTS, ORGANISATIONS, World, build, direct, found, leave, sign_everybody_up, start_relay,
)
from teller import SCENE_S_MAX, Report, Teller
from transcript import read

_FINDINGS_SHOWN_MAX = 4
_TALK_SHORT = 30
_TALK_LONG = 3_000


def run(stage: Stage) -> Iterator[Result]:
    """Starts what is needed and yields each scene's result."""
    results: list[Result] = []

    def report(name: str, expected: str, got: str, ok: bool) -> None:
        results.append({"name": name, "expected": expected, "got": got, "ok": ok})
        stage.say(name if ok else f"{name}: WRONG")

    texts = corpus.load(stage.seed)
    if stage.short:
        w = build(stage, texts, _TALK_SHORT, 30.0)
    else:
        w = build(stage, texts, _TALK_LONG, 120.0)
    for admin in w.everybody:
        admin.node.start(stage.processes)
    start_relay(w)
    with (
        (stage.directory / "tale.log").open("w") as log, redirect_stderr(log),
        stage.network.entered("people"),
    ):
        asyncio.run(_tell(w, report))
    yield from results
    yield from judge(w)
    for admin in w.everybody:
        admin.node.check()


def judge(w: World) -> Iterator[Result]:
    """What the checker says of the group that everything went through, a result for each rule."""
    square = w.rooms.get("Square")
    judged = {square.channel} if square else set()
    files = (w.stage.directory / f"{name}.jsonl" for name in ("seen", "faults"))
    seen = gather(line for line in read(files) if line.get("channel") in (None, *judged))
    for rule in checker.RULES:
        found = [str(finding) for finding in rule(seen)]
        name = f"the checker: {rule.__name__.replace('_', ' ')}"
        shown = "; ".join(found[:_FINDINGS_SHOWN_MAX])
        yield {"name": name, "expected": "nothing wrong", "got": shown, "ok": not found}


async def _tell(w: World, report: Report) -> None:
    teller = Teller(w.people.values(), report, SCENE_S_MAX * (1 if w.stage.short else 5))
    try:
        for chapter in _CHAPTERS:
            title = chapter.__name__.removeprefix("tell_of_").replace("_", " ")
            w.stage.say(f"{title}:")
            try:
                await chapter(w, teller)
            except Exception as stopped:  # The other chapters must be told all the same.
                traceback.print_exc()
                report(title, "the chapter to come to its end", f"{stopped!r}", False)
    finally:
        await leave(w)


async def tell_of_setting_up(w: World, teller: Teller) -> None:
    """Chapter one."""
    for scene in (setup.the_doctor_says_what_to_publish, setup.the_doctor_is_content):
        await asyncio.gather(
            *(teller.tell(scene, w, name, where=f"{name}.test") for name in ORGANISATIONS)
        )
    await asyncio.gather(_tell_of_zones(w, teller), _tell_of_partners(w, teller))


async def _tell_of_zones(w: World, teller: Teller) -> None:
    await w.admins["initech"].allows(w.admins["hooli"])
    for scene in (
        setup.a_zone_that_fits_no_DS_record_is_named, setup.an_unsigned_zone_is_named,
        setup.a_zone_with_expired_signatures_is_named,
        setup.a_zone_that_was_put_right_is_found_well,
    ):
        await teller.tell(scene, w, "hooli", "initech")


async def _tell_of_partners(w: World, teller: Teller) -> None:
    await teller.tell(setup.a_partner_is_examined_to_his_disk_and_back, w, "acme", "globex")
    await teller.tell(setup.a_shut_firewall_is_named_with_the_port_to_open, w, "globex", "acme")


async def tell_of_first_contacts(w: World, teller: Teller) -> None:
    """Chapter two."""
    await sign_everybody_up(w)
    alice, ivy = w.people["alice"], w.people["ivy"]
    await teller.tell(policy.nobody_is_let_in_unasked, w)
    await teller.tell(policy.a_first_contact_waits_for_both_admins, w, alice, ivy)
    await teller.tell(policy.a_contact_is_made_across, alice, ivy)


async def tell_of_sharing(w: World, teller: Teller) -> None:
    """Chapter three."""
    alice, bob, uma = (w.people[name] for name in ("alice", "bob", "uma"))
    salon = await found(w, "Salon", alice, [bob])
    await teller.tell(policy.a_group_waits_for_a_grant_of_both, w, salon, uma)
    await teller.tell(policy.strangers_in_a_group_hear_each_other, w, salon, bob, uma)
    here, there = w.admins["globex"], w.admins["umbrella"]
    await teller.tell(policy.strangers_are_linked_once_allowed, w, here, there)
    await teller.tell(setup.a_bad_network_is_measured, w, "globex", "umbrella")
    await teller.tell(policy.talk_goes_on, w, salon)


async def tell_of_partition_and_relay(w: World, teller: Teller) -> None:
    """Chapter four, and the group that the later chapters go through."""
    alice, ivy = w.people["alice"], w.people["ivy"]
    names = ("acme", "globex", "initech")
    await allow_each_other(*(w.admins[name] for name in names))
    square = await found(
        w, "Square", alice, [w.people[name] for name in ("bob", "ivy", "игорь", "greta", "amir")]
    )
    for one in names:
        await w.admins[one].is_linked(*(w.admins[other] for other in names if other != one))
    pair = await direct(alice, ivy)
    await teller.tell(policy.talk_goes_on, w, square, where="before")
    await teller.tell(faults.words_come_by_way_of_a_third, w, square, alice, ivy)
    await teller.tell(faults.the_cut_link_is_seen_by_both_sides, w, square, pair, alice, ivy)
    await teller.tell(policy.talk_goes_on, w, square, where="around the cut")
    await teller.tell(faults.all_catch_up_once_it_is_healed, w, pair, alice, ivy)


async def tell_of_rotated_keys(w: World, teller: Teller) -> None:
    """Chapter five."""
    acme, initech, umbrella = (w.admins[name] for name in ("acme", "initech", "umbrella"))
    partners = [acme, w.admins["globex"]]
    rotate = keys.a_key_is_followed_by_another
    if w.stage.short:
        await teller.tell(rotate, w, "initech", partners, True, where="at once")
    else:
        both = Teller([], teller.report, SCENE_S_MAX * 5)
        await asyncio.gather(
            teller.tell(rotate, w, "initech", partners, True, where="at once"),
            both.tell(rotate, w, "globex", [acme, initech], False, where="by itself"),
        )
    await teller.tell(policy.talk_goes_on, w, w.rooms["Square"], where="under the next key")


async def tell_of_a_theft(w: World, teller: Teller) -> None:
    """The end of chapter five: who ran the copy of chapter seven has a key."""
    hugo, partners = w.people["hugo"], [w.admins["acme"], w.admins["globex"]]
    if w.copy is None:
        return
    await teller.tell(keys.a_stolen_key_is_revoked, w, hugo, partners)
    await teller.tell(keys.the_thief_is_refused, w, w.rooms["Plans"], w.copy, partners)


async def tell_of_restoring(w: World, teller: Teller) -> None:
    """Chapter six."""
    square = w.rooms["Square"]
    for scene in (
        faults.a_disk_is_lost_and_an_older_copy_comes_back,
        faults.the_partners_give_back_what_was_shared,
    ):
        await teller.tell(scene, w, square, "initech")


async def tell_of_a_liar(w: World, teller: Teller) -> None:
    """Chapter seven."""
    hugo, alice, bob = (w.people[name] for name in ("hugo", "alice", "bob"))
    sides = [alice, bob]
    await allow_each_other(*(w.admins[name] for name in ("hooli", "acme", "globex")))
    plans = await found(w, "Plans", hugo, sides)
    await teller.tell(liar.a_careless_admin_runs_his_node_twice, w, plans, hugo, sides)
    await teller.tell(liar.two_histories_are_written, w, plans, hugo, sides)
    await teller.tell(liar.a_message_gives_it_away, w, plans, sides)
    await teller.tell(liar.the_others_hold_the_proof, w, plans, sides)
    rooms = [w.rooms[name] for name in ("Square", "Salon")]
    await teller.tell(liar.the_honest_go_on, rooms)
    await teller.tell(liar.the_home_goes_on_from_what_all_hold, w, plans, sides)


async def tell_of_a_handover(w: World, teller: Teller) -> None:
    """Chapter eight."""
    await teller.tell(handover.a_group_gets_another_home, w, w.rooms["Square"], "globex.test")
    await teller.tell(handover.the_new_home_changes_the_topic, w, w.rooms["Square"])


async def tell_of_a_block(w: World, teller: Teller) -> None:
    """Chapter nine. Umbrella, which acme shares named groups with, blocks it."""
    alice, amir, uma = (w.people[name] for name in ("alice", "amir", "uma"))
    pair = await direct(alice, uma)
    tea = await found(w, "Tea", alice, [])
    await w.admin_of(alice).shares(tea.channel, w.admin_of(uma))
    await teller.tell(
        policy.a_block_ends_the_link_and_hides_invitations, w, alice, uma, pair, tea
    )
    await teller.tell(policy.what_the_blocked_side_sees, w, alice, uma, pair, amir)
    await teller.tell(policy.a_block_says_nothing_of_others_groups, w, w.rooms["Salon"], alice)
    await teller.tell(policy.a_block_is_taken_back, w, alice, uma, pair, tea)


async def tell_of_unsharing(w: World, teller: Teller) -> None:
    """Chapter ten."""
    salon = w.rooms["Salon"]
    await teller.tell(policy.the_home_shares_a_group_no_longer, w, salon, w.people["uma"])
    await teller.tell(policy.a_guest_shares_a_group_no_longer, w, salon, w.people["bob"])


async def tell_of_the_end(w: World, teller: Teller) -> None:
    """Every device reads what was said in the group that all of it went through, and the checker
    judges."""
    square = w.rooms["Square"]
    await teller.tell(policy.talk_goes_on, w, square, where="at the end")
    await teller.tell(handover.everybody_has_read_everything, w, square)


_CHAPTERS: list[Callable[[World, Teller], Awaitable[None]]] = [
    tell_of_setting_up, tell_of_first_contacts, tell_of_sharing,
    tell_of_partition_and_relay, tell_of_rotated_keys, tell_of_restoring, tell_of_a_liar,
    tell_of_a_theft, tell_of_a_handover, tell_of_a_block, tell_of_unsharing, tell_of_the_end,
]
