"""Secrets are masked in each of their forms, and jobs see none."""

from __future__ import annotations

import base64
import html
import json
import random
import re
import string
import unittest
import urllib.parse

from lib.common import redact
from lib.common.redact import MASK, Redactor

TOKEN = "ghp_p+ss/w?rd&=%ü1"


class TestRedactor(unittest.TestCase):
    def test_secret_is_masked_wherever_it_stands(self) -> None:
        mask = Redactor([TOKEN])
        self.assertEqual(mask(f"{TOKEN} a{TOKEN}b {TOKEN}{TOKEN}"), "*** a***b ******")

    def test_text_without_secrets_stays(self) -> None:
        self.assertEqual(Redactor([TOKEN])("nothing here: ghp_"), "nothing here: ghp_")
        self.assertEqual(Redactor([])("nothing"), "nothing")

    def test_secret_in_a_url_is_masked(self) -> None:
        mask = Redactor([TOKEN])
        for quote in (urllib.parse.quote, urllib.parse.quote_plus):
            escaped = quote(TOKEN, safe="")
            lower = re.sub("%..", lambda match: match[0].lower(), escaped)
            for form in (escaped, lower):
                self.assertEqual(mask(f"https://u:{form}@host/"), "https://u:***@host/")

    def test_secret_in_json_and_in_a_repr_is_masked(self) -> None:
        value = 'a"b\\c\td-secret'
        mask = Redactor([value])
        self.assertNotIn("secret", mask(json.dumps({"key": value})))
        self.assertNotIn("secret", mask(repr([value])))

    def test_secret_in_a_page_is_masked(self) -> None:
        value = "<a&b> \"c\" 'd'-secret"
        self.assertEqual(Redactor([value])(f"<p>{html.escape(value)}</p>"), "<p>***</p>")

    def test_secret_in_base64_is_masked_at_every_offset(self) -> None:
        alphabet = string.printable.strip()
        choose = random.Random(1)
        for _ in range(300):
            secret = "".join(choose.choices(alphabet, k=choose.randint(8, 40)))
            user = "".join(choose.choices(alphabet, k=choose.randint(0, 5)))
            tail = "".join(choose.choices(alphabet, k=choose.randint(0, 5)))
            whole = f"{user}:{secret}{tail}".encode()
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                shown = Redactor([secret])(f"Authorization: Basic {encode(whole).decode()}")
                self.assertIn(MASK, shown)
                # less than one character of the value is missing at either end
                left = shown.removeprefix("Authorization: Basic ").replace(MASK, "")
                self.assertLessEqual(len(left), len(encode(whole)) - len(secret) * 8 // 6 + 1)

    def test_every_line_of_a_long_secret_is_masked(self) -> None:
        key = "-----BEGIN KEY-----\nabcdefghijk\nlmnopqrstuv\n-----END KEY-----\n"
        mask = Redactor([key])
        self.assertEqual([mask(line) for line in key.splitlines()], [MASK] * 4)
        self.assertEqual(mask(f"<{key}>"), "<***\n>")

    def test_last_newline_of_a_secret_does_not_hide_it(self) -> None:
        self.assertEqual(Redactor(["hidden-1\n"])("say hidden-1 here"), "say *** here")

    def test_longer_of_two_secrets_is_masked_whole(self) -> None:
        self.assertEqual(Redactor(["abcd", "abcdefgh"])("abcdefgh abcd"), "*** ***")

    def test_short_secrets_are_not_masked(self) -> None:
        self.assertEqual(Redactor(["abc", "", "  a "])("abc a b"), "abc a b")

    def test_pattern_characters_are_only_characters(self) -> None:
        self.assertEqual(Redactor([".*+?"])("abcd .*+?"), "abcd ***")


class TestEnvironment(unittest.TestCase):
    ENVIRON = {  # noqa: RUF012
        "GITHUB_TOKEN": "value-1",
        "GH_TOKEN": "value-2",
        "GH_ENTERPRISE_TOKEN": "value-3",
        "GITHUB_ENTERPRISE_TOKEN": "value-4",
        "WEBHOOK_SECRET": "abc",
        "CI_SECRET_A": "value-1",
        "LISTED": "value-5",
        "NAMED": "value-6",
        "CI_SECRETS": "OTHER,\tLISTED",
        "CI_SECRET_EMPTY": "",
        "PATH": "/bin",
    }

    def test_jobs_see_no_secret(self) -> None:
        self.assertEqual(redact.without_secrets(self.ENVIRON, ["NAMED"]), {"PATH": "/bin"})

    def test_values_are_those_of_all_secrets(self) -> None:
        self.assertEqual(
            redact.secret_values(self.ENVIRON, ["NAMED"]), tuple(f"value-{n}" for n in range(1, 7))
        )

    def test_too_short_secrets_are_named(self) -> None:
        self.assertEqual(redact.too_short(self.ENVIRON), ("WEBHOOK_SECRET",))


if __name__ == "__main__":
    unittest.main()
