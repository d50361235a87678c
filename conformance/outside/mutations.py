"""Right and wrong values of a schema: what a frame looks like, and each small way to break it.

A pure generator: the same schema gives the same values. It must know no frame by name, so that
frames which are added later are covered by the document alone.
"""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass
from typing import Any, Callable, Iterator

from hypothesis import find, settings, strategies
from hypothesis.errors import NoSuchExample

from documents import Json, origin, variants

_UNKNOWN_WORD = "no such word"
_LONG = 70_000
_ENDLESS_INTEGERS = (-1, 2**31, 2**63, 2**64, 10**40)
_SAMPLES: dict[str, Any] = {
    "null": None, "boolean": True, "integer": 7, "number": 1.5, "string": "text", "array": [],
    "object": {},
}
_TYPE_OF = {
    bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object",
}

Values = Callable[[str, Json], Any]
"""A right value for a field, by its name and schema, where the caller has one; else `None`."""


@dataclass
class Wrong:
    """A frame that breaks its schema in one place."""

    what: str
    frame: Any

    def text(self) -> str:
        """As it is sent."""
        return self.frame if isinstance(self.frame, str) else json.dumps(self.frame)


def example(schema: Json, values: Values, *, everything: bool = False) -> Json:
    """A right object: the required fields, or `everything` that the schema names."""
    required = schema.get("required", [])
    return {
        name: value_of(name, field, values)
        for name, field in schema.get("properties", {}).items()
        if everything or name in required
    }


def value_of(name: str, schema: Json, values: Values) -> Any:
    """A right value of a field."""
    schema = next(variants(schema))
    if (value := values(name, schema)) is not None:
        return value
    for word in ("const", "default", "example"):
        if word in schema:
            return schema[word]
    for word in ("enum", "examples"):
        if schema.get(word):
            return schema[word][0]
    kind = types(schema)[0]
    if kind == "string":
        return _string(schema)
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    if kind == "array":
        item = schema.get("items", {})
        return [value_of(name, item, values) for _ in range(schema.get("minItems", 1))]
    if kind == "object":
        return example(schema, values)
    return _SAMPLES[kind]


def types(schema: Json) -> list[str]:
    """The types that a schema without a choice allows."""
    kind = schema.get("type")
    if isinstance(kind, str):
        return [kind]
    if kind:
        return list(kind)
    if "const" in schema or "enum" in schema:
        given = [schema["const"]] if "const" in schema else schema["enum"]
        return sorted({_TYPE_OF.get(type(value), "null") for value in given})
    return ["object"] if "properties" in schema else ["string"]


def wrong_frames(schema: Json, values: Values) -> Iterator[Wrong]:
    """Every small way to break a frame of this schema; a schema without a choice at its top."""
    right = example(schema, values)
    yield from _wrong_objects("", schema, values, lambda changed: changed, right)
    for name, field in schema.get("properties", {}).items():
        shape = next(variants(field))
        if "string" in types(shape) and "enum" not in shape and "const" not in shape:
            base = {**right, name: value_of(name, field, values)}
            yield from _wrong_texts(name, base)
            break


def wrong_everywhere() -> Iterator[Wrong]:
    """What is no frame at all."""
    texts = {
        "nothing": "", "a word": "hello", "a number": "7", "null": "null", "a string": '"ping"',
        "an array": '["ping"]', "an object without end": '{"type":"ping"',
        "something after the object": '{"type":"ping"}{}', "a comment": '{"type":"ping"/**/}',
        "single quotes": "{'type':'ping'}", "a NUL": "\0", "an empty object": "{}",
        "a type that is unknown": f'{{"type":"{_UNKNOWN_WORD}"}}',
        "the same field twice": '{"type":"ping","type":"ping"}',
        "a byte order mark": '\ufeff{"type":"ping"}',
        "10,000 arrays in each other": '{"type":' + "[" * 10_000 + "]" * 10_000 + "}",
        "10,000 objects in each other": '{"a":' * 10_000 + "1" + "}" * 10_000,
        "10,000 arrays without end": "[" * 10_000,
    }
    for what, text in texts.items():
        yield Wrong(what, text)


def _wrong_objects(
    path: str, schema: Json, values: Values, placed: Callable[[Any], Any], right: Json
) -> Iterator[Wrong]:
    """What is wrong with an object, somewhere in a frame: `placed` puts it where it belongs."""
    for name in schema.get("required", []):
        without = {field: value for field, value in right.items() if field != name}
        yield Wrong(f"without `{path}{name}`", placed(without))
    for name, field in schema.get("properties", {}).items():
        is_required = name in schema.get("required", [])

        def with_field(value: Any, name: str = name) -> Any:
            return placed({**copy.deepcopy(right), name: value})

        yield from _wrong_values(f"{path}{name}", field, values, with_field, is_required)


