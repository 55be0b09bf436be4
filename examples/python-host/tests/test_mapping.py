"""What is Python's own about the mapping: what every language has in common stands in examples/cases.json."""

import unittest

from drsession_host import Store
from sessions import errors

from . import URL


class Mapping(unittest.TestCase):
    def setUp(self):
        self.store = Store(URL)
        self.addCleanup(self.store.close)
        self.session = self.store.from_cookie([])
        self.session["begun"] = True

    def other(self):
        return self.store.attach(self.session.id)

    def test_a_count_between_reading_and_writing_is_not_lost(self):
        self.session["n"] = 1
        counter = self.session["n"]
        self.other().increment("n", 10)
        counter += 1
        self.session["n"] = counter
        self.assertEqual(self.session["n"], 12)

    def test_counting_down_and_in_steps(self):
        self.session["n"] = 5
        self.session["n"] -= 2
        counter = self.session["n"]
        counter += 1
        counter += 2
        self.session["n"] = counter
        self.assertEqual(self.session["n"], 6)

    def test_an_integer_that_is_assigned_to_another_field_is_that_integer(self):
        self.session["x"] = 5
        self.session["y"] = self.session["x"]
        self.assertEqual(self.session["y"], 5)
        self.session["y"] = 40
        counter = self.session["x"]
        counter += 1
        self.session["y"] = counter
        self.assertEqual((self.session["x"], self.session["y"]), (5, 6))

    def test_an_integer_that_is_assigned_twice_counts_once(self):
        self.session["n"] = 1
        counter = self.session["n"]
        counter += 1
        self.session["n"] = counter
        self.session["n"] = counter
        self.assertEqual(self.session["n"], 2)

    def test_an_integer_that_was_read_before_something_else_was_stored_is_that_integer(self):
        self.session["n"] = 5
        counter = self.session["n"]
        counter += 1
        self.session["n"] = 100
        self.session["n"] = counter
        self.assertEqual(self.session["n"], 6)

    def test_other_sums_are_plain_numbers(self):
        self.session["n"] = 1
        self.session["n"] += 1.5
        self.assertEqual(self.session["n"], 2.5)
        self.session["n"] = 2
        self.session["n"] = self.session["n"] + 1
        self.session["n"] *= 2
        self.assertEqual(self.session["n"], 6)

    def test_truth_stays_truth(self):
        self.session["yes"] = True
        self.assertIs(self.session["yes"], True)

    def test_a_counter_that_is_not_there_raises_and_an_increment_begins(self):
        with self.assertRaises(KeyError):
            self.session["n"] += 1
        self.assertEqual(self.session.increment("n"), 1)

    def test_a_number_past_64_bits_is_no_increment(self):
        with self.assertRaises(errors.Overflow):
            self.session.increment("n", 2**63)
        self.assertNotIn("n", self.session)

    def test_what_a_mapping_can(self):
        self.session.update({"a": 1}, b=[2])
        self.assertEqual(dict(self.session), {"begun": True, "a": 1, "b": [2]})
        self.assertEqual(self.session.pop("a"), 1)
        self.assertEqual(self.session.pop("a", "nothing"), "nothing")
        self.assertEqual(self.session.setdefault("b", 3), [2])
        self.assertIsNone(self.session.get("a"))
        with self.assertRaises(KeyError):
            del self.session["a"]
        with self.assertRaises(KeyError):
            self.session.change("a", lambda value: value)
        self.assertEqual(self.session.get_many("a", "b"), {"b": [2]})
        self.session.clear()
        self.assertFalse(self.session)

    def test_what_json_can_not_say_is_not_stored(self):
        for value in (float("nan"), {1, 2}, b"bytes"):
            with self.assertRaises((TypeError, ValueError)):
                self.session["a"] = value
        self.assertNotIn("a", self.session)

    def test_a_name_is_text(self):
        for call in (self.session.get, self.session.pop, self.session.get_many, self.session.increment):
            with self.assertRaises(TypeError):
                call(5)
            with self.assertRaises(errors.InvalidArgument):
                call("\ud800")
        self.assertEqual(list(self.session), ["begun"])

    def test_change_asks_again_where_somebody_was_faster(self):
        seen = []

        def append(elements):
            if not seen:
                self.other()["list"] = ["somebody's"]
            seen.append(elements)
            return elements + ["mine"]

        self.assertEqual(self.session.change("list", append, default=[]), ["somebody's", "mine"])
        self.assertEqual(seen, [[], ["somebody's"]])

    def test_nobody_reads_the_id_in_a_log(self):
        self.assertNotIn(self.session.id, repr(self.session))
