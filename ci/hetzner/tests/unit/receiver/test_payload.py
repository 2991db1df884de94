"""The JSON of a webhook is read strictly, and each value has the type that was asked for."""

from __future__ import annotations

import unittest

from lib.receiver.payload import PayloadError, parse


class Parsing(unittest.TestCase):
    def refused(self, body: bytes) -> None:
        with self.assertRaises(PayloadError, msg=str(body[:50])) as caught:
            parse(body)
        self.assertLess(len(str(caught.exception)), 200)

    def test_bytes_that_are_no_json_in_utf_8_are_refused(self) -> None:
        for body in (
            b"",
            b"{",
            b"{}x",
            b"\xff",
            "{}".encode("utf-16"),
            b"\xef\xbb\xbf{}",
            b'{"a":01}',
        ):
            self.refused(body)

    def test_value_other_than_an_object_is_refused(self) -> None:
        for body in (b"[]", b"null", b"1", b'"a"'):
            self.refused(body)

    def test_any_depth_is_refused_without_a_crash(self) -> None:
        for depth in (10_000, 1_000_000):
            self.refused(b"[" * depth)
            self.refused(b'{"a":' * depth)
            self.refused(b"[" * depth + b"]" * depth)

    def test_numbers_that_no_machine_has_are_refused(self) -> None:
        for number in (b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"9" * 10_000):
            self.refused(b'{"a":' + number + b"}")

    def test_key_that_stands_twice_is_refused_anywhere(self) -> None:
        self.refused(b'{"a": 1, "a": 1}')
        self.refused(b'{"b": [{"a": 1, "\\u0061": 2}]}')

    def test_half_a_character_is_refused_and_a_whole_one_is_not(self) -> None:
        for text in (b'"\\ud800"', b'"\\uDFFF\\ud800"', b'{"\\udc80": 1}'):
            self.refused(b'{"a": ' + text + b"}")
        self.assertEqual(parse(b'{"a": "\\ud83d\\ude00"}').text("a"), "\U0001f600")


class Values(unittest.TestCase):
    def test_value_of_another_type_is_refused_with_its_place(self) -> None:
        payload = parse(
            b'{"a": {"t": 1, "n": true, "m": -1, "l": 1e3, "f": 1, "o": [], "z": null}}'
        )
        inner = payload.inner("a")
        for ask, name in (
            *((inner.text, "t"), (inner.number, "n"), (inner.number, "m"), (inner.number, "l")),
            *((inner.flag, "f"), (inner.inner, "o"), (inner.inner, "z"), (inner.text, "missing")),
            *((inner.inner_or_null, "missing"), (inner.inner_or_null, "o")),
        ):
            with self.assertRaisesRegex(PayloadError, rf"^a\.{name}: expected .*, found "):
                ask(name)
        self.assertIsNone(inner.inner_or_null("z"))

    def test_number_fits_into_a_database(self) -> None:
        self.assertEqual(parse(b'{"a": 9223372036854775807}').number("a"), 2**63 - 1)
        with self.assertRaises(PayloadError):
            parse(b'{"a": 9223372036854775808}').number("a")


if __name__ == "__main__":
    unittest.main()
