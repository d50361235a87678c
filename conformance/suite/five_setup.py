"""Chapter one of `five-organisations`: nodes are set up by what the doctor says, and what is wrong
with a zone or a firewall is named by it.
"""

from __future__ import annotations

import asyncio
import re

from admin import Admin, Diagnosis
from dns import Chain
from five_world import FEDERATION_PORT, World
from people import Unmet, expect

_PLACEHOLDER = "<the public IPv4 address of this machine>"
_ZONE_S_MAX = 20.0
_UP_S_MAX = 20.0


async def the_doctor_says_what_to_publish(w: World, organisation: str) -> None:
    """A node runs and its domain says nothing: the doctor has the very records, and so has the
    command that prints them"""
    admin = w.admins[organisation]
    host = f"node1.{admin.domain}."
    diagnosis = await diagnose(admin)
    missing = {}
    for about, start in (
        ("SRV record", f"_comity._udp.{admin.domain}. 3600 IN SRV "),
        ("TXT record", f"_comity.{admin.domain}. 3600 IN TXT \"v=comity1; "),
        ("address", f"{host} 3600 IN A {_PLACEHOLDER}"),
    ):
        found = diagnosis.expect(about, "bad", "Publish")
        if len(found["records"]) != 1 or not found["records"][0].startswith(start):
            raise Unmet(f"{diagnosis.whose}: one record for {about}, {start}…", found)
        missing[about] = found["records"][0]
    printed = (await admin.runs("dns")).splitlines()
    expect(f"what `comity dns` at {admin.domain} prints", printed, list(missing.values())[:2])
    seen = await admin.tries("doctor")
    for record in missing.values():
        if f"\n\n{record}\n\n" not in seen.printed:
            raise Unmet(f"{seen.line} to print by itself: {record}", seen.printed)
    w.publish(organisation, [
        record.replace(_PLACEHOLDER, w.address(organisation)) for record in missing.values()
    ])


async def the_doctor_is_content(w: World, organisation: str) -> None:
    """What it said was pasted into the zone"""
    diagnosis = await diagnose(w.admins[organisation])
    for about in ("node", "SRV record", "TXT record", "address", "DNSSEC"):
        diagnosis.expect(about, "ok")
    diagnosis.expect("address", "ok", w.address(organisation))
    diagnosis.expect_nothing_bad()


async def a_zone_that_fits_no_DS_record_is_named(w: World, organisation: str, by: str) -> None:
    """Its parent knows another key"""
    w.names.hang(f"{organisation}.test.", Chain.BROKEN)
    await _is_bogus(w, organisation, by)


async def a_zone_with_expired_signatures_is_named(w: World, organisation: str, by: str) -> None:
    """Nobody signs it anew"""
    w.names.hang(f"{organisation}.test.", Chain.SECURE)
    w.names.neglect(f"{organisation}.test.")
    await _is_bogus(w, organisation, by)


async def an_unsigned_zone_is_named(w: World, organisation: str, by: str) -> None:
    """Its parent has no DS record"""
    w.names.hang(f"{organisation}.test.", Chain.UNSIGNED)
    own, partner = await _both_say(w, organisation, by, "bad")
    own.expect("DNSSEC", "bad", "not signed", "DS record entered at your registrar")
    partner.expect("DNSSEC", "bad", "not signed", "Its admin has to have the zone signed")
    partner.expect("key", "bad", "domain_unproven")


async def a_zone_that_was_put_right_is_found_well(w: World, organisation: str, by: str) -> None:
    """It is signed again, and its parent has its DS record"""
    w.names.care(f"{organisation}.test.")
    w.names.hang(f"{organisation}.test.", Chain.SECURE)
    own, partner = await _both_say(w, organisation, by, "ok")
    own.expect_nothing_bad()
    for about in ("records", "address", "DNSSEC", "key", "UDP"):
        partner.expect(about, "ok")


async def _is_bogus(w: World, organisation: str, by: str) -> None:
    own, partner = await _both_say(w, organisation, by, "bad")
    own.expect("DNSSEC", "bad", "signatures do not verify", "DS record", f"{organisation}.test")
    for about in ("SRV record", "TXT record"):
        own.expect(about, "ok")
    partner.expect("DNSSEC", "bad", "signatures do not verify")
    partner.expect("key", "bad", "domain_bogus")
    partner.expect("link", "bad", "domain_bogus")


