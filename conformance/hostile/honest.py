"""What the peer does before it lies: it federates as any other organisation's node, so that what
the node refuses afterwards it refuses for the lie."""

from __future__ import annotations

import paths  # noqa: F401  # makes the next two importable
from histories import Part, body_of
from peer import contact_event, say_texts, text_event
from people import event, expect
from stage import NO_COUNTER, Lie, Stage


async def _texts_both_ways(stage: Stage) -> str:
    """Mallory writes to somebody of the node, who answers."""
    session, person, log = await stage.with_texts("good day", "how are you?")
    await session.subscribe()
    codes = await session.show(Part.of(log))
    expect("what was not taken", codes, [])
    await person.laptop.sees(event("message", text="good day"))
    seen = await person.laptop.sees(event("message", text="how are you?"))
    await person.laptop.send(seen["channel"], "fine, and you?")
    expect("what was fed", await session.fed_texts(1, log.channel), ["fine, and you?"])
    say_texts(log, ["fine"])
    codes = await session.show(Part.of(log, 3))
    expect("what was not taken", codes, [])
    await person.laptop.sees(event("message", text="fine"))
    return "taken"


async def _a_contact(stage: Stage) -> str:
    """Mallory asks somebody to be a contact, who agrees."""
    person = await stage.victim()
    session = await stage.session()
    _, number = await session.account(person.account.split("@")[0])
    mallory = f"mallory@{stage.peer.identity.domain}"
    part = stage.peer.link_part(contact_event(number, 0, mallory, person.account))
    expect("what was not taken", await session.show(part), [])
    await person.laptop.sees(event("contact", step="asked"))
    await person.laptop.do("add_contact", account=mallory)
    await person.laptop.sees(event("contact", step="accepted"))
    return "taken"


async def _many_logs_in_one_batch(stage: Stage) -> str:
    """Heads of several logs stand under one checkpoint."""
    session, _, first = await stage.with_texts("one")
    _, person, second = await stage.with_texts("two", "three", "four", "five")
    _, _, third = await stage.with_texts("six")
    expect("what was not taken", await session.show(*map(Part.of, (first, second, third))), [])
    await person.laptop.sees(event("message", text="five"))
    second.say(text_event(), body_of("again".encode()))
    expect("what was not taken", await session.show(Part.of(second, 5)), [])
    await person.laptop.sees(event("message", text="again"))
    return "taken"


TABLE = {
    "honest": [
        Lie("texts go both ways", _texts_both_ways, "taken", NO_COUNTER),
        Lie("two become contacts", _a_contact, "taken", NO_COUNTER),
        Lie("many logs in one batch", _many_logs_in_one_batch, "taken", NO_COUNTER),
    ],
}
