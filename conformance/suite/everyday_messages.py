"""Chapter two of `everyday`: what is said in a channel, what is said of it later, and how it is
read again.

Most scenes are told once in each room: within one organisation, across two, and in a group of both.
"""

from __future__ import annotations

from urllib.parse import quote

from client import Json
from people import ABSENT, Person, Room, SOMETHING, event, everybody, expect, refused, until

_LINES = 24
_PAGE = 7
_FOUND_S_MAX = 60.0
"""How long a message may take to be found: half a minute of a busy node, and some more."""
_THUMB = "👍"
_CAKE = "🎂"


async def a_format_is_declared(room: Room) -> None:
    """A text says that it is Markdown, and comes as it was written; a plain one says nothing"""
    said = await room.says("**Where** shall <b>we</b> eat?", format="markdown")
    plain = await room.says("Где?", {"format": ABSENT}, format="plain")
    await room.shows(said, {"text": "**Where** shall <b>we</b> eat?", "format": "markdown"})
    await room.shows(plain, {"text": "Где?", "format": ABSENT})


async def an_edit_replaces_the_text(room: Room) -> None:
    """An edit shows at the message everywhere, and the former text is not kept"""
    said = await room.says("Tea at fvie?")
    await room.speaker.phone.put(
        room.message_path(said), text="Tea at **five**?", format="markdown"
    )
    new: Json = {"text": "Tea at **five**?", "format": "markdown"}
    edited = await everybody(room.people, event("edited", message=said, **new))
    expect("who edited", edited["event"]["sender"], room.speaker.account)
    await room.shows(said, {**new, "edited_time": edited["event"]["time"]})
    await _versions_are(room, said, [{"text": None}, new])


async def an_edit_keeps_the_text(room: Room, owner: Person) -> None:
    """By the rule `edits` of a group all versions are kept, for members of both organisations"""
    await _set_rule(room, owner, edits="kept")
    said = await room.says("one")
    for text in ("two", "three"):
        await room.speaker.laptop.do("edit", channel=room.channel, message=said, text=text)
        await everybody(room.people, event("edited", message=said, text=text))
    await room.shows(said, {"text": "three", "edited_time": SOMETHING})
    await _versions_are(room, said, [{"text": "one"}, {"text": "two"}, {"text": "three"}])
    await room.speaker.laptop.delete(room.message_path(said))
    await everybody(room.people, event("erased", message=said))
    await _versions_are(room, said, [{"text": None}] * 3)
    await _set_rule(room, owner, edits="replaced")


async def a_message_is_deleted(room: Room) -> None:
    """The author erases a message: its text goes everywhere, and the other side confirms it"""
    said = await room.says("I did not mean this.")
    answer = await room.speaker.laptop.delete(room.message_path(said))
    expect("the answer to who erases", answer, {"status": "done"})
    erased = event("erased", message=said, sender=room.speaker.account)
    await everybody(room.people, erased)
    gone = {"text": None, "erased": True, "sender": room.speaker.account, "by": ABSENT}
    await room.shows(said, gone)
    others = {person.organisation for person in room.others} - {room.speaker.organisation}

    async def erasure() -> object:
        found = await room.speaker.phone.get(room.message_path(said))
        return found.get("erasure")

    wanted = {"confirmed": sorted(others), "unconfirmed": []}
    await until("what the author is told of the erasure", erasure, wanted)


async def a_moderator_deletes(room: Room, owner: Person) -> None:
    """The owner of a group erases what a member of the other organisation wrote"""
    said = await room.says("Buy my pills!")
    await owner.laptop.do("erase", channel=room.channel, message=said)
    await everybody(room.people, event("erased", message=said, sender=owner.account))
    await room.shows(said, {"text": None, "erased": True})
    member = room.others[-1]
    theirs = await room.hears(owner, "Rules are rules.")
    await refused("not_allowed", member.laptop.delete(room.message_path(theirs)))


async def a_message_is_answered(room: Room) -> None:
    """Replies name what they answer, and a thread is read by itself and counted at its root"""
    root = await room.says("Where to eat?")
    answerer = room.others[0]
    first = await room.hears(answerer, "Thai", thread=root, reply_to=root)
    # In a thread of a reply: it is the same thread.
    same = {"thread": root, "reply_to": ABSENT}
    second = await room.says("No, pizza", same, thread=first)
    last_time = (await room.speaker.laptop.message(room.channel, second))["time"]
    await room.shows(root, {"replies": {"count": 2, "last_time": last_time}})
    for person in room.people:
        found = await person.laptop.get(room.message_path(root, "/replies"))
        wanted = {"events": [{"id": first, "reply_to": root}, {"id": second}], "more": False}
        expect(f"the thread as {person} reads it", found, wanted)
        path = room.message_path(root, "/replies")
        found = await person.phone.get(path, after=first, limit="1")
        expect(f"the end of the thread for {person}", found["events"], [{"id": second}])


