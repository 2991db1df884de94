"""The command of an entry: each field is filled in as one word, whatever it contains."""

from __future__ import annotations

import unittest
from pathlib import Path

from lib.commit_queue.entry import Entry, Ref
from lib.commit_queue.states import State
from lib.queue_worker.run_command import RunCommand

SHA = "a" * 40
NAME_TO = Path("/state/queue/7.0a1b2c3d.name")


def entry(branch: str = "feature") -> Entry:
    return Entry(
        *(7, SHA, (Ref(branch),), "webhook", False, State.RUNNING, "", "", 0.0, None, None, None),
        *("", 1, "", True, "w", 1),
    )


class OfPipeline(unittest.TestCase):
    command = RunCommand(["docker", "exec", "-i", "ci", "pipeline.py"])

    def test_words_that_it_understands_are_appended(self) -> None:
        expected = "docker exec -i ci pipeline.py SHA feature --place 2 --until-eof --name-to NAME"
        words = expected.replace("SHA", SHA).replace("NAME", str(NAME_TO)).split()
        self.assertEqual(self.command.of(entry(), 2, NAME_TO), words)
        prepared = self.command.of(entry(), 2, NAME_TO, prepare=True)
        self.assertEqual(prepared, [*words, "--prepare"])

    def test_unknown_branch_is_left_out(self) -> None:
        words = self.command.of(entry(""), 1, NAME_TO)
        self.assertEqual(words[words.index(SHA) + 1], "--place")

    def test_it_names_its_run_and_prepares(self) -> None:
        command = self.command
        self.assertTrue(command.is_pipeline and command.names_its_run and command.prepares)


class Others(unittest.TestCase):
    def test_fields_are_filled_in_once(self) -> None:
        command = RunCommand(["make", "all", "--to={name_to}", "x{sha}y", "{branch}", "{place}"])
        words = command.of(entry("{place}; rm -rf $HOME"), 3, NAME_TO)
        expected = ["make", "all", f"--to={NAME_TO}", f"x{SHA}y", "{place}; rm -rf $HOME", "3"]
        self.assertEqual(words, expected)

    def test_words_that_a_shell_reads_are_quoted(self) -> None:
        for template in (
            *(
                ["ssh", "box", "ci", "{sha}", "{branch}"],
                ["env", "/usr/bin/ssh", "b", "ci {branch}"],
            ),
            *(["ssh", "box", "pipeline.py"], ["sh", "-c", "ci {sha} {branch} {prepare}"]),
            ["sh", "-c", "{sha}|tee>{branch}"],
        ):
            words = RunCommand(template).of(entry("$(id)"), 1, NAME_TO)
            self.assertRegex(" ".join(words), r"[ >]'\$\(id\)'( |$)", template)
            self.assertNotIn("''", " ".join(words), template)

    def test_command_says_by_a_field_that_it_prepares(self) -> None:
        command = RunCommand(["make", "{sha}", "{prepare}"])
        self.assertTrue(command.prepares)
        self.assertEqual(command.of(entry(), 1, NAME_TO), ["make", SHA])
        self.assertEqual(command.of(entry(), 1, NAME_TO, prepare=True), ["make", SHA, "--prepare"])
        self.assertFalse(RunCommand(["make", "{sha}"]).prepares)

    def test_command_says_by_a_field_that_it_names_its_run(self) -> None:
        self.assertFalse(RunCommand(["make", "{sha}"]).names_its_run)
        self.assertTrue(RunCommand(["make", "{sha}", "--to={name_to}"]).names_its_run)


if __name__ == "__main__":
    unittest.main()