async def _both_say(
    w: World, organisation: str, by: str, grade: str
) -> tuple[Diagnosis, Diagnosis]:
    """What both admins' doctors say of the signatures, once a change of the zone has taken effect.
    The nodes start anew: what was proven, or was not, is believed for the time that the records say
    (`docs/operating/README.md`, the doctor)."""
    own, partner = w.admins[organisation], w.admins[by]
    for admin in (own, partner):
        admin.node.stop()
    # Without its node the doctor believes nothing that it was told before.
    deadline = asyncio.get_running_loop().time() + _ZONE_S_MAX
    while (await own.doctor()).finding("DNSSEC").get("grade") != grade:
        if asyncio.get_running_loop().time() > deadline:
            break
    for admin in (own, partner):
        admin.node.start(w.stage.processes)
        await diagnose(admin)
    found = await own.doctor(), await partner.doctor(own.domain)
    for diagnosis in found:
        diagnosis.expect("DNSSEC", grade)
    return found


async def diagnose(admin: Admin) -> Diagnosis:
    """What the doctor says of an admin's own node once that runs."""
    deadline = asyncio.get_running_loop().time() + _UP_S_MAX
    while True:
        diagnosis = await admin.doctor()
        is_up = diagnosis.finding("node").get("grade") == "ok"
        if is_up or asyncio.get_running_loop().time() > deadline:
            diagnosis.expect("node", "ok")
            return diagnosis


async def a_partner_is_examined_to_his_disk_and_back(w: World, here: str, there: str) -> None:
    """Both admins allowed each other; the doctor goes the whole way, with the time of each part"""
    one, other = w.admins[here], w.admins[there]
    await one.allows(other)
    await one.sees_peer(other.domain, {"trouble": {"code": "waits_at_domain"}})
    waits = await one.doctor(other.domain)
    waits.expect("link", "bad", "waits_at_domain")
    await other.allows(one)
    await one.is_linked(other)
    diagnosis = await one.doctor(other.domain)
    for about in (
        "records", "address", "DNSSEC", "key", "UDP", "link", "clock", "versions",
        "from outside", "test message",
    ):
        diagnosis.expect(about, "ok")
    expect(f"the worst of {diagnosis.whose}", diagnosis.worst, "ok")
    test = str(diagnosis.finding("test message")["found"])
    if not re.search(r"\d+ ms to this node's disk, \d+ ms to that of .*, \d+ ms to be read", test):
        raise Unmet(f"{diagnosis.whose}: the time of each part", test)


async def a_bad_network_is_measured(w: World, here: str, there: str) -> None:
    """A relay delays and loses on the way to a partner, and the doctor says how long it took"""
    diagnosis = await w.admins[here].doctor(f"{there}.test")
    found = str(diagnosis.expect("UDP", "ok")["found"])
    took = re.search(r"answers within (\d+) ms", found)
    if took is None or int(took.group(1)) < 30:
        raise Unmet(f"{diagnosis.whose}: UDP to take 30 ms or more", found)


async def a_shut_firewall_is_named_with_the_port_to_open(w: World, shut: str, by: str) -> None:
    """A firewall drops what comes from outside by UDP"""
    own, partner = w.admins[shut], w.admins[by]
    w.stage.network.shut(shut, FEDERATION_PORT)
    try:
        outside, inside = await asyncio.gather(partner.doctor(own.domain), own.doctor())
        port = f"UDP port {FEDERATION_PORT} has to be open"
        address = f"{w.address(shut)}:{FEDERATION_PORT}/udp"
        outside.expect("UDP", "bad", address, port)
        inside.expect("from outside", "bad", address, f"Open UDP port {FEDERATION_PORT}")
        inside.expect("clock", "ok", partner.domain)
    finally:
        w.stage.network.unlock(shut, FEDERATION_PORT)
    (await partner.doctor(own.domain)).expect("UDP", "ok", address)
