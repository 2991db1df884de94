"""A command for a shell becomes words and, from them, the same command again."""

from __future__ import annotations

import unittest

from lib.common import shell_words

COMMANDS = {
    "make test": ("make", "test"),
    "python3 '/a b/ci.py' --only x": ("python3", "/a b/ci.py", "--only", "x"),
    "cd '/a b' && make": ("bash", "-c", "cd '/a b' && make"),
    "make  test": ("bash", "-c", "make  test"),
    "echo 'not closed": ("bash", "-c", "echo 'not closed"),
    "bash -c make": ("bash", "-c", "make"),
    "bash -c ''": ("bash", "-c", ""),
    "echo -n 'a\nb'": ("echo", "-n", "a\nb"),
}


class ShellWords(unittest.TestCase):
    def test_words_of_a_command_become_the_command_again(self) -> None:
        for command, words in COMMANDS.items():
            with self.subTest(command):
                self.assertEqual(shell_words.vector(command), words)
                self.assertEqual(shell_words.command(words), command)

    def test_words_that_no_command_was_given_for_are_quoted(self) -> None:
        self.assertEqual(shell_words.command(["sh", "-c", "a && b"]), "sh -c 'a && b'")
        self.assertEqual(shell_words.command([]), "")


if __name__ == "__main__":
    unittest.main()
