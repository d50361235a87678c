"""The scenario `three-organisations`: what three can see that two cannot.

Beyond cuts and kills a node comes back with an older copy of its disk, a member is removed while
his organisation is cut off and writes on, a group's home is handed over, and a third organisation
comes late to two groups of the others, one of which was handed over meanwhile, and reads what was
said before.
"""

from __future__ import annotations

import time
from dataclasses import asdict

import corpus
from organisation import Organisation
from plan import Cast, Group, Message, Size
from story import Story, domain_of

ACME = "acme.test"
GLOBEX = "globex.test"
INITECH = "initech.test"

_REMOVED_FROM = "group 18, which somebody is removed from"
_HANDED_OVER = "group 19, which is handed over and then joined"
_JOINED_LATE = "group 20, which a third organisation joins"
_REMOVED = "지민@globex.test"
_LATE_COMERS = {
    _JOINED_LATE: ("ivy@initech.test", "игорь@initech.test"),
    _HANDED_OVER: ("いずみ@initech.test", "이서@initech.test"),
}
_LATE_TEXTS = 6
_TOPIC = "the new home wrote this"
_GROUPS = 17
"""How many groups have drawn members."""
_STEP_S_MAX = 60.0


class ThreeOrganisations(Story):
    """Acme, globex and initech. Initech, which is brought back with an older disk, is home of none
    of the groups."""

    SHORT = Size(messages=900, long_messages=6, per_second=22.0, fault_s_min=3.0)
    LONG = Size(messages=20_000, long_messages=21, per_second=110.0, fault_s_min=12.0)
    CAST = Cast(
        people={
            ACME: {
                "alice": ["socket", "socket"], "amir": ["socket", "socket"], "анна": ["socket"],
                "alma": ["poll"], "aki": ["socket"], "ada": ["socket"],
            },
            GLOBEX: {
                "bob": ["socket", "socket"], "지민": ["socket", "socket"], "greta": ["poll"],
                "gus": ["socket"], "bo": ["socket"], "小红": ["socket"],
            },
            INITECH: {
                "ivy": ["socket", "socket"], "いずみ": ["socket", "socket"], "игорь": ["poll"],
                "이서": ["socket"], "ida": ["socket"], "ines": ["socket"],
            },
        },
        # The last two stay within one organisation.
        directs=[
            ("alice@acme.test", "bob@globex.test"), ("지민@globex.test", "alice@acme.test"),
            ("amir@acme.test", "bob@globex.test"), ("gus@globex.test", "анна@acme.test"),
            ("alma@acme.test", "greta@globex.test"), ("小红@globex.test", "aki@acme.test"),
            ("ivy@initech.test", "alice@acme.test"), ("amir@acme.test", "いずみ@initech.test"),
            ("이서@initech.test", "анна@acme.test"), ("alma@acme.test", "игорь@initech.test"),
            ("ida@initech.test", "aki@acme.test"), ("ada@acme.test", "ines@initech.test"),
            ("bob@globex.test", "ivy@initech.test"), ("いずみ@initech.test", "지민@globex.test"),
            ("gus@globex.test", "이서@initech.test"), ("игорь@initech.test", "greta@globex.test"),
            ("bo@globex.test", "ida@initech.test"), ("ines@initech.test", "小红@globex.test"),
            ("alice@acme.test", "amir@acme.test"), ("ivy@initech.test", "いずみ@initech.test"),
        ],
        groups=[
            *(
                Group(
                    f"group {number}",
                    (ACME, GLOBEX, INITECH) if number % 2 else (GLOBEX, ACME, INITECH),
                    of_each=2 if number < _GROUPS else None,
                )
                for number in range(1, _GROUPS + 1)
            ),
            Group(
                _REMOVED_FROM,
                members=(
                    "alice@acme.test", "aki@acme.test", _REMOVED, "bob@globex.test",
                    "greta@globex.test", "ivy@initech.test", "ida@initech.test",
                ),
                silent=(_REMOVED,),
            ),
            Group(
                _HANDED_OVER,
                members=(
                    "amir@acme.test", "анна@acme.test", "gus@globex.test", "小红@globex.test",
                ),
            ),
            Group(
                _JOINED_LATE,
                members=(
                    "alice@acme.test", "alma@acme.test", "ada@acme.test", "bob@globex.test",
                    "bo@globex.test",
                ),
            ),
        ],
        cut_device="amir@acme.test/2",
    )

    def _prepare(self, texts: corpus.Corpus) -> None:
        devices = self._plan.devices(_REMOVED)
        self._late = [
            Message(devices[number % len(devices)], _REMOVED_FROM, texts.short())
            for number in range(_LATE_TEXTS)
        ]

    def _go_through_faults(self) -> None:
        acme, globex, initech = (self._organisations[d] for d in (ACME, GLOBEX, INITECH))
        self._await_share(0.05)
        self._cut_link(acme, globex)
        self._await_share(0.20)
        self._kill_for_a_while(globex)
        self._await_share(0.32)
        self._roll_back(initech)
        self._await_share(0.52)
        self._cut_client()
        self._await_share(0.68)
        self._remove_while_cut_off(globex)
        self._hand_over()
        self._await_share(0.90)
        for key in _LATE_COMERS:
            self._join_late(key)

    def _roll_back(self, victim: Organisation) -> None:
        """A node is stopped and copied as an admin would do it, goes on, is killed, and comes back
        with what it had when it was copied."""
        self._say(f"stopping and copying the node of {victim.node.domain}")
        victim.node.stop()
        copied = time.monotonic()
        victim.node.copy_disk()
        victim.node.start(self._processes)
        self._last(victim)
        self._say(f"killing the node of {victim.node.domain}, and bringing its older disk back")
        felt = self._that_feel(victim)
        began = time.monotonic()
        victim.node.kill()
        victim.node.restore_disk()
        self._last(*self._others(victim))
        healed = time.monotonic()
        victim.node.start(self._processes)
        self._note(
            f"{victim.node.domain} comes back with an older disk", "rollback", began, felt,
            healed=healed, copied=copied, organisation=victim.node.domain,
        )

    def _remove_while_cut_off(self, cut_off: Organisation) -> None:
        """The home removes a member of an organisation that does not hear of it; he writes on."""
        owner = self._plan.channel(_REMOVED_FROM).members[0]
        began = self._unplug(cut_off)
        self._say(f"{owner} removes {_REMOVED}, who writes on")
        self._plan.channel(_REMOVED_FROM).members.remove(_REMOVED)
        self._command(owner, "remove", _REMOVED_FROM, account=_REMOVED)
        for other in self._others(cut_off):
            self._settle(other, _REMOVED_FROM)
        late = [asdict(message) for message in self._late]
        cut_off.ask("write", timeout_s=_STEP_S_MAX, messages=late)
        self._last(*self._organisations.values())
        healed = self._plug(cut_off)
        name = f"{cut_off.node.domain} is unplugged, and a member removed"
        self._note(name, "link", began, healed=healed, sides=self._sides(cut_off))
        self._settle(cut_off, _REMOVED_FROM)

    def _hand_over(self) -> None:
        """The home of a group becomes another organisation's node, which then serves the owner's
        next request."""
        owner = self._plan.channel(_HANDED_OVER).members[0]
        self._say(f"{owner} hands a group over to {GLOBEX}")
        in_it = [self._organisations[domain] for domain in (ACME, GLOBEX)]
        self._command(owner, "hand_over", _HANDED_OVER, home=GLOBEX)
        for organisation in in_it:
            self._settle(organisation, _HANDED_OVER, home=GLOBEX)
        self._command(owner, "set_topic", _HANDED_OVER, topic=_TOPIC)
        for organisation in in_it:
            self._settle(organisation, _HANDED_OVER, home=GLOBEX, topic=_TOPIC)

    def _join_late(self, key: str) -> None:
        """A third organisation comes to a group of the others and reads what was said before, also
        in a term that its present home did not write."""
        channel = self._plan.channel(key)
        labels = _LATE_COMERS[key]
        self._say(f"{' and '.join(labels)} come to a group of the others")
        for label in labels:
            self._command(channel.members[0], "invite", key, account=label)
        channel.members.extend(labels)
        late_comers = self._organisations[INITECH]
        step = {"channel": key, "accounts": list(labels)}
        late_comers.ask("join_late", timeout_s=_STEP_S_MAX, members=channel.members, **step)
        for organisation in self._organisations.values():
            self._settle(organisation, key)

    def _command(self, actor: str, do: str, key: str, **fields: str) -> None:
        organisation = self._organisations[domain_of(actor)]
        step = {"account": actor, "command": do, "channel": key, "fields": fields}
        organisation.ask("command", **step)

    def _settle(self, organisation: Organisation, key: str, **state: str) -> None:
        """Waits until an organisation's members of a channel see it in a state."""
        members = self._plan.channel(key).members
        step = {"channel": key, "members": members, "state": state}
        organisation.ask("settle", timeout_s=_STEP_S_MAX, **step)
