"""Chapter five of `five-organisations`: a node's key is followed by another, as a routine and after
a theft.
"""

from __future__ import annotations

import asyncio

from admin import Admin
from five_faults import reconnect
from five_setup import diagnose
from five_world import World
from people import Person, Room, Unmet, expect, until

_SEEN_S_MAX = 150.0
"""A node looks for its record once a minute, and what it was told then may be a minute old."""
_FOLLOWED_S_MAX = 150.0
"""And goes on under it a minute later at the least."""


async def a_key_is_followed_by_another(
    w: World, organisation: str, partners: list[Admin], at_once: bool
) -> None:
    """Its record is published beside the old one; the node goes on under it, by its admin's word or
    by itself, and partners follow"""
    admin = w.admins[organisation]
    old = await key_of(admin)
    said = await admin.runs("keys", "rotate")
    record = _record(admin, said)
    if "beside the one that is there" not in said or "not seen yet" not in said:
        raise Unmet("to be told to publish the record beside the old one", said)
    w.publish(organisation, [*w.published[organisation], record])
    if at_once:
        said = await admin.runs("keys", "rotate", "--now")
        if "The node's key is now" not in said:
            raise Unmet("to be told of the new key", said)
    else:
        await until(f"what {admin} is told", lambda: _is_seen(admin), True, _SEEN_S_MAX)
        await until(f"the key of {admin.domain}", lambda: _is(admin, old), False, _FOLLOWED_S_MAX)
    await _follow(w, admin, partners)
    # The records of the keys before are taken out.
    lines = [line for line in w.published[organisation] if "v=comity1" not in line]
    w.publish(organisation, [*lines, record])
    own = await diagnose(admin)
    own.expect("TXT record", "ok")
    for partner in partners:
        (await partner.doctor(admin.domain)).expect("key", "ok")


async def a_stolen_key_is_revoked(w: World, owner: Person, partners: list[Admin]) -> None:
    """Its admin makes a key by the recovery key, with the record to publish in place of all"""
    admin = w.admin_of(owner)
    recovery = str(admin.node.data / "recovery.key")
    recover = ["keys", "recover", "--recovery-key", recovery]
    await admin.is_told_no("stop it first", *recover)
    await asyncio.to_thread(admin.node.stop)
    said = await admin.runs(*recover)
    if "in place of all others" not in said or "All keys before it are revoked" not in said:
        raise Unmet("to be told that the keys before are revoked", said)
    organisation = admin.node.host
    lines = [line for line in w.published[organisation] if "v=comity1" not in line]
    w.publish(organisation, [*lines, _record(admin, said)])
    admin.node.start(w.stage.processes)
    await reconnect([owner])
    await _follow(w, admin, partners)
    (await diagnose(admin)).expect("TXT record", "ok")


async def the_thief_is_refused(w: World, room: Room, thief: Admin, partners: list[Admin]) -> None:
    """Who comes with the stolen key is let in by nobody, and the owner goes on"""
    w.stage.network.heal(thief.node.host, w.admins["acme"].node.address)
    thief.node.start(w.stage.processes)
    await diagnose(thief)
    for partner in partners:
        wanted = {"trouble": {"code": "domain_key_changed"}}
        await thief.sees_peer(partner.domain, wanted)
        await thief.loses(partner)
    await room.says("This is still me.")
    for partner in partners:
        await partner.sees_peer(thief.domain, {"key": await key_of(w.admins["hooli"])})


async def key_of(admin: Admin) -> str:
    """A node's public key, as its admin reads it."""
    shown = (await admin.runs("keys", "show")).splitlines()
    return next(line.split()[-1] for line in shown if line.startswith("public key"))


async def _follow(w: World, admin: Admin, partners: list[Admin]) -> None:
    key = await key_of(admin)
    for partner in partners:
        await partner.sees_peer(admin.domain, {"key": key})
        await admin.is_linked(partner)
        await partner.reads("peers", "show", admin.domain, says=[key, "up for "])


async def _is_seen(admin: Admin) -> bool:
    return "The record is seen" in await admin.runs("keys", "show")


async def _is(admin: Admin, key: str) -> bool:
    return await key_of(admin) == key


def _record(admin: Admin, said: str) -> str:
    """The record that stands by itself in what was printed."""
    start = f"_comity.{admin.domain}. 3600 IN TXT \"v=comity1; "
    found = [line for line in said.splitlines() if line.startswith(start)]
    expect("how many records are printed", len(found), 1)
    return found[0]