async def reactions_are_counted(room: Room) -> None:
    """Reactions count each account once, come to everybody, and end"""
    said = await room.says("Cake!")
    speaker, other = room.speaker, room.others[0]
    await other.laptop.put(room.message_path(said, f"/reactions/{quote(_THUMB)}"))
    await other.phone.do("react", channel=room.channel, message=said, reaction=_THUMB)
    await speaker.laptop.do("react", channel=room.channel, message=said, reaction=_CAKE)
    await other.laptop.do("react", channel=room.channel, message=said, reaction=_CAKE)
    for person, reaction in ((other, _THUMB), (speaker, _CAKE), (other, _CAKE)):
        fields = {"message": said, "reaction": reaction, "on": True}
        await everybody(room.people, event("reacted", sender=person.account, **fields))
    both = sorted([speaker.account, other.account])
    await _reactions_are(room, said, {_THUMB: [other.account], _CAKE: both})
    await other.laptop.delete(room.message_path(said, f"/reactions/{quote(_CAKE)}"))
    ended = {"message": said, "reaction": _CAKE, "on": False}
    await everybody(room.people, event("reacted", sender=other.account, **ended))
    await _reactions_are(room, said, {_THUMB: [other.account], _CAKE: [speaker.account]})


async def messages_are_pinned(room: Room) -> None:
    """Pinned messages are listed the last pinned first, for everybody, until they are unpinned"""
    one = await room.says("The menu")
    two = await room.says("The address")
    other = room.others[0]
    for message in (one, two):
        await other.laptop.put(f"/v1/channels/{room.channel}/pins/{message}")
        pinned = {"message": message, "on": True, "sender": other.account}
        await everybody(room.people, event("pinned", **pinned))
    await room.shows(one, {"pinned": True})
    await _pins_are(room, [two, one])
    await room.speaker.phone.do("pin", channel=room.channel, message=one, on=False)
    await everybody(room.people, event("pinned", message=one, on=False))
    await room.shows(one, {"pinned": ABSENT})
    await _pins_are(room, [two])
    await other.laptop.delete(f"/v1/channels/{room.channel}/pins/{two}")
    await everybody(room.people, event("pinned", message=two, on=False))
    await _pins_are(room, [])


async def mentioning_all_is_a_right(room: Room, owner: Person) -> None:
    """Who may mention all is a rule of the group, by role, in both organisations"""
    await room.says("Everybody!", mention_all=True)
    await _set_rule(room, owner, mentioning="moderator")
    for member in room.people:
        if member is not owner:
            sending = member.laptop.send(room.channel, "Hey", mention_all=True)
            await refused("not_allowed", sending)
    await room.hears(owner, "Lunch!", mention_all=True)
    # One by one anybody may mention them; who is no member is left out.
    one = owner.account
    await room.says("You, then", {"mentions": [one]}, mentions=[one, "nobody@acme.test"])
    await _set_rule(room, owner, mentioning="member")
    for person in room.people:
        person.saw_none(event("message", text="Hey"))


async def history_is_read_both_ways(room: Room) -> None:
    """Everybody pages back and on, jumps to a message and jumps to a date, and finds the same"""
    speakers = [room.speaker, *room.others]
    said = [
        await speakers[number % len(speakers)].laptop.send(room.channel, f"line {number}")
        for number in range(_LINES)
    ]
    for number in range(_LINES - len(speakers), _LINES):
        await everybody(room.people, event("message", id=said[number]))
    said.sort()
    for person in room.people:
        await _reads_both_ways(person, room, said)
        await _jumps(person, room, said)


async def _reads_both_ways(person: Person, room: Room, said: list[str]) -> None:
    back: list[str] = []
    page = await person.laptop.page(room.channel, limit=str(_PAGE))
    expect("the newest page", page, {"more_after": False, "more_before": True})
    while len(back) < len(said):
        expect(f"the length of a page of {person}", len(page["events"]), _PAGE)
        back = [found["id"] for found in page["events"]] + back
        page = await person.laptop.page(room.channel, limit=str(_PAGE), before=back[0])
    expect(f"what {person} reads going back", back[-len(said):], said)
    on = [said[0]]
    more = True
    while more:
        page = await person.phone.page(room.channel, limit=str(_PAGE), after=on[-1])
        on += [found["id"] for found in page["events"]]
        more = page["more_after"]
    expect(f"what {person} reads going on", on, said)


