"""What bash cannot read is found before anything starts, by name and in bash's own words."""

from __future__ import annotations

import contextlib
import io
import os
import random
import shutil
import subprocess
import tempfile
import unittest
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

from dsl import Job, Outcome, Pipeline
from lib.model.cause import Cause
from lib.processes import script_check

BASH = shutil.which("bash") or "bash"
OPEN = (  # here-documents that take the rest of the script
    "cat <<EOF\nhello",
    "cat > page <<EOF\nhello\n  EOF\npytest\n",
    "cat <<-EOF\n\thello\n    EOF\npytest",
    "cat <<EOF\nhello\nEOF \npytest",
    "cat <<'E F'\nhello\nE  F\npytest",
    "ls !(x)\nshopt -s extglob\ncat <<EOF\nhello",
)
WRONG = (
    "if true; then echo x",
    "fi",
    'echo "x',
    'echo "y',
    "echo 'x",
    "echo 'y",
    "echo `x",
    "echo `y",
    "echo $(x",
    "echo $(( 1",
    "(true",
    "true;)",
    "{ true",
    "true; }",
    "while true; do x",
    "done",
    "case x in a) true",
    "esac",
    "f() {",
    "[[ a",
    "((1",
    "${x",
    "true &&",
    "a | | b",
    "for i in a; echo $i; done",
    "if true; then\r\n  echo y\r\nfi\r\n",
    *OPEN,
)
RIGHT = (
    "true",
    "# only a comment",
    "cat <<EOF\nhello\nEOF",
    "cat <<'EOF'\n\"\nEOF",
    "cat <<-EOF\n\thello\n\tEOF\ntrue",
    "x=$(cat <<EOF\nhello\nEOF)\ntrue",  # bash warns, and closes it
    "cat <<< EOF; echo $((1 << 2))",
    "shopt -s extglob\nls !(x)",
    "echo x \\",
    "echo 'a\"b' \"c'd\"",
    "exit 0",
    "set -n",
    "f() { true; }\nf | tee x",
    "case x in a) true;; esac",
    "if true; then :; else false; fi",
    "echo x # } fi",
    "a=(1 2); echo ${a[@]}",
    "while false; do true; done",
)


def errors(texts: Sequence[str]) -> dict[str, str]:
    return script_check.syntax_errors([Job(f"j{n}", text) for n, text in enumerate(texts)], BASH)


class Read(unittest.TestCase):
    def test_each_that_is_wrong_is_found_alone(self) -> None:
        for text in WRONG:
            self.assertRegex(errors([text]).get("j0", ""), "^syntax error in its command", text)

    def test_none_that_is_right_is_complained_about(self) -> None:
        self.assertEqual(errors(RIGHT), {})

    def test_checking_all_scripts_at_once_finds_the_errors_of_each(self) -> None:
        draw = random.Random(1)
        for _ in range(12):
            texts = [*draw.sample(WRONG, 2), *draw.sample(RIGHT, 6)]
            draw.shuffle(texts)
            found = errors(texts)
            wrong = {f"j{n}" for n, text in enumerate(texts) if text in WRONG}
            self.assertEqual(set(found), wrong, texts)

    def test_two_that_are_wrong_do_not_make_one_that_is_right(self) -> None:
        for one, other in (('echo "x', 'echo "y'), ("echo 'x", "echo 'y"), ("{ true", "true; }")):
            for texts in ([one, other], [one, *RIGHT, other], [other, one]):
                self.assertEqual(len(errors(texts)), 2, texts)

    def test_nothing_of_it_is_run(self) -> None:
        with tempfile.TemporaryDirectory() as place:
            mark = Path(place, "ran")
            for text in (f"touch {mark}; (", f"true; }}; touch {mark}; {{ true", f"$(touch {mark}"):
                errors([text, text + " ", "true"])
            self.assertFalse(mark.exists())

    def test_bash_tells_in_its_own_words_and_lines(self) -> None:
        (said,) = errors(["true\nif x; then\n  fi\n"]).values()
        self.assertIn("line 3: syntax error near unexpected token `fi'", said)

    def test_here_document_that_takes_the_rest_is_told_with_the_word_that_would_end_it(
        self,
    ) -> None:
        (said,) = errors(["true\ncat <<EOF\nhello\n EOF\npytest"]).values()
        self.assertIn("here-document at line 2 delimited by end-of-file (wanted `EOF')", said)

    def test_here_document_is_not_ended_by_the_next_job(self) -> None:
        open_, ended = "cat <<EOF\nhello", "cat <<EOF\nhello\nEOF"
        self.assertEqual(set(errors([open_, ended, ended + "\ntrue"])), {"j0"})

    def test_many_are_read_by_few_processes_and_plain_ones_by_none(self) -> None:
        with mock.patch.object(subprocess, "run", wraps=subprocess.run) as run:
            errors(["pytest -x tests", "make all", "true"] * 300)
            self.assertEqual(run.call_count, 0)
            errors([f'for i in 1 2 3; do echo {n} "$i"; done | tee x{n}' for n in range(1000)])
            self.assertLess(run.call_count, 8)
            run.reset_mock()
            errors(["if true; then echo x; fi"] * 1000)
            self.assertEqual(run.call_count, 1)

    def test_settings_of_the_caller_change_nothing(self) -> None:
        with tempfile.TemporaryDirectory() as place:
            start = Path(place, "start")
            start.write_text("echo started; if\n")
            with mock.patch.dict("os.environ", {"BASH_ENV": str(start), "SHELLOPTS": "xtrace"}):
                self.assertEqual(errors(["true; true", "if true; then true; fi"]), {})

    def test_without_bash_the_jobs_tell_it(self) -> None:
        jobs = [Job("a", "if true; then")]
        self.assertEqual(script_check.syntax_errors(jobs, "/nowhere/bash"), {})


