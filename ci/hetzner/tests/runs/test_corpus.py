"""A corpus from its file to its table: real processes, a stand-in for the runs of its commits."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import unittest
from pathlib import Path

from tests.support.commit_stage import HETZNER, JOBS, OnStage
from tests.support.corpus_case import CorpusCase
from tests.support.github_server import serve
from tests.support.waiting import wait_until

FAILS = 'expect = { "*" = "passed", lint = "failed" }'


class Ends(CorpusCase):
    def test_green_only_if_each_job_of_each_commit_is_as_expected(self) -> None:
        self.assertIn("3 commits, 6 outcomes: all as expected", self.corpus(code=0))
        self.plan(self.second, jobs={"lint": "failed", "test": "passed"})
        told = self.corpus(code=1)
        self.assertRegex(told, r"two +lint +passed +failed +WRONG +flaky")
        self.assertIn("1 wrong", told)
        self.write(FAILS)
        self.assertRegex(self.corpus(code=0), r"two +lint +failed +failed +ok +same")
        self.assertEqual(self.ran, [self.first, self.second, self.third] * 3)

    def test_run_without_an_answer_or_with_another_exit_code_is_never_green(self) -> None:
        self.plan(self.first, code=1)
        self.plan(self.second, silent=True)
        told = self.corpus(code=1)
        self.assertRegex(told, r"one +\(run\) +exit code 0 +exit code 1")
        self.assertIn("no answer for programs: exit code 0; see", told)
        self.assertRegex(told, r"(?m)^RED ")

    def test_run_that_cannot_be_started_is_never_green(self) -> None:
        told = self.corpus(str(self.file), "--runner", "/nowhere {sha}", code=1)
        self.assertIn("could not be started", told)

    def test_table_for_programs_of_runs_that_speak_for_no_commit(self) -> None:
        secret = "ghp_0123456789abcdef"
        names = ("GITHUB_TOKEN", "WEBHOOK_SECRET", "CI_READ_TOKEN", "CI_PING_URL")
        with unittest.mock.patch.dict(os.environ, dict.fromkeys(names, secret)):
            told = json.loads(self.corpus(str(self.file), "--json", code=0).splitlines()[-1])
        self.assertTrue(told["green"])
        self.assertEqual(len(told["outcomes"]), 6)
        self.assertEqual(list(told["growth"]), ["one", "two", "three"])
        again = json.loads(self.corpus("status", str(self.file), "--json", code=0))
        self.assertEqual(again, told)
        (answer,) = self.state.glob("corpus/three/*/one.out")
        self.assertIn('"sentence": ""', answer.read_text())
        seen = (self.plans / "environments").read_text()
        self.assertNotIn(secret, seen)

    def test_mistakes_of_all_commits_are_told_before_anything_runs(self) -> None:
        self.file.write_text(
            '[commits.a]\nsha = "nowhere"\n[commits.b]\nsha = "main"\npaths_of = "x"'
        )
        told = self.corpus(code=2)
        self.assertIn("commits.a: ", told)
        self.assertIn("commits.b: ", told)
        self.assertFalse(list(self.state.glob("corpus/*/2*")))

    def test_flags_that_a_run_refuses_are_told_before_anything_runs(self) -> None:
        self.file.write_text('[commits.a]\nsha = "main"')
        for words in (["--only-job", "x"], ["--list"], ["word"], ["--repo", "/x", "--in-place"]):
            self.corpus(str(self.file), *words, code=2)
        self.assertFalse(list(self.state.glob("corpus/*/2*")))

    def test_word_that_is_no_file_gets_the_nearest_command(self) -> None:
        told = self.corpus("sttus", code=2)
        self.assertIn("expected a file or a command, found 'sttus'; did you mean 'status'?", told)

    def test_commit_may_be_an_overlay(self) -> None:
        self.file.write_text(
            self.file.read_text().replace("[commits.one]", 'paths = ["a"]\n[commits.one]')
            + 'paths_of = "one"\n'.replace("one", self.first)
        )
        self.corpus(code=0)
        refs = subprocess.check_output(["git", "show-ref"], cwd=self.repo, text=True)
        self.assertIn(f"{self.ran[2]} refs/ci/overlay/", refs)


class OwnProgram(OnStage):
    def test_commits_and_an_overlay_of_them_by_pipeline_py_itself_which_set_no_status(self) -> None:
        self.stage.github = github = self.enterContext(serve())
        second = self.stage.commit("second")
        file = self.stage.root / "own.toml"
        file.write_text(
            f'paths = ["file"]\n[commits.all]\nsha = "{second}"\nbranch = "main"\n'
            f'[commits.over]\nsha = "{second}~1"\npaths_of = "main"\n'
        )
        green = self.stage.run("corpus", str(file))
        self.assertEqual(green.code, 0, green.out)
        self.assertIn(f"2 commits, {2 * JOBS} outcomes: all as expected", green.out)
        over = re.findall(r"START over (\w{40})", green.out)[0]
        self.assertEqual(self.stage.git(self.stage.repo, "show", f"{over}:file"), "second")
        self.assertEqual(github.requests, [])
        other = self.stage.root / "other.toml"
        other.write_text('[commits.all]\nsha = "main"\nexpect = { test-sj = "passed" }\n')
        unknown = self.stage.run("corpus", str(other))
        self.assertEqual((unknown.code, unknown.out), (2, ""))
        self.assertIn("'test-sj' is no job; did you mean 'test-js'?", unknown.errors)
        again = ("corpus", str(file), "--only-jobs", "lint-python,test-js")
        red = self.stage.run(*again, STAGE_FAIL="test_js")
        self.assertEqual(red.code, 1)
        self.assertRegex(red.out, r"all +test-js +passed +failed +WRONG +new")

    def test_runner_over_ssh_of_the_docs_gives_an_answer(self) -> None:
        text = (HETZNER / "docs" / "corpus.md").read_text()
        (runner,) = re.findall(r"--runner '(ssh [^']*)'", text)
        for name, script in {
            "ssh": 'shift; cd /; exec sh -c "$*"',  # a login shell elsewhere
            "docker": f"""while [ "${{1##*/}}" != pipeline.py ]; do shift; done; shift
                cd {self.stage.repo}; exec {sys.executable} {HETZNER / "pipeline.py"} "$@" """,
        }.items():
            tool = self.stage.root / "tools" / name
            tool.write_text(f"#!/bin/sh\n{script}\n")
            tool.chmod(0o755)
        file = self.stage.root / "far.toml"
        file.write_text('[commits.one]\nsha = "main"\n')
        done = self.stage.run("corpus", str(file), "--runner", runner, "--only-jobs", "lint-python")
        self.assertEqual(done.code, 0, done.out)
        self.assertIn("all as expected", done.out)


class Left(CorpusCase):
    def test_process_that_a_run_leaves_is_red_and_named(self) -> None:
        self.plan(self.second, leaves=True)
        self.addCleanup(self.kill_left)
        told = self.corpus(code=1)
        self.assertIn("all as expected", told)
        self.assertRegex(told, rf"LEFT  two: {(self.plans / 'left').read_text()} sleep 1000")

    def kill_left(self) -> None:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int((self.plans / "left").read_text()), signal.SIGKILL)

    @unittest.skipUnless(shutil.which("unshare"), "no unshare(1)")
    def test_entries_that_each_run_adds_are_red_if_strict(self) -> None:
        # a /dev/shm of its own: other suites make and remove directories in that of the machine
        own = 'mount -t tmpfs none /dev/shm && exec "$@"'
        self.through = ("unshare", "-Urm", "bash", "-c", own, "bash")
        for sha in (self.first, self.second, self.third):
            self.plan(sha, shm="left")
        self.assertIn("GREW  shm_entries", self.corpus(code=0))
        self.assertIn("GREW  shm_entries", self.corpus(str(self.file), "--strict", code=1))


class Interrupted(CorpusCase):
    def begin(self, *words: str) -> subprocess.Popen[str]:
        """Start a corpus, and wait until its second run waits."""
        process = subprocess.Popen(
            self.words(str(self.file), *words),
            cwd=self.repo,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        wait_until((self.plans / "waits").exists, "the second run waits")
        return process

    def goes_on(self) -> None:
        """Let all runs end; the corpus has to go on with the second one."""
        wait_until((self.plans / "ended").exists, "the run has ended with its input")
        self.plan(self.second)
        self.assertIn("KEPT  one", self.corpus(code=0))
        self.assertEqual(self.ran, [self.first, self.second, self.second, self.third])
        self.assertEqual(len(list(self.state.glob("corpus/three/2*"))), 1)

    def test_killed_at_once_it_goes_on_where_it_stopped_and_its_run_has_ended(self) -> None:
        self.plan(self.second, waits=True)
        process = self.begin()
        self.assertIn("not complete", self.corpus("status", str(self.file), code=1))
        process.kill()
        process.wait()
        self.goes_on()

    def test_asked_to_end_it_ends_its_run_first_and_goes_on_later(self) -> None:
        self.plan(self.second, waits=True)
        process = self.begin()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(), 143)
        self.assertTrue((self.plans / "ended").exists())
        self.goes_on()

    def test_begins_anew_if_it_is_told_so(self) -> None:
        self.plan(self.second, waits=True)
        process = self.begin()
        process.kill()
        process.wait()
        self.plan(self.second)
        self.corpus(str(self.file), "--again", code=0)
        self.assertEqual(self.ran[2:], [self.first, self.second, self.third])

    def test_run_of_a_killed_corpus_that_still_lives_is_waited_for(self) -> None:
        self.plan(self.second, waits=True, deaf=True)
        process = self.begin()
        os.kill(self.run_of(process), signal.SIGSTOP)
        process.kill()
        process.wait()
        self.plan(self.second)
        (self.plans / "waits").unlink()
        log = next(self.state.glob("corpus/three/*/corpus.log"))
        second = subprocess.Popen(self.words(str(self.file)), cwd=self.repo, stdout=subprocess.PIPE)
        self.addCleanup(second.communicate)
        wait_until(lambda: "WAIT  an earlier run of two" in log.read_text(), "it waits")
        self.assertEqual(self.ran, [self.first, self.second])
        os.kill(self.stopped, signal.SIGKILL)
        self.assertEqual(second.wait(), 0)

    def run_of(self, process: subprocess.Popen[str]) -> int:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
        self.stopped = int(children)
        return self.stopped

    def test_second_corpus_of_a_name_is_refused_with_the_name_of_the_first(self) -> None:
        self.plan(self.second, waits=True)
        process = self.begin()
        self.assertIn(f"found corpus three (pid {process.pid}", self.corpus(code=1))


class Terminal(CorpusCase):
    def test_end_of_the_terminal_does_not_end_it(self) -> None:
        self.plan(self.second, waits=True, deaf=True)
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.repo)
            os.execv(sys.executable, self.words(str(self.file)))
        wait_until((self.plans / "waits").exists, "the second run waits")
        os.close(terminal)  # its session gets SIGHUP, and the terminal takes no line any more
        run = int(Path(f"/proc/{pid}/task/{pid}/children").read_text())
        os.kill(run, signal.SIGKILL)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 1)
        log = next(self.state.glob("corpus/three/*/corpus.log")).read_text()
        self.assertIn("WRONG two", log)
        self.assertIn("OK    three as expected", log)
        self.assertRegex(log, r"(?m)^RED ")


if __name__ == "__main__":
    unittest.main()