async def _jumps(person: Person, room: Room, said: list[str]) -> None:
    there = len(said) // 2
    page = await person.laptop.page(room.channel, around=said[there], limit="5")
    found = [one["id"] for one in page["events"]]
    expect(f"what {person} finds around a message", found, said[there - 2:there + 3])
    expect("a page in the midst", page, {"more_before": True, "more_after": True})
    page = await person.laptop.page(room.channel, after=said[0], limit=str(_LINES))
    times = [one["time"] for one in page["events"]]
    first = next(number for number in range(9, _LINES) if times[number] > times[number - 1])
    page = await person.phone.page(room.channel, date=times[first], limit="3")
    found = [one["id"] for one in page["events"]]
    expect(f"what {person} finds from a time on", found, said[first + 1:first + 4])
    tomorrow = await person.phone.page(room.channel, date="2222-01-01")
    expect("what is from a day to come on", tomorrow, {"events": [], "more_after": False})
    today = await person.phone.page(room.channel, date="2020-01-01", limit="1")
    oldest = await person.phone.page(room.channel, before=today["events"][0]["id"])
    expect("what is before the first event from a day long ago on", oldest["events"], [])


async def words_are_found(room: Room, stranger: Person) -> None:
    """Everybody finds what was said by its words, in any script; strangers find nothing, and
    nobody what was edited away or erased"""
    said = await room.says("Das Kaffeehäuschen am Fluß, 서울에서 만나요, 東京都から")
    queries = ("kaffeehauschen", "FLUSS", '"am fluß"', "kaff*", "서울", "京都", "만")
    for person in room.people:
        for query in queries:
            await _finds(person, room, query, [said])
        await _finds(person, room, "kaffeehauschen", [said], author=room.speaker.account)
        await _finds(person, room, "kaffeehauschen", [], author=room.others[0].account)
        await _finds(person, room, "kaffeehauschen", [], until="2020-01-01")
    found = await stranger.laptop.get("/v1/search", q="kaffeehauschen")
    expect("what a stranger finds", found, {"results": [], "cursor": ABSENT})
    searching = stranger.laptop.get("/v1/search", q="kaffee", channel=room.channel)
    await refused("channel_not_found", searching)
    await room.speaker.phone.put(room.message_path(said), text="Das Teehaus")
    for person in room.people:
        await _finds(person, room, "teehaus", [said])
        await _finds(person, room, "kaffeehauschen", [])
    await room.speaker.laptop.delete(room.message_path(said))
    await everybody(room.people, event("erased", message=said))
    for person in room.people:
        await _finds(person, room, "teehaus", [])


async def _finds(
    person: Person, room: Room, words: str, wanted: list[str], **where: str
) -> None:
    async def found() -> object:
        results = (await person.phone.get("/v1/search", q=words, channel=room.channel, **where))
        return [result["event"]["id"] for result in results["results"]]

    await until(f"what {person} finds by {words}", found, wanted, _FOUND_S_MAX)


async def _set_rule(room: Room, owner: Person, **rule: str) -> None:
    answer = await owner.laptop.do("set_rule", channel=room.channel, **rule)
    expect("the answer to who sets a rule at home", answer, {"status": "done"})
    await everybody(room.people, event("rule_changed", sender=owner.account, **rule))


async def _versions_are(room: Room, message: str, wanted: list[Json]) -> None:
    for person in room.people:
        found = await person.laptop.get(room.message_path(message, "/versions"))
        expect(f"the versions that {person} reads", found["versions"], wanted)


async def _reactions_are(room: Room, message: str, wanted: dict[str, list[str]]) -> None:
    for person in room.people:
        found = await person.phone.message(room.channel, message)
        shown = {one["reaction"]: sorted(one["accounts"]) for one in found["reactions"]}
        counts = {one["reaction"]: one["count"] for one in found["reactions"]}
        expect(f"who has reacted, as {person} sees it", shown, wanted)
        expected = {reaction: len(accounts) for reaction, accounts in wanted.items()}
        expect(f"how many have reacted, as {person} sees it", counts, expected)


async def _pins_are(room: Room, wanted: list[str]) -> None:
    for person in room.people:
        found = await person.laptop.get(f"/v1/channels/{room.channel}/pins")
        expect(f"the pins that {person} sees", [one["id"] for one in found["events"]], wanted)
