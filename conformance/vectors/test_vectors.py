"""Holds the vectors against the check that shares no code with the protocol's crate, and the check
against mistakes that it must see."""

import copy
import unittest

import check


class Vectors(unittest.TestCase):
    def test_every_case_holds(self):
        count = 0
        for place, case in check.cases():
            with self.subTest(place):
                check.CHECKS[case["kind"]](case)
            count += 1
        self.assertGreater(count, 100)

    def test_a_changed_case_does_not_hold(self):
        seen = set()
        for place, case in check.cases():
            if case["kind"] in seen or case["kind"] in ("refused", "name"):
                continue
            seen.add(case["kind"])
            with self.subTest(place):
                with self.assertRaises(Exception):
                    check.CHECKS[case["kind"]](changed(case))
        self.assertEqual(seen, set(check.CHECKS) - {"refused", "name"})


def changed(case):
    """The case with another expectation."""
    other = copy.deepcopy(case)
    for name in ("output", "hashes", "channel", "inner", "result", "diagnostic"):
        if name in other:
            other[name] = "something else"
            return other
    other["holds"] = not other["holds"]
    return other


if __name__ == "__main__":
    unittest.main()
