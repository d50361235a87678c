"""What schemathesis is told about this API: who asks, which ids there are, and our three checks.

Loaded by schemathesis itself. Values that it drew and that have the form of an id or an account are
often changed into ones that exist, so that requests come past the first refusal; by their form
alone, so that later resources need no line here. Whoever loses his token by what he asked is
followed by somebody new.
"""

from __future__ import annotations

import os
import random
import re
import time
from typing import Any

import schemathesis

from documents import refusals
from lone import DOMAIN, Account, LoneNode

_POLL_MS_MAX = 50
_REAL = 0.75
_STATUSES = refusals()
_RANDOM = random.Random(int(os.environ["COMITY_SEED"]))
_CHANNEL = re.compile(r"[A-Za-z0-9_-]{43}")
_MESSAGE = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_DEVICE = re.compile(r"[0-9a-f]{16}")
_LABEL = re.compile(r"(#?)([^@#]+)@[^@]+")
_DOMAIN = re.compile(r"([a-z0-9-]+\.)+[a-z0-9-]+")
_MADE_UP = "x-schemathesis-"


class _Node(LoneNode):
    """A node that somebody else has started."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url


class _World:
    """Who asks, and what he could ask for."""

    def __init__(self) -> None:
        node = _Node(os.environ["COMITY_URL"])
        self.alice, self.bob = node.sign_up(), node.sign_up()
        self.group = self.alice.found_group("Tea", self.bob)
        self.direct = self.alice.open_direct(self.bob)
        self.messages = [self.alice.post(self.group, f"text {number}") for number in range(3)]
        self.messages.append(self.bob.post(self.group, "text of somebody else"))
        self.alice.call("PUT", f"/v1/aliases/tea-{self.alice.name}@{DOMAIN}".replace("@", "%40"),
                        {"channel": self.group})
        spare = {"name": self.alice.name, "password": "correct horse battery staple"}
        self.device = str(node.call("POST", "/v1/sessions", spare)["device"]["id"])

    def real(self, text: str) -> str:
        """A text, or one of its form that means something here."""
        if _CHANNEL.fullmatch(text):
            return self._often(text, self.group, self.direct)
        if _MESSAGE.fullmatch(text):
            return self._often(text, *self.messages)
        if _DEVICE.fullmatch(text):
            return self._often(text, self.device)
        if label := _LABEL.fullmatch(text):
            # This node has nobody to federate with: an account elsewhere is never reached.
            known = f"#tea-{self.alice.name}" if label.group(1) else self.bob.name
            return self._often(f"{label.group(1)}{label.group(2)}", known) + f"@{DOMAIN}"
        return DOMAIN if _DOMAIN.fullmatch(text) else text

    @staticmethod
    def _often(drawn: str, *real: str) -> str:
        return _RANDOM.choice(real) if _RANDOM.random() < _REAL else drawn


class _Now:
    """The world of the moment."""

    def __init__(self) -> None:
        self._world: _World | None = None

    def world(self) -> _World:
        """Made when it is first asked for."""
        if self._world is None:
            self._world = _World()
        return self._world

    def end(self) -> None:
        """Its token is gone."""
        self._world = None


_NOW = _Now()


@schemathesis.auth(refresh_interval=None)
class Bearer:
    """The token of whoever asks now."""

    def get(self, case: Any, context: Any) -> Account:
        """Who asks."""
        return _NOW.world().alice

    def set(self, case: Any, data: Account, context: Any) -> None:
        """Puts the token where it belongs."""
        case.headers["Authorization"] = f"Bearer {data.token}"


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Puts real ids in the place of drawn ones, and keeps polls short."""
    world = _NOW.world()
    for part in ("path_parameters", "query"):
        drawn = getattr(case, part)
        if isinstance(drawn, dict):
            setattr(case, part, {name: _real(world, value) for name, value in drawn.items()})
    if isinstance(alias := (case.path_parameters or {}).get("alias"), str):
        case.path_parameters["alias"] = world.real(f"#{alias}")[1:]
    if isinstance(case.body, (dict, list)):
        case.body = _real(world, case.body)
    wait = (case.query or {}).get("timeout")
    if str(wait).isdigit() and _POLL_MS_MAX < int(wait) <= 60_000:
        case.query["timeout"] = _POLL_MS_MAX


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Somebody new asks where a request cost the asker his token."""
    sent = response.request.headers.get("Authorization", "")
    asks = _NOW.world().alice.token
    if f"Bearer {asks}" == sent and response.status_code in (200, 204, 401):
        gone = case.method == "DELETE" and case.path in ("/v1/sessions/current", "/v1/me")
        if gone or _code(response) == "token_invalid":
            _NOW.end()
    wait = response.headers.get("retry-after", ["0"])[0]
    if wait.isdigit() and int(wait):
        time.sleep(min(int(wait), 2))


@schemathesis.check
def answered_as_documented(context: Any, response: Any, case: Any) -> None:
    """A yes has a status of its own in the document; a no has a code and that code's status."""
    status = response.status_code
    if status < 400:
        documented = case.operation.definition.raw["responses"]
        assert str(status) in documented, f"the document has no answer {status}"
        return
    code = _code(response)
    assert code is not None, f"a refusal without a code: {response.text[:200]}"
    assert code in _STATUSES, f"the reference does not have the code {code}"
    assert status == _STATUSES[code], f"{code} has status {_STATUSES[code]}, not {status}"