def _wrong_values(
    path: str, schema: Json, values: Values, placed: Callable[[Any], Any], is_required: bool
) -> Iterator[Wrong]:
    choices = list(variants(schema))
    allowed = {kind for choice in choices for kind in types(choice)}
    if "number" in allowed:
        allowed.add("integer")
    for kind, sample in _SAMPLES.items():
        # A field that may be left out may be null as well.
        if kind not in allowed and (kind != "null" or is_required):
            yield Wrong(f"`{path}` is {kind}", placed(sample))
    if len(choices) == 1:
        yield from _out_of_bounds(path, choices[0], values, placed)
    elif all(("enum" in choice or "const" in choice) for choice in choices):
        yield Wrong(f"`{path}` is an unknown word", placed(_UNKNOWN_WORD))


def _out_of_bounds(
    path: str, schema: Json, values: Values, placed: Callable[[Any], Any]
) -> Iterator[Wrong]:
    kinds = types(schema)
    if ("enum" in schema or "const" in schema) and "string" in kinds:
        yield Wrong(f"`{path}` is an unknown word", placed(_UNKNOWN_WORD))
        yield Wrong(f"`{path}` is empty", placed(""))
    elif "string" in kinds:
        for what, text in _wrong_strings(schema):
            yield Wrong(f"`{path}` is {what}", placed(text))
    if "integer" in kinds:
        yield Wrong(f"`{path}` is a fraction", placed(1.5))
        for number in _wrong_numbers(schema):
            yield Wrong(f"`{path}` is {number}", placed(number))
    if "array" in kinds:
        if (most := schema.get("maxItems")) is not None:
            item = value_of(path, schema.get("items", {}), values)
            yield Wrong(f"`{path}` has {most + 1} items", placed([item] * (most + 1)))
        if isinstance(schema.get("items"), dict):
            yield from _wrong_values(
                f"{path}[]", schema["items"], values, lambda value: placed([value]), True
            )
    if "object" in kinds and "properties" in schema:
        right = example(schema, values)
        yield from _wrong_objects(f"{path}.", schema, values, placed, right)


def _wrong_strings(schema: Json) -> Iterator[tuple[str, str]]:
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    pattern = schema.get("pattern")
    if least > 0:
        yield "empty", ""
    if least > 1:
        yield "too short", "a" * (least - 1)
    if most is not None:
        longest = _string({**schema, "minLength": most})[:most].ljust(most, "a")
        yield "too long by one", longest + "a"
        yield f"of {most + _LONG} characters", "a" * (most + _LONG)
    if pattern:
        for text in ("", "?", "a b", "\0", "é", "a" * _LONG):
            if not re.search(pattern, text):
                yield f"of another form ({text[:3]!r})", text


def _wrong_numbers(schema: Json) -> Iterator[int]:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None:
        yield least - 1
    if most is not None:
        yield most + 1
    for number in _ENDLESS_INTEGERS:
        if (least is not None and number < least) or (most is not None and number > most):
            yield number


def _wrong_texts(name: str, right: Json) -> Iterator[Wrong]:
    """JSON that no encoder writes, with the whole frame around it."""
    marker = "\u0001"
    text = json.dumps({**right, name: marker})
    marked = json.dumps(marker)
    forms = {
        "a lone surrogate": '"\\ud83d"', "half an escape": '"\\u12"', "an unknown escape": '"\\q"',
        "a raw line break": '"a\nb"', "a string without end": '"a',
    }
    for what, form in forms.items():
        yield Wrong(f"`{name}` is {what}", text.replace(marked, form))


def _string(schema: Json) -> str:
    least, most = schema.get("minLength", 1), schema.get("maxLength", 10**6)
    pattern = schema.get("pattern")
    if not pattern:
        return "a" * max(least, 1)
    fits: Callable[[str], bool] = lambda text: least <= len(text) <= most and text.isprintable()
    try:
        quick = settings(database=None, derandomize=True, max_examples=500)
        return str(find(strategies.from_regex(pattern), fits, settings=quick))
    except NoSuchExample:
        raise ValueError(f"no text of {least} to {most} characters fits {pattern}") from None


__all__ = [
    "Values", "Wrong", "example", "origin", "types", "value_of", "wrong_everywhere", "wrong_frames",
]
