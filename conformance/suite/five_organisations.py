"""The scenario `five-organisations`: what admins do about federation, and what they and their users
see of it.

`run` starts a DNS with empty zones and five nodes that let nobody in, and tells scenes, each named
for what is seen: on the machines of the nodes with the program's commands, over the client API by
people in a host of their own. The tale is in the other `five_*.py`. In the end every device reads
all that was said in the groups that all of it went through, and the checker judges that.
"""

from __future__ import annotations

import asyncio
from typing import Awaitable, Callable, Iterator

import checker
import corpus
import five_policy as policy
import five_setup as setup
from cases import Result, Stage
from client import Refused
from evidence import gather
from five_world import (
    HOSTS, ORGANISATIONS, World, build, found, leave, sign_everybody_up, start_relay,
)
from people import Unmet
from teller import Report, Teller
from transcript import read

_TALK_SHORT = 30
_TALK_LONG = 3_000


def run(stage: Stage) -> Iterator[Result]:
    """Starts what is needed and yields each scene's result."""
    results: list[Result] = []

    def report(name: str, expected: str, got: str, ok: bool) -> None:
        results.append({"name": name, "expected": expected, "got": got, "ok": ok})
        stage.say(name if ok else f"{name}: WRONG")

    texts = corpus.load(stage.seed)
    w = build(stage, texts, _TALK_SHORT if stage.short else _TALK_LONG)
    for admin in w.everybody:
        admin.node.start(stage.processes)
    start_relay(w)
    with stage.network.entered("people"):
        asyncio.run(_tell(w, report))
    for admin in w.everybody:
        admin.node.check()
    yield from results


async def _tell(w: World, report: Report) -> None:
    teller = Teller(w.people.values(), report)
    try:
        for chapter in _CHAPTERS:
            title = chapter.__name__.removeprefix("tell_of_").replace("_", " ")
            w.stage.say(f"{title}:")
            try:
                await chapter(w, teller)
            except (Unmet, Refused) as stopped:
                report(title, "the chapter to come to its end", str(stopped), False)
    finally:
        await leave(w)


async def tell_of_setting_up(w: World, teller: Teller) -> None:
    """Chapter one."""
    for scene in (setup.the_doctor_says_what_to_publish, setup.the_doctor_is_content):
        await asyncio.gather(
            *(teller.tell(scene, w, name, where=f"{name}.test") for name in ORGANISATIONS)
        )
    await w.admins["initech"].allows(w.admins["hooli"])
    for scene in (
        setup.a_zone_that_fits_no_DS_record_is_named, setup.an_unsigned_zone_is_named,
        setup.a_zone_with_expired_signatures_is_named,
        setup.a_zone_that_was_put_right_is_found_well,
    ):
        await teller.tell(scene, w, "hooli", "initech")
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


_CHAPTERS: list[Callable[[World, Teller], Awaitable[None]]] = [
    tell_of_setting_up, tell_of_first_contacts, tell_of_sharing,
]
