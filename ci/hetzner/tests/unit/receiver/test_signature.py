"""A body counts as GitHub's only with the signature of exactly its bytes."""

from __future__ import annotations

import unittest

from lib.receiver.signature import is_valid

# docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries, "Testing"
SECRET, BODY = "It's a Secret to Everybody", b"Hello, World!"
SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


class Signature(unittest.TestCase):
    def test_example_of_github_is_valid(self) -> None:
        self.assertTrue(is_valid(SECRET, BODY, SIGNATURE))

    def test_everything_else_is_not(self) -> None:
        for given in (
            *("", "sha256=", SIGNATURE[:-1], f"{SIGNATURE}0", SIGNATURE.upper(), f" {SIGNATURE}"),
            *(
                SIGNATURE.removeprefix("sha256="),
                SIGNATURE.replace("sha256", "sha1"),
                "ä",
                "\udc80",
            ),
            *(f"{SIGNATURE}, {SIGNATURE}", f"{SIGNATURE}\0"),
        ):
            self.assertFalse(is_valid(SECRET, BODY, given), given)
        self.assertFalse(is_valid(SECRET, BODY + b" ", SIGNATURE))
        self.assertFalse(is_valid(f"{SECRET}x", BODY, SIGNATURE))


if __name__ == "__main__":
    unittest.main()