@schemathesis.check
def no_fault_of_the_node(context: Any, response: Any, case: Any) -> None:
    """No 5xx, but where a domain was asked for, of which this node reaches none."""
    code = _code(response) or ""
    reached_nobody = response.status_code == 502 and code.startswith("domain_")
    assert response.status_code < 500 or reached_nobody, f"{response.status_code} {code}"


@schemathesis.check
def refused_when_wrong(context: Any, response: Any, case: Any) -> None:
    """What breaks the document is refused. A field that may be left out may be null as well."""
    if case.meta is None or not case.meta.generation.mode.is_negative or _is_mended(case):
        return
    if response.status_code < 400 and not _is_loose(case.body) and not _is_passed_over(case):
        raise AssertionError(f"what breaks the document was answered with {response.status_code}")


def _is_mended(case: Any) -> bool:
    """Whether nothing is wrong any more: schemathesis puts values that it has met in the place of
    those that it made up, and then calls the case positive."""
    data = case.meta.phase.data
    return str(getattr(data, "description", "")).startswith("Positive")


def _is_passed_over(case: Any) -> bool:
    """Whether all that is wrong stands where this API does not look: names of the query that it
    does not know, headers, and so what type the body says that it has."""
    wrong = {
        place.value for place, part in case.meta.components.items() if part.mode.is_negative
    }
    known = {parameter.name for parameter in case.operation.query}
    if not known.issuperset(case.query or {}):
        wrong.discard("query")
    # What schemathesis has met in an answer it puts in the place of what it had made up.
    drawn = {draw.path[0] for draw in getattr(case.meta, "semantic_draws", None) or [] if draw.path}
    if drawn.issuperset(case.path_parameters or {}):
        wrong.discard("path")
    return not wrong & {"query", "path", "body"}


def _is_loose(body: Any) -> bool:
    """Whether a body has nulls, or fields that schemathesis made up: both are passed over."""
    if isinstance(body, dict):
        made_up = any(str(name).startswith(_MADE_UP) for name in body)
        return made_up or any(value is None or _is_loose(value) for value in body.values())
    return False


def _code(response: Any) -> str | None:
    try:
        return str(response.json()["error"]["code"])
    except (KeyError, TypeError, ValueError):
        return None


def _real(world: _World, value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _real(world, inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_real(world, inner) for inner in value]
    return world.real(value) if isinstance(value, str) else value
