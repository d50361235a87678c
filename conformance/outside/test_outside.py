"""The checks' own tests: a generator that breaks nothing, or a judge that finds nothing, proves
nothing."""

from __future__ import annotations

import json
import unittest
from pathlib import Path
from typing import Any

import bots
import jsonschema_rs
import schema
from documents import Documents, Json, refusals, variants
from mutations import example, wrong_everywhere, wrong_frames
from wire import BINARY, CLOSE, TEXT, accept_of, described, frame, masked_bytes

_NEW_FRAME: Json = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "enum": ["wave"]},
        "nonce": {"$ref": "openapi.json#/components/schemas/Nonce"},
        "hand": {"type": "string", "enum": ["left", "right"]},
        "times": {"type": "integer", "minimum": 1, "maximum": 5},
        "to": {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 2},
        "how": {
            "type": "object", "properties": {"fast": {"type": "boolean"}}, "required": ["fast"],
        },
        "until": {"oneOf": [{"type": "string", "enum": ["noon"]}, {"type": "integer"}]},
    },
    "required": ["type", "nonce", "hand"],
}


def _documents() -> Documents:
    openapi = {"components": {"schemas": {"Nonce": {"type": "string", "pattern": "^[1-9][0-9]*$"}}}}
    answer = {"type": "object", "properties": {"type": {"enum": ["waved"]}}, "required": ["times"]}
    asyncapi: Json = {
        "channels": {"socket": {"messages": {
            "wave": {"$ref": "#/components/messages/wave"},
            "waved": {"$ref": "#/components/messages/waved"},
        }}},
        "operations": {
            "in": {"action": "receive", "messages": [{"$ref": "#/channels/socket/messages/wave"}]},
            "out": {"action": "send", "messages": [{"$ref": "#/channels/socket/messages/waved"}]},
        },
        "components": {"messages": {
            "wave": {"title": "wave", "payload": _NEW_FRAME},
            "waved": {"title": "waved", "payload": answer},
        }},
    }
    return Documents(openapi, asyncapi)


def _nothing(_name: str, _schema: Json) -> Any:
    return None


class NewFrames(unittest.TestCase):
    """A frame that nobody has heard of is covered by its schema alone."""

    def setUp(self) -> None:
        self.schema = _documents().client_frames()["wave"]
        self.wrong = list(wrong_frames(self.schema, _nothing))

    def test_each_wrong_frame_breaks_the_schema(self) -> None:
        validator = jsonschema_rs.Draft202012Validator(self.schema)
        for wrong in self.wrong:
            if not isinstance(wrong.frame, str):
                self.assertFalse(validator.is_valid(wrong.frame), f"{wrong.what}: {wrong.frame}")
            else:
                self.assertRaises(ValueError, _strictly, wrong.frame)

    def test_a_right_frame_keeps_the_schema(self) -> None:
        validator = jsonschema_rs.Draft202012Validator(self.schema)
        for everything in (False, True):
            right = example(self.schema, _nothing, everything=everything)
            self.assertTrue(validator.is_valid(right), right)
        self.assertIn("how", right)

    def test_every_rule_of_the_schema_is_broken(self) -> None:
        what = {wrong.what for wrong in self.wrong}
        for expected in (
            "without `hand`", "`hand` is an unknown word", "`times` is 0", "`times` is 6",
            "`times` is a fraction", "`to` has 3 items", "`to[]` is empty", "`to[]` is integer",
            "without `how.fast`", "`how.fast` is string", "`nonce` is a lone surrogate",
            "`until` is array", "`nonce` is null",
        ):
            self.assertIn(expected, what)
        self.assertNotIn("`times` is null", what, "what may be left out may be null")

    def test_choices_are_frames_of_their_own(self) -> None:
        inner = {"anyOf": [{"required": ["b"]}, {"type": "null"}]}
        choice = {"oneOf": [{"required": ["a"]}, inner]}
        self.assertEqual(len(list(variants(choice))), 3)

    def test_what_is_no_frame_is_no_frame(self) -> None:
        self.assertGreater(len(list(wrong_everywhere())), 10)


class Judging(unittest.TestCase):
    """What is wrong is seen."""

    def test_frames_of_the_node_are_held_to_the_document(self) -> None:
        documents = _documents()
        self.assertIsNone(documents.why_wrong({"type": "waved", "times": 1}))
        self.assertIn("required", str(documents.why_wrong({"type": "waved"})))
        self.assertIn("undocumented", str(documents.why_wrong({"type": "bowed"})))

    def test_the_table_of_refusals_is_read(self) -> None:
        found = refusals()
        self.assertEqual((found["malformed"], found["rate_limited"]), (400, 429))
        self.assertRaises(ValueError, refusals, "\n## Refusals\n\nnothing")

    def test_failures_of_schemathesis_are_read(self) -> None:
        printed = "\n".join([
            "____ GET /v1/me ____", "1. Test Case ID: abc", "", "- Server error", "",
            "[500] Internal Server Error:", "Reproduce with:", "    curl -X GET /v1/me",
        ])
        found = schema._findings(printed)
        self.assertEqual(found, ["GET /v1/me: - Server error [500] Internal Server Error:"])

    def test_both_bots_are_printed_and_have_the_lines_that_the_title_says(self) -> None:
        page = bots.PAGE.read_text()
        self.assertTrue(page.startswith(f"# Write a bot in {bots.LINES_MAX} lines\n"))
        for program in bots.programs(page).values():
            self.assertLessEqual(bots.lines(program), bots.LINES_MAX)
        self.assertEqual(bots.lines("import a\n\n# b\nc = 1\n  // d\n  }\nfrom e import f\n"), 1)

    def test_the_page_of_the_bots_names_the_modules_that_they_run_with(self) -> None:
        page = bots.PAGE.read_text()
        folder = Path(bots.__file__).parent
        ours = json.loads((folder / "package.json").read_text())["dependencies"]
        self.assertLessEqual(set(bots.command(page, "npm install")[2:]), set(ours))
        named = (folder / "requirements.in").read_text().splitlines()
        self.assertLessEqual(set(bots.command(page, "pip install")[2:]), set(named))


class Wire(unittest.TestCase):
    """Frames by the byte, against the examples of RFC 6455."""

    def test_frames_are_those_of_section_5_7(self) -> None:
        self.assertEqual(frame(TEXT, b"Hello", masked=False).hex(), "810548656c6c6f")
        self.assertEqual(frame(TEXT, b"Hel", fin=False, masked=False).hex(), "010348656c")
        long = frame(BINARY, bytes(65536), masked=False)
        self.assertEqual(long[:10].hex(), "827f0000000000010000")
        self.assertEqual(masked_bytes(b"Hello", bytes.fromhex("37fa213d")).hex(), "7f9f4d5158")

    def test_the_key_of_section_1_3_is_answered(self) -> None:
        self.assertEqual(accept_of("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")

    def test_frames_are_described(self) -> None:
        self.assertEqual(described(CLOSE, b"\x03\xe8bye"), "close 1000 bye")
        self.assertEqual(described(TEXT, b'{"type":"pong","data":"x"}'), "pong x")


def _strictly(text: str) -> None:
    """Reads JSON; a lone surrogate is no text."""
    json.dumps(json.loads(text), ensure_ascii=False).encode()


if __name__ == "__main__":
    unittest.main()
