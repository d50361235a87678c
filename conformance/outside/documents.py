"""The documents in which a node describes itself, and the table of refusals of the reference.

References are put in place of what they name, so that a schema can be walked and checked alone.
It knows OpenAPI, AsyncAPI and the reference's table, and nothing of what they describe.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Iterator

import jsonschema_rs

from lone import LoneNode

Json = dict[str, Any]

REFERENCE = Path(__file__).resolve().parents[2] / "docs/client/README.md"

_ROW = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \| (\d{3}) \|", re.MULTILINE)
_DEPTH_MAX = 40
_ORIGIN = "x-named"


class Documents:
    """OpenAPI and AsyncAPI, as they refer to each other."""

    def __init__(self, openapi: Json, asyncapi: Json) -> None:
        self.openapi = openapi
        self.asyncapi = asyncapi
        self._validators: dict[str, Any] = {}

    @classmethod
    def of(cls, node: LoneNode) -> "Documents":
        """Those that a node serves."""
        return cls(node.document("openapi"), node.document("asyncapi"))

    def client_frames(self) -> dict[str, Json]:
        """The schema of each frame that clients send."""
        return self._frames("receive")

    def node_frames(self) -> dict[str, Json]:
        """The schema of each frame that the node sends."""
        return self._frames("send")

    def why_wrong(self, frame: Json) -> str | None:
        """What the AsyncAPI document has against a frame of the node's."""
        if not self._validators:
            for name, schema in self.node_frames().items():
                self._validators[name] = jsonschema_rs.Draft202012Validator(schema)
        kind = str(frame.get("type"))
        validator = self._validators.get(kind)
        if validator is None:
            return f"a frame of an undocumented type: {kind}"
        return next((str(error.message) for error in validator.iter_errors(frame)), None)

    def _frames(self, action: str) -> dict[str, Json]:
        frames = {}
        for operation in self.asyncapi["operations"].values():
            if operation["action"] == action:
                for message in operation["messages"]:
                    found = self.resolved(message, self.asyncapi)
                    frames[found.get("name") or found["title"]] = found["payload"]
        return frames

    def resolved(self, schema: Any, home: Json, depth: int = 0) -> Any:
        """The schema with everything that it refers to in place. What was named keeps its name, so
        that a reader can tell a channel's id from any other text."""
        if depth > _DEPTH_MAX:
            return True  # A schema that names itself: from here on anything goes.
        if isinstance(schema, list):
            return [self.resolved(item, home, depth + 1) for item in schema]
        if not isinstance(schema, dict):
            return schema
        if isinstance(reference := schema.get("$ref"), str):
            target, document = self._target(reference, home)
            found = self.resolved(target, document, depth + 1)
            beside = {name: value for name, value in schema.items() if name != "$ref"}
            if not isinstance(found, dict):
                return found
            return {_ORIGIN: reference.rsplit("/", 1)[-1], **found, **beside}
        return {name: self.resolved(value, home, depth + 1) for name, value in schema.items()}

    def _target(self, reference: str, home: Json) -> tuple[Any, Json]:
        file, _, pointer = reference.partition("#")
        document: Any = {"openapi.json": self.openapi, "asyncapi.json": self.asyncapi}.get(
            file.rsplit("/", 1)[-1], home
        )
        found = document
        for step in pointer.strip("/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        return found, document


def origin(schema: Json) -> str:
    """The name under which a schema was referred to."""
    return str(schema.get(_ORIGIN, ""))


def refusals(text: str | None = None) -> dict[str, int]:
    """The status of each code, as the reference has them."""
    text = REFERENCE.read_text() if text is None else text
    table = text.split("\n## Refusals", 1)[1].split("\n## ", 1)[0]
    found = {
        code: int(status)
        for codes, status in _ROW.findall(table)
        for code in re.findall(r"`(\w+)`", codes)
    }
    if not found:
        raise ValueError("the reference has no table of refusals")
    return found


def variants(schema: Json) -> Iterator[Json]:
    """The shapes that a schema allows, each without a choice at its top."""
    for word in ("oneOf", "anyOf"):
        if word in schema:
            rest = {name: value for name, value in schema.items() if name != word}
            for choice in schema[word]:
                if isinstance(choice, dict):
                    yield from variants(_merged(rest, choice))
            return
    if "allOf" in schema:
        merged = {name: value for name, value in schema.items() if name != "allOf"}
        for part in schema["allOf"]:
            merged = _merged(merged, part)
        yield from variants(merged)
        return
    yield schema


def _merged(left: Json, right: Json) -> Json:
    both = {**left, **right}
    if "properties" in left or "properties" in right:
        both["properties"] = {**left.get("properties", {}), **right.get("properties", {})}
    required = [*left.get("required", []), *right.get("required", [])]
    if required:
        both["required"] = list(dict.fromkeys(required))
    return both
