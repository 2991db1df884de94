"""A step of GitHub Actions: what its runner would obey of all that a run shows."""

from __future__ import annotations

import io
import re
import unittest

from lib.report.view import Section
from lib.terminal.github_view import GitHubView
from lib.terminal.plain_view import PlainView
from lib.terminal.quiet_view import QuietView

EVIL = (
    "::error::from a log",
    "  ::add-mask::e",
    "text ##[set-env name=PATH]/evil",
    "::stop-commands::mine",
    "::0123456789abcdef0123456789abcdef::",
)
KNOWN = {"error", "warning", "group", "endgroup", "add-mask", "set-env", "stop-commands"}
# as actions/runner reads a line: src/Runner.Common/ActionCommand.cs
NEW_FORM = re.compile(r"\s*::([^ :]+)(?: (.*?))?::(.*)")
OLD_FORM = re.compile(r".*?##\[([^ \]]+)(?: ([^\]]*))?\](.*)")


def obeyed(text: str) -> list[str]:
    """Return the commands that the runner of GitHub obeys, but those that stop and resume."""
    commands: list[str] = []
    token = ""
    for line in text.split("\n"):
        found = NEW_FORM.fullmatch(line) or OLD_FORM.fullmatch(line)
        if not found:
            continue
        name = found[1]
        if token:
            token = "" if name == token else token
        elif name == "stop-commands":
            token = found[3]
        elif name in KNOWN:
            commands.append(line)
    return commands


HEAD = "--- x: exit code 3 (x.log)"
FAILURE = Section([HEAD, "    run it again: x"], job="x", log=["    assert 1 == 2"])


class Commands(unittest.TestCase):
    def setUp(self) -> None:
        self.stream = io.StringIO()
        self.view = GitHubView(PlainView(self.stream), self.stream)

    def end(self, *sections: Section) -> list[str]:
        self.assertEqual(self.view.end(sections), "")
        self.view.close()
        return obeyed(self.stream.getvalue())

    def test_failure_is_annotated_and_folded(self) -> None:
        self.assertEqual(
            self.end(FAILURE),
            [
                "::error title=x::x: exit code 3 (x.log)%0A    assert 1 == 2",
                "::group::x: exit code 3 (x.log)",
                "::endgroup::",
            ],
        )
        self.assertIn("\n    assert 1 == 2\n    run it again: x\n", self.stream.getvalue())

    def test_annotation_names_failed_test_cases_before_the_log(self) -> None:
        told = self.end(FAILURE._replace(tests=["    FAILED t"]))
        text = "x: exit code 3 (x.log)%0A    FAILED t%0A    assert 1 == 2"
        self.assertEqual(told[0], f"::error title=x::{text}")
        self.assertIn("\n    assert 1 == 2\n    FAILED t\n", self.stream.getvalue())

    def test_section_on_all_jobs_is_folded_and_a_single_line_is_not(self) -> None:
        table = Section(["job  outcome", "x    passed"], title="all jobs")
        self.assertEqual(
            self.end(table, Section(["run it again: make"])), ["::group::all jobs", "::endgroup::"]
        )
        self.assertIn("\njob  outcome\nx    passed\n", self.stream.getvalue())
        self.assertIn("\nrun it again: make\n", self.stream.getvalue())

    def test_failure_that_is_allowed_is_a_warning(self) -> None:
        told = self.end(FAILURE._replace(allowed=True))
        self.assertRegex(told[0], r"\A::warning title=x::")

    def test_quiet_view_has_no_empty_group(self) -> None:
        self.view = GitHubView(QuietView(self.stream), self.stream, quiet=True)
        self.assertEqual(self.end(Section(["a", "b"], needed=False)), [])

    def test_no_text_of_a_run_becomes_a_command(self) -> None:
        self.view.show(EVIL)
        told = self.end(Section(["title", *EVIL], job="x", log=EVIL), Section(EVIL[:1]))
        self.assertEqual(told[1:], ["::group::title", "::endgroup::"])
        self.assertRegex(told[0], r"\A::error title=x::title%0A::error::from a log%0A")

    def test_no_title_becomes_more_than_a_title(self) -> None:
        told = self.end(Section(["--- x: 100%0A::error::no"], job="a,b:c"))
        self.assertEqual(told[0], "::error title=a%2Cb%3Ac::x: 100%250A::error::no")

    def test_commands_of_the_next_program_are_obeyed(self) -> None:
        self.view.show(["[12:00:00] START x"])
        self.view.close()
        self.stream.write("::error::of the next program\n")
        self.assertEqual(obeyed(self.stream.getvalue()), ["::error::of the next program"])

    def test_word_that_resumes_is_never_told_before_it_is_used_up(self) -> None:
        self.view.show(["a"])
        self.view.end([Section(["t", "x"]), Section(["u", "y"])])
        words = re.findall(r"::stop-commands::(\w+)", self.stream.getvalue())
        self.assertEqual(len(set(words)), 3)
        self.assertTrue(all(re.fullmatch("[0-9a-f]{32}", word) for word in words))

    def test_commands_are_paused_for_text_only(self) -> None:
        self.view.show(["a"])
        self.view.show([])
        self.end(FAILURE, FAILURE, Section(["run all again"]), FAILURE)
        self.assertNotRegex(self.stream.getvalue(), r"::stop-commands::(\w+)\n::\1::")


if __name__ == "__main__":
    unittest.main()
