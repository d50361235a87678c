"""The scenario `two-organisations`: two nodes, real text, and what goes wrong meanwhile.

Two organisations chat in direct and group channels while their link is cut, a node is killed, a
client loses its connection and a node comes back from the dead alone.
"""

from __future__ import annotations

from plan import Cast, Group, Size
from story import Story

ACME = "acme.test"
GLOBEX = "globex.test"

_GROUPS = 10


class TwoOrganisations(Story):
    """Acme and globex."""

    SHORT = Size(messages=600, long_messages=4, per_second=16.0, fault_s_min=3.0)
    LONG = Size(messages=10_000, long_messages=14, per_second=110.0, fault_s_min=12.0)
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
        },
        # The last two stay within one organisation.
        directs=[
            ("alice@acme.test", "bob@globex.test"), ("지민@globex.test", "alice@acme.test"),
            ("amir@acme.test", "bob@globex.test"), ("gus@globex.test", "анна@acme.test"),
            ("alma@acme.test", "greta@globex.test"), ("小红@globex.test", "aki@acme.test"),
            ("ada@acme.test", "bo@globex.test"), ("지민@globex.test", "amir@acme.test"),
            ("alice@acme.test", "amir@acme.test"), ("bob@globex.test", "greta@globex.test"),
        ],
        # Everybody is in the last group; the others have three members of each organisation.
        groups=[
            Group(
                f"group {number}",
                (ACME, GLOBEX) if number % 2 else (GLOBEX, ACME),
                of_each=3 if number < _GROUPS else None,
            )
            for number in range(1, _GROUPS + 1)
        ],
        cut_device="amir@acme.test/2",
    )

    def _go_through_faults(self) -> None:
        acme, globex = self._organisations[ACME], self._organisations[GLOBEX]
        self._await_share(0.08)
        self._cut_link(acme, globex)
        self._await_share(0.25)
        self._kill_for_a_while(globex)
        self._await_share(0.42)
        self._cut_client()
        self._await_share(0.62)
        self._unplug_and_kill()

    def _unplug_and_kill(self) -> None:
        """Two faults at once: a node comes back from the dead while it reaches nobody."""
        acme, globex = self._organisations[ACME], self._organisations[GLOBEX]
        began = self._unplug(acme)
        self._last(acme, globex)
        felt = self._kill(acme, globex)
        self._last(globex)
        healed = self._plug(acme)
        name = "acme.test is unplugged, and killed meanwhile"
        self._note(name, "link", began, felt, healed=healed, sides=self._sides(acme))