class Runs(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.place = Path(scratch.name)

    def run_jobs(self, *jobs: Job) -> tuple[int, str, Pipeline]:
        with contextlib.redirect_stdout(io.StringIO()) as said:
            pipeline = Pipeline(jobs, "s", "m", self.place / "logs", cwd=self.place)
            code = pipeline.run()
        return code, said.getvalue(), pipeline

    def test_nothing_starts(self) -> None:
        code, said, pipeline = self.run_jobs(
            Job("first", "touch started"), Job("broken", "if true; then echo x", ["first"])
        )
        self.assertEqual(code, 1)
        self.assertFalse((self.place / "started").exists())
        broken = pipeline.results["broken"]
        self.assertEqual((broken.outcome, broken.cause), (Outcome.FAILED, Cause.SYNTAX))
        self.assertEqual(pipeline.results["first"].outcome, Outcome.CANCELLED)
        self.assertRegex(
            said, r"CAUSE broken: syntax error .*line \d: syntax error: unexpected end"
        )

    def test_it_is_told_beside_a_missing_program(self) -> None:
        lacks = Job("lacks", "if", requires=["no-such-program"])
        _, said, _ = self.run_jobs(lacks, Job("broken", "fi"))
        self.assertRegex(said, "CAUSE lacks: .*no-such-program.*; syntax error")
        self.assertRegex(said, "CAUSE broken: syntax error")

    def test_a_job_that_is_not_selected_is_not_read(self) -> None:
        with contextlib.redirect_stdout(io.StringIO()):
            jobs = [Job("a", "true"), Job("b", "if")]
            pipeline = Pipeline(jobs, "s", "m", self.place / "logs", cwd=self.place)
            self.assertEqual(pipeline.run(only_jobs=["a"]), 0)

    def test_scripts_with_the_line_ends_of_another_system_are_named(self) -> None:
        crlf = "#!/bin/bash\r\necho hello\r\n"
        for name in ("a.sh", "b.sh", "c.sh"):
            (self.place / name).write_bytes(crlf.encode())
        (self.place / "fine.sh").write_text("echo\n")
        _, said, _ = self.run_jobs(
            Job("a", ["bash", "-e", "a.sh"]),
            Job("b", ["./b.sh"]),
            Job("c", "bash c.sh now"),
            Job("d", "echo hello\r\ntrue\r\n"),
            Job("e", ["bash", "fine.sh"]),
            Job("f", ["bash", "not-there-yet.sh"]),
            Job("g", ["bash", "-c", "true"]),
        )
        notes = [line.split("NOTE  ")[1] for line in said.splitlines() if "NOTE" in line]
        self.assertEqual(
            [note.partition(": ")[0] for note in notes if "CRLF" in note],
            ["a.sh of a", "b.sh of b", "c.sh of c", "the command of d"],
        )

    def test_command_that_is_no_script_is_not_read(self) -> None:
        (self.place / "binary").write_bytes(b"\x7fELF\0\r\n")
        (self.place / "folder").mkdir()
        os.mkfifo(self.place / "pipe")
        jobs = [Job(n, [f"./{n}"]) for n in ("binary", "folder", "pipe")]
        self.assertEqual(script_check.line_ends(jobs, self.place), [])


if __name__ == "__main__":
    unittest.main()
