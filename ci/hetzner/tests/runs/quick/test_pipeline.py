"""Whole runs with real processes: trees, logs, environments, signals."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import unittest
from pathlib import Path
from typing import Any

from dsl import Cache, Job, Pipeline
from lib.model import events
from lib.processes import process_table

HERE = Path(__file__).resolve().parents[3]
LINUX = sys.platform == "linux"


def tagged(marker: str) -> list[int]:
    """Return the living processes whose command line holds the marker."""
    look = process_table.table()
    own = os.getpid()
    return [p.pid for p in look.all() if p.alive and p.pid != own and marker in look.command(p.pid)]


class RunTest(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.cwd = Path(directory.name).resolve()
        self.logs = self.cwd / "logs"
        self.console = io.StringIO()

    def pipeline(self, *jobs: Job, **options: Any) -> Pipeline:
        options = {"cwd": self.cwd, "grace": 0.3, "timeout": 60, **options}
        return Pipeline(list(jobs), "sha", "main", self.logs, console=self.console, **options)

    def run_jobs(self, *jobs: Job, **options: Any) -> tuple[int, str]:
        made = self.pipeline(*jobs, **options)
        code = made.run()
        return code, " ".join(f"{n}={r.outcome}" for n, r in made.results.items())

    def log(self, name: str) -> str:
        return (self.logs / f"{name}.log").read_text()

    def sleeper(self, number: str = "") -> str:
        """Return a sleep whose seconds are unique to this test, to be found by."""
        return f"sleep 98{abs(hash(self.id())) % 10**6}{number}"


class Logs(RunTest):
    def test_output_of_both_kinds_goes_to_the_jobs_log(self) -> None:
        self.run_jobs(Job("a", "echo out; echo err >&2"))
        self.assertEqual(self.log("a"), "out\nerr\n")

    def test_lines_of_the_run_log_keep_their_form(self) -> None:
        self.run_jobs(
            Job("a", "true"),
            Job("b", "exit 3"),
            Job("c", "true", ["b"]),
            Job("d", "sleep 9", timeout=0.2),
        )
        lines = self.log("ci").splitlines()
        for line in lines:
            self.assertRegex(line, r"\A\[\d\d:\d\d:\d\d\] ")
        bare = [line[11:] for line in lines]
        for expected in (
            "START a",
            "PASS  a",
            f"FAIL  b  (see {self.logs}/b.log)",
            "CAUSE b: exit code 3",
            "SKIP  c (dependency failed: b)",
            "TIMEOUT d (>0.2s)",
        ):
            self.assertIn(expected, bare)

    def test_url_of_the_logs_is_in_the_line_of_a_failure(self) -> None:
        self.run_jobs(Job("b", "exit 3"), log_url="http://box/logs/")
        self.assertIn("FAIL  b  (see http://box/logs/b.log)", self.log("ci"))

    def test_no_log_of_an_earlier_run_or_attempt_is_overwritten(self) -> None:
        self.run_jobs(Job("a", "echo one; exit 1", retries=1))
        self.run_jobs(Job("a", "echo two"))
        self.assertEqual(self.log("a"), "two\n")
        kept = sorted(path.name for path in self.logs.glob("a.log.*"))
        self.assertEqual(kept, ["a.log.1", "a.log.2"])
        self.assertIn("FAIL  a", (self.logs / "ci.log.1").read_text())

    def test_list_runs_without_a_shell(self) -> None:
        self.run_jobs(Job("a", ["printf", "%s", "$HOME; x"]))
        self.assertEqual(self.log("a"), "$HOME; x")

    def test_summary_tells_outcomes_attempts_and_the_end_of_failed_logs(self) -> None:
        code, _ = self.run_jobs(
            Job("a", "seq 30; exit 4"), rerun=lambda name: f"again {name}", env=dict(os.environ)
        )
        summary = json.loads((self.logs / "summary.json").read_text())
        self.assertEqual((code, summary["exit_code"]), (1, 1))
        self.assertEqual(summary["jobs"][0]["outcome"], "failed")
        self.assertEqual(summary["jobs"][0]["attempts"][0]["exit_code"], 4)
        shown = self.console.getvalue()
        self.assertIn("    11\n", shown)
        self.assertNotIn("    10\n", shown)
        self.assertIn("again a", shown)

    def test_log_that_a_job_made_a_fifo_holds_up_nobody(self) -> None:
        swap = "rm logs/a.log; mkfifo logs/a.log; exit 1"
        self.assertEqual(self.run_jobs(Job("a", swap)), (1, "a=failed"))
        self.assertIn("something else than a file", self.console.getvalue())

    def test_run_whose_log_a_job_took_away_is_red(self) -> None:
        for body, told in (
            ("rm logs/ci.log", "it was removed during the run"),
            ("mv logs/ci.log logs/elsewhere", "it was removed during the run"),
            ("mv logs elsewhere", "it was removed during the run"),
            ("mv logs other && mkdir logs && touch logs/ci.log", "something else is in its place"),
            ("cp logs/ci.log new && mv new logs/ci.log", "something else is in its place"),
            (": > logs/ci.log", "it was cut during the run"),
        ):
            with self.subTest(body):
                self.assertEqual(self.run_jobs(Job("a", body))[0], 1)
                said = f"the run is red: could not write {self.logs}/ci.log: {told}"
                self.assertIn(said, self.console.getvalue())
                summary = self.logs / "summary.json"
                told_code = json.loads(summary.read_text())["exit_code"] if summary.exists() else 1
                self.assertEqual(told_code, 1)

    def test_log_that_is_still_in_its_place_is_whole(self) -> None:
        body = "mv logs other && ln -s other logs && echo more >> logs/ci.log"
        self.assertEqual(self.run_jobs(Job("a", body))[0], 0)

    def test_job_that_cannot_be_started_fails_by_name(self) -> None:
        code, outcomes = self.run_jobs(Job("a", ["no-such-program"]))
        self.assertEqual((code, outcomes), (1, "a=failed"))
        self.assertIn("could not start no-such-program", self.log("ci"))

    def test_unmet_requirement_fails_by_name_and_nothing_starts(self) -> None:
        code, outcomes = self.run_jobs(
            Job("a", "touch started"), Job("b", "true", requires=["no-such-program"])
        )
        self.assertEqual((code, outcomes), (1, "a=cancelled b=failed"))
        self.assertFalse((self.cwd / "started").exists())

    def test_requirement_is_looked_for_on_the_path_of_the_job(self) -> None:
        tool = self.cwd / "own" / "own-tool"
        tool.parent.mkdir()
        tool.write_text("#!/bin/sh\n")
        tool.chmod(0o755)
        path = {"PATH": f"{tool.parent}:{os.environ['PATH']}"}
        self.assertEqual(self.run_jobs(Job("a", "own-tool", requires=["own-tool"], env=path))[0], 0)
        code, _ = self.run_jobs(Job("a", "true", requires=["git"], env={"PATH": str(tool.parent)}))
        self.assertEqual(code, 1)
        self.assertIn("requires git, not found on PATH", self.log("ci"))

    def test_missing_working_directory_is_an_error(self) -> None:
        with self.assertRaisesRegex(ValueError, "expected a directory"):
            self.pipeline(Job("a", "true"), cwd=self.cwd / "none").run()


class Environment(RunTest):
    def test_dependents_get_the_absolute_paths_of_outputs(self) -> None:
        code, _ = self.run_jobs(
            Job("my-job", "mkdir -p d; echo x > d/f", outputs={"the.file": "d/f"}),
            Job("b", 'echo "$CI_OUT_MY_JOB_THE_FILE"', ["my-job"]),
            Job("c", 'echo "[$CI_OUT_MY_JOB_THE_FILE]"'),
        )
        self.assertEqual((code, self.log("b")), (0, f"{self.cwd}/d/f\n"))
        self.assertEqual(self.log("c"), "[]\n")

    def test_filters_and_workers_reach_jobs(self) -> None:
        show = 'echo "$PYTEST_K_FILTER/$PW_GREP_FILTER/$PYTEST_WORKERS"'
        self.pipeline(Job("a", show)).run(only_testcases="a, b", pytest_workers=7)
        self.assertEqual(self.log("a"), "a or b/a|b/7\n")

    def test_job_that_honours_no_filter_is_not_told_of_one(self) -> None:
        show = 'echo "[$PYTEST_K_FILTER$PW_GREP_FILTER]"'
        self.pipeline(Job("a", show, testcases=False)).run(only_testcases="x")
        self.assertEqual(self.log("a"), "[]\n")

    def test_filtered_phase_first_then_all(self) -> None:
        jobs = (
            Job("a", 'echo "[$PYTEST_K_FILTER]" >> seen'),
            Job("w", "echo w >> seen", testcases=False),
        )
        self.assertEqual(self.pipeline(*jobs, max_parallel=1).run(first_testcases="x"), 0)
        self.assertEqual(sorted((self.cwd / "seen").read_text().split()), ["[]", "[x]", "w"])

    def test_lines_of_a_phase_tell_what_became_of_the_jobs_in_it(self) -> None:
        jobs = (Job("a", '[ -z "$PYTEST_K_FILTER" ]'), Job("b", "true", ["a"]))
        self.assertEqual(self.run_jobs(*jobs)[0], 0)
        code = self.pipeline(*jobs).run(first_testcases="x")
        first, second = self.log("ci").split("PHASE all test cases\n")
        self.assertIn("CAUSE a: exit code 1\n", first)
        self.assertIn("SKIP  b (dependency failed: a)\n", first)
        self.assertEqual(
            [line.partition("] ")[2] for line in second.splitlines()[:-1]],
            [
                "START a (attempt 2)",
                "PASS  a",
                "NOTE  a counts as failed: exit code 1 (in the first pass)",
                "START b",
                "PASS  b",
                "NOTE  b counts as skipped: dependency failed: a (in the first pass)",
                "NOTE  'x' matched in a; no test in b",
            ],
        )
        self.assertEqual(code, 1)
        self.assertIn("--- a: exit code 1 (in the first pass) ", self.console.getvalue())

    def test_secrets_do_not_reach_jobs_and_are_masked_in_what_the_runner_writes(self) -> None:
        env = dict(os.environ, GITHUB_TOKEN="s3cret-token", CI_SECRET_X="other-s3cret", KEPT="k")
        self.run_jobs(
            Job("a", "env; cat /proc/$PPID/environ 2>/dev/null | grep -c s3cret-tok; true"),
            Job("b", ["no-such-s3cret-token"]),
            env=env,
        )
        self.assertNotIn("s3cret-token", self.log("a"))
        self.assertNotIn("other-s3cret", self.log("a"))
        self.assertIn("KEPT=k", self.log("a"))
        self.assertIn("no-such-***", self.log("ci"))
        self.assertNotIn("s3cret-token", self.log("ci"))

    def test_environment_of_the_job_goes_over_the_common_one(self) -> None:
        self.run_jobs(Job("a", "echo $X", env={"X": "job"}), env=dict(os.environ, X="common"))
        self.assertEqual(self.log("a"), "job\n")

    @unittest.skipUnless(LINUX, "affinity belongs to Linux")
    def test_niceness_and_processors_are_in_force_before_the_body_and_for_its_children(
        self,
    ) -> None:
        cpu = min(os.sched_getaffinity(0))
        self.run_jobs(
            Job("a", "nice; bash -c nice; taskset -pc $$", nice=7, cpus=[cpu]), Job("b", "nice")
        )
        base = os.getpriority(os.PRIO_PROCESS, 0)
        lines = self.log("a").split()
        self.assertEqual(lines[:2], [str(base + 7)] * 2)
        self.assertEqual(lines[-1], str(cpu))
        self.assertEqual(self.log("b").strip(), str(base))

    @unittest.skipUnless(LINUX, "affinity belongs to Linux")
    def test_processor_that_cannot_be_is_said_and_no_failure(self) -> None:
        for cpu in (4000, 2**40):
            self.assertEqual(self.run_jobs(Job("a", "true", cpus=[cpu])), (0, "a=passed"))
            self.assertIn(f"not permitted, so jobs run without it: cpus {cpu}", self.log("ci"))

    def test_placement_that_is_not_permitted_is_said_once_and_no_failure(self) -> None:
        code, _ = self.run_jobs(Job("a", "true", cpus=[4000]), Job("b", "true", cpus=[4000]))
        self.assertEqual(code, 0)
        self.assertEqual(self.log("ci").count("cpus 4000"), 1)


class Outputs(RunTest):
    def test_exit_zero_without_the_promised_output_has_failed(self) -> None:
        code, outcomes = self.run_jobs(Job("a", "true", outputs={"o": "out"}))
        self.assertEqual((code, outcomes), (1, "a=failed"))

    def test_leftover_of_an_earlier_run_does_not_count(self) -> None:
        (self.cwd / "out").write_text("old")
        self.assertEqual(self.run_jobs(Job("a", "cat out", outputs={"o": "out"}))[0], 1)

    def test_leftover_whose_mode_is_changed_is_not_what_was_promised(self) -> None:
        (self.cwd / "out").write_text("old")
        (self.cwd / "out").chmod(0o644)
        job = Job("a", "chmod +x out; ln out other", outputs={"o": "out"})
        self.assertEqual(self.run_jobs(job), (1, "a=failed"))
        self.assertTrue(os.access(self.cwd / "out", os.X_OK))

    def test_rewrite_of_what_was_written_a_moment_ago_counts(self) -> None:
        for turn in range(5):
            (self.cwd / "o").write_text("x")
            code, _ = self.run_jobs(Job("a", ["/bin/sh", "-c", "echo >o"], outputs={"o": "o"}))
            self.assertEqual(code, 0, turn)
            (self.cwd / "o").write_text("\n")
            code, _ = self.run_jobs(Job("a", ["/bin/sh", "-c", "echo >o"], outputs={"o": "o"}))
            self.assertEqual(code, 0, turn)

    def test_old_file_that_is_moved_or_copied_into_place_counts(self) -> None:
        (self.cwd / "old").write_text("old")
        os.utime(self.cwd / "old", (1, 1))
        for command in ("mv old out", "cp -p out new; cp -p new out", "rm out; ln -s new out"):
            self.assertEqual(self.run_jobs(Job("a", command, outputs={"o": "out"}))[0], 0, command)

    def test_directory_counts_when_something_in_it_was_written(self) -> None:
        (self.cwd / "out").mkdir()
        (self.cwd / "out" / "f").write_text("x")
        self.assertEqual(self.run_jobs(Job("a", "true", outputs={"o": "out"}))[0], 1)
        self.assertEqual(self.run_jobs(Job("a", "echo y > out/f", outputs={"o": "out"}))[0], 0)

    def test_output_edge_starts_while_the_producer_runs(self) -> None:
        # the producer waits for its dependent: it passes only if that runs meanwhile
        code, _ = self.run_jobs(
            Job(
                "a",
                "mkdir d; echo > d/t; mv d/t d/o; until [ -e seen ]; do sleep .01; done",
                outputs={"o": "d/o"},
            ),
            Job("b", "touch seen", ["a:o"]),
        )
        self.assertEqual(code, 0)

    def test_way_up_from_a_symlink_leads_job_and_dependents_to_the_same_file(self) -> None:
        (self.cwd / "real" / "sub").mkdir(parents=True)
        (self.cwd / "link").symlink_to("real/sub")
        (self.cwd / "o").write_text("another\n")
        path = "link/../o"  # that is real/o
        wait = "until [ -e seen ]; do sleep .01; done"
        code, _ = self.run_jobs(
            Job("a", f"echo right > {path}; {wait}", outputs={"o": path}),
            Job("b", 'cat "$CI_OUT_A_O"; touch seen', ["a:o"]),
        )
        self.assertEqual((code, self.log("b")), (0, "right\n"))
        self.assertEqual((self.cwd / "real" / "o").read_text(), "right\n")

    def test_output_edge_starts_when_the_target_of_a_symlink_is_written(self) -> None:
        wait = "until [ -e seen ]; do sleep .01; done"
        code, _ = self.run_jobs(
            Job(
                "a",
                f"mkdir -p v1; ln -sfn v1 now; ln -s ../real now/o; echo > real; {wait}",
                outputs={"o": "now/o"},
            ),
            Job("b", "touch seen", ["a:o"]),
        )
        self.assertEqual(code, 0)

    def test_half_written_file_is_not_ready(self) -> None:
        code, _ = self.run_jobs(
            Job(
                "a",
                "exec 3> o; echo half >&3; sleep 0.3; echo whole >&3; exec 3>&-; sleep 0.2",
                outputs={"o": "o"},
            ),
            Job("b", "grep whole o", ["a:o"], ok_codes=(0,)),
        )
        self.assertEqual(code, 0)

    @unittest.skipUnless(LINUX, "needs file leases")
    def test_file_is_ready_when_the_last_writer_has_closed_it_whatever_its_name_was(self) -> None:
        end = "sleep 0.3; echo whole >&3; exec 3>&-; sleep 9"
        for way in (
            "exec 3>> o; echo half >> o",
            "exec 3> t; echo half >&3; mv t o",
            "exec 3> t; echo half >&3; ln t o",
        ):
            with self.subTest(way):
                writer = Job("a", f"{way}; {end}", outputs={"o": "o"}, service=True)
                reader = Job("b", "grep whole o", ["a:o"], ok_codes=(0,))
                self.assertEqual(self.run_jobs(writer, reader), (0, "a=passed b=passed"))
                (self.cwd / "o").unlink()

    def test_skipped_job_whose_output_is_not_there_fails_whoever_needs_it_by_name(self) -> None:
        made = self.pipeline(Job("a", "x", outputs={"o": "o"}), Job("b", "cat $CI_OUT_A_O", ["a"]))
        self.assertEqual(made.run(skip_jobs=["a"]), 1)
        self.assertIn("a:o", made.results["b"].reason)
        (self.cwd / "o").write_text("from the last run")
        self.assertEqual(made.run(skip_jobs=["a"]), 0)
        self.assertEqual(self.log("b"), "from the last run")


class CacheRuns(RunTest):
    def test_hit_restores_without_running_and_pass_stores(self) -> None:
        def job() -> Job:
            cache = Cache("cat key", "out", "store")
            return Job("a", "echo ran >> ran; cat key > out", outputs={"o": "out"}, cache=cache)

        (self.cwd / "key").write_text("1")
        self.assertEqual(self.run_jobs(job()), (0, "a=passed"))
        (self.cwd / "out").unlink()
        self.assertEqual(self.run_jobs(job()), (0, "a=restored"))
        self.assertEqual((self.cwd / "out").read_text(), "1")
        (self.cwd / "key").write_text("2")
        self.assertEqual(self.run_jobs(job()), (0, "a=passed"))
        self.assertEqual((self.cwd / "ran").read_text(), "ran\nran\n")

    def test_what_a_rejected_restore_left_was_not_written_by_the_body(self) -> None:
        cache = Cache("echo k", "dist", "store", cwd=self.cwd)
        (self.cwd / "dist").mkdir()
        (self.cwd / "dist" / "a").write_text("of an earlier build")
        outputs = {"a": "dist/a", "b": "dist/b"}
        job = Job("a", "echo new > dist/b", outputs=outputs, cache=cache)
        cache.made_by(job.cmd).store()
        (self.cwd / "dist" / "a").unlink()
        made = self.pipeline(job)
        self.assertEqual((made.run(), made.results["a"].cache), (1, "miss"))
        self.assertIn("its cache does not hold b, so it runs", self.console.getvalue())
        self.assertIn("did not write its output a (dist/a)", self.console.getvalue())

    def test_what_a_restore_left_that_was_killed_was_not_written_by_the_body(self) -> None:
        cache = Cache("touch out; kill -KILL $PPID", "out", "store")
        job = Job("a", "true", outputs={"o": "out"}, cache=cache)
        self.assertEqual(self.run_jobs(job), (1, "a=failed"))
        self.assertIn("did not write its output o (out)", self.console.getvalue())

    def test_artifact_behind_a_symlink_is_never_that_of_another_key(self) -> None:
        (self.cwd / "dist").symlink_to("real")
        cache = Cache("cat src", "dist", "store")
        for text in ("1", "2", "1"):
            (self.cwd / "src").write_text(text)
            build = Job("a", "mkdir -p real; cp src real/app", outputs={"o": "dist"}, cache=cache)
            test = Job("b", 'cmp src "$CI_OUT_A_O/app"', ["a"])
            self.assertEqual(self.run_jobs(build, test), (0, "a=passed b=passed"))
        self.assertIn("found a symlink", self.log("a"))

    def test_what_passed_with_a_filter_is_not_restored_as_a_pass_of_all(self) -> None:
        cache = Cache("echo k", "out", "store")
        body = 'echo "${PYTEST_K_FILTER:-all}" > out; test "$PYTEST_K_FILTER" = x'
        made = self.pipeline(Job("a", body, cache=cache, ok_codes=(0,)))
        self.assertEqual(made.run(only_testcases="x"), 0)
        self.assertEqual(self.run_jobs(Job("a", body, cache=cache)), (1, "a=failed"))
        self.assertEqual(self.pipeline(Job("a", body, cache=cache)).run(first_testcases="x"), 1)

    def test_failed_job_is_not_stored(self) -> None:
        cache = Cache("echo k", "out", "store")
        self.run_jobs(Job("a", "touch out; exit 1", cache=cache))
        self.assertEqual(self.run_jobs(Job("a", "touch out; exit 1", cache=cache)), (1, "a=failed"))

    def test_job_that_changes_its_own_inputs_is_not_stored(self) -> None:
        cache = Cache("cat key", "out", "store")
        (self.cwd / "key").write_text("1")
        for _ in range(2):
            made = Job("a", "touch out; echo x >> key", cache=cache)
            self.assertEqual(self.run_jobs(made), (0, "a=passed"))
            said = "NOTE  a: not stored in its cache: while it ran, its inputs changed"
            self.assertEqual(self.notes("a"), [said])

    def test_source_that_is_edited_while_its_job_runs_is_not_found_under_what_it_was(self) -> None:
        body = "echo 2 > src; cat src > out"  # as an editor does, before the body reads it
        job = Job("a", body, cache=Cache("cat src", "out", "store"))
        for _ in range(2):
            (self.cwd / "src").write_text("1")
            self.assertEqual(self.run_jobs(job), (0, "a=passed"))

    def notes(self, job: str) -> list[str]:
        lines = [line[11:] for line in self.log("ci").splitlines()]
        return [line for line in lines if line.startswith(f"NOTE  {job}: ")]

    def test_job_without_a_key_is_said_once_and_asked_once(self) -> None:
        cache = Cache("echo asked >> asked; cat sorce", "out", "store")
        job = Job("a", "touch out; test -e again || ! touch again", cache=cache, retries=1)
        self.assertEqual(self.run_jobs(job), (0, "a=flaky"))
        (note,) = self.notes("a")
        said = "cat: sorce: No such file or directory"
        self.assertEqual(
            note, f"NOTE  a: no cache key: its key command ended with exit code 1: {said}"
        )
        asked = (self.cwd / "asked").read_text().splitlines()
        self.assertEqual(len(asked), 2, "once an attempt")
        self.assertFalse((self.cwd / "store").exists())

    def test_store_that_is_none_and_entry_that_is_none_are_said_once(self) -> None:
        job = Job("a", "echo made > out", cache=Cache("echo k", "out", "store"))
        (self.cwd / "store").write_text("no directory")
        made = self.pipeline(job)
        self.assertEqual((made.run(), made.results["a"].cache), (0, "unusable"))
        self.assertEqual(len(self.notes("a")), 1, self.log("ci"))
        self.assertIn("Not a directory", self.notes("a")[0])
        (self.cwd / "store").unlink()
        self.run_jobs(job)
        self.assertEqual(self.notes("a"), [])
        next((self.cwd / "store").glob("*.json")).write_text("{")
        made = self.pipeline(job)
        self.assertEqual((made.run(), made.results["a"].cache), (0, "stored"))
        self.assertEqual(len(self.notes("a")), 1, self.log("ci"))
        self.assertIn("expected an entry's JSON", self.notes("a")[0])
        self.assertEqual(self.run_jobs(job), (0, "a=restored"))

    def test_artifact_that_was_never_made_is_said(self) -> None:
        job = Job("a", "true", cache=Cache("echo k", "out", "store"))
        self.assertEqual(self.run_jobs(job), (0, "a=passed"))
        (note,) = self.notes("a")
        self.assertRegex(note, "its artifact could not be stored: .*No such file")

    def test_artifact_that_its_job_left_as_it_was_is_not_stored(self) -> None:
        job = Job("a", "true", cache=Cache("cat src", "dist", "store"))
        (self.cwd / "dist").mkdir()
        (self.cwd / "dist" / "app").write_text("of older sources")
        (self.cwd / "src").write_text("new")
        for _ in range(2):
            made = self.pipeline(job)
            self.assertEqual((made.run(), made.results["a"].cache), (0, "miss"))
            (note,) = self.notes("a")
            self.assertRegex(note, "not stored in its cache: its job left dist as it was: remove")

    def test_artifact_of_which_a_job_has_written_a_part_in_any_attempt_is_stored(self) -> None:
        (self.cwd / "dist").mkdir()
        (self.cwd / "dist" / "app").write_text("old")
        bodies = {
            "rewrites": "echo new > dist/app",
            "adds": "echo new > dist/more",
            "removes": "rm -f dist/more",
            "retried": "test ! -e again || exit 0; touch again; echo x > dist/x; exit 1",
        }
        for name, body in bodies.items():
            job = Job(name, body, cache=Cache("echo k", "dist", "store"), retries=1)
            made = self.pipeline(job)
            self.assertEqual((made.run(), made.results[name].cache), (0, "stored"), name)
            self.assertEqual(self.run_jobs(job), (0, f"{name}=restored"))

    def test_hit_shows_the_log_of_the_run_that_made_it_and_only_that(self) -> None:
        cache = Cache("echo asking >&2; echo k", "out", "store")
        body = "touch out; echo 'warning: old'; echo and stderr >&2"
        self.run_jobs(Job("a", body, cache=cache))
        for _ in range(2):  # a hit is stored nowhere
            self.assertEqual(self.run_jobs(Job("a", body, cache=cache)), (0, "a=restored"))
            said = "restored out from the cache\nits job said when it was made:\n"
            self.assertEqual(self.log("a"), f"{said}warning: old\nand stderr\n")

    def test_secret_that_a_job_has_printed_is_not_in_the_store(self) -> None:
        env = {**os.environ, "GITHUB_TOKEN": "s3cret-token"}
        (self.cwd / "leak").write_text("token: s3cret-token\n" * 3)
        job = Job("a", "touch out; cat leak", cache=Cache("echo k", "out", "store"))
        self.run_jobs(job, env=env)
        self.assertIn("s3cret-token", self.log("a"))  # it went straight to its file
        self.assertEqual(self.run_jobs(job, env=env), (0, "a=restored"))
        self.assertEqual(self.log("a").splitlines()[-3:], ["token: ***"] * 3)
        for path in (self.cwd / "store").rglob("*"):
            self.assertFalse(path.is_file() and b"s3cret" in path.read_bytes(), path)

    def test_long_log_is_kept_to_its_end(self) -> None:
        body = "touch out; seq 200000; echo the last line"
        job = Job("a", body, cache=Cache("echo k", "out", "store"))
        self.run_jobs(job)
        self.assertEqual(self.run_jobs(job), (0, "a=restored"))
        lines = self.log("a").splitlines()
        self.assertEqual((lines[2], lines[-1]), ("(its end only)", "the last line"))
        self.assertLess(len(self.log("a")), 300 * 1024)

    def test_changed_command_or_variable_is_not_restored(self) -> None:
        def made(cmd: str | list[str], **env: str) -> str:
            cache = Cache("echo k", "out", "store")
            self.run_jobs(job := Job("a", cmd, outputs={"o": "out"}, env=env, cache=cache))
            self.assertEqual(self.run_jobs(job), (0, "a=restored"))
            return (self.cwd / "out").read_text()

        self.assertEqual(made("echo one > out"), "one\n")
        self.assertEqual(made("echo two > out"), "two\n")
        self.assertEqual(made(["bash", "-c", "echo three > out"]), "three\n")
        self.assertEqual(made("echo $MODE > out", MODE="4"), "4\n")
        self.assertEqual(made("echo $MODE > out", MODE="5"), "5\n")
        self.assertEqual(made("echo one > out"), "one\n")

    def test_two_jobs_with_one_store_and_one_key_keep_their_own_files(self) -> None:
        def made(name: str, body: str) -> Job:
            return Job(name, body, outputs={"o": name}, cache=Cache("echo k", name, "store"))

        for _ in range(2):
            self.run_jobs(made("js", "echo js > js"), made("py", "echo py > py"), max_parallel=1)
            self.assertEqual((self.cwd / "py").read_text(), "py\n")
        same = [made(name, 'echo $CI_JOB > "$CI_JOB"') for name in ("c", "d")]
        for _ in range(2):
            self.run_jobs(*same)
            self.assertEqual((self.cwd / "d").read_text(), "d\n")

    def test_asking_leaves_nothing_in_the_directory_of_the_logs(self) -> None:
        self.run_jobs(Job("a", "touch out", cache=Cache("echo k", "out", "store")))
        found = {path.name for path in self.logs.iterdir()} - {".lock"}
        self.assertEqual(found, {"a.log", "ci.log", "summary.json"})

    def test_own_variables_of_a_job_do_not_break_its_cache(self) -> None:
        (self.cwd / "src").mkdir()
        for module in ("types", "json", "token", "select"):
            (self.cwd / "src" / f"{module}.py").write_text("X = 1\n")
        cache = Cache("echo k $PYTHONPATH", "out", "store")
        job = Job("a", "touch out", env={"PYTHONPATH": "src"}, cache=cache)
        self.assertEqual(self.run_jobs(job), (0, "a=passed"))
        self.assertEqual(self.run_jobs(job), (0, "a=restored"))
        (entry,) = (self.cwd / "store").glob("*.json")
        self.assertIn('"k src"', entry.read_text())


@unittest.skipUnless(LINUX, "needs /proc and a subreaper")
class Trees(RunTest):
    def gone(self) -> None:
        self.assertEqual(tagged(self.sleeper()), [])

    def leaves(self, command: str, **fields: Any) -> tuple[int, str]:
        result = self.run_jobs(Job("a", command, **fields))
        self.gone()
        return result

    def test_output_that_what_was_left_removes_when_it_is_stopped_fails_the_job(self) -> None:
        leak = "(trap 'rm out; exit' TERM; touch up; sleep 50 & wait) &"
        job = Job("a", f"{leak} until [ -e up ]; do :; done; touch out", outputs={"o": "out"})
        code, outcomes = self.run_jobs(job, Job("b", "cat out", ["a"]))
        self.assertEqual((code, outcomes), (1, "a=failed b=skipped"))
        self.assertIn("what it left running removed its output o (out)", self.console.getvalue())

    def test_background_process_does_not_survive_its_job(self) -> None:
        self.assertEqual(self.leaves(f"{self.sleeper()} & true"), (0, "a=passed"))
        self.assertIn("LEAK  a left 1", self.log("ci"))

    def test_setsid_does_not_escape(self) -> None:
        self.leaves(f"setsid {self.sleeper()} & true")
        self.assertIn("LEAK  a left 1", self.log("ci"))

    def test_double_fork_does_not_escape(self) -> None:
        self.leaves(f"(setsid bash -c '({self.sleeper()} &)' &) ; sleep 0.1")
        self.assertIn("LEAK  a", self.log("ci"))

    def test_process_that_shed_environment_group_and_output_does_not_escape(self) -> None:
        self.leaves(f"env -i setsid {self.sleeper()} </dev/null >/dev/null 2>&1 & sleep 0.1")
        self.assertIn("LEAK  a", self.log("ci"))

    def test_ignored_term_in_leader_and_grandchild_does_not_escape_the_timeout(self) -> None:
        inner = f"(trap '' TERM; setsid {self.sleeper()} & {self.sleeper('1')})"
        command = f"trap '' TERM; {inner}; {self.sleeper('2')}"
        self.assertEqual(self.leaves(command, timeout=0.3), (1, "a=timed out"))

    def test_stopped_tree_is_ended(self) -> None:
        command = f"({self.sleeper()} & kill -STOP $!); kill -STOP $$"
        self.assertEqual(self.leaves(command, timeout=0.3), (1, "a=timed out"))

    def test_group_leader_that_exits_first_leaves_nobody(self) -> None:
        self.leaves(f"bash -c '{self.sleeper()} & {self.sleeper('1')} &' ; exit 0")

    def test_fork_storm_is_ended(self) -> None:
        storm = f"f() {{ {self.sleeper()} & setsid {self.sleeper('1')} & f; }}; trap '' TERM; f"
        with_limit = f"{{ {storm}; }} & for i in 1 2 3 4 5; do sleep 0.05; done"
        self.leaves(with_limit, timeout=5)

    def test_no_zombies_and_no_descriptors_are_left(self) -> None:
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(3):
            self.run_jobs(Job("a", f"{self.sleeper()} & setsid sleep 0.01 & true"))
        look = process_table.table()
        zombies = [p for c in look.children(os.getpid()) if (p := look.read(c)) and not p.alive]
        self.assertEqual(zombies, [])
        self.assertEqual(len(list(Path("/proc/self/fd").iterdir())), before)

    def test_second_run_beside_another_in_one_process_is_refused(self) -> None:
        codes: list[int] = []
        made = self.pipeline(Job("a", "touch up; until [ -e down ]; do sleep 0.01; done"))
        thread = threading.Thread(target=lambda: codes.append(made.run()))
        thread.start()
        while not (self.cwd / "up").exists():
            time.sleep(0.01)
        with self.assertRaisesRegex(RuntimeError, "one at a time"):
            self.pipeline(Job("b", "true")).run()
        (self.cwd / "down").touch()
        thread.join()
        self.assertEqual(codes, [0])
        self.assertEqual(self.run_jobs(Job("b", "true"))[0], 0)

    def test_children_of_the_host_program_are_not_touched(self) -> None:
        own = subprocess.Popen(["sleep", "600"], start_new_session=True)
        self.addCleanup(own.wait)
        self.addCleanup(own.kill)
        quick = subprocess.Popen(["bash", "-c", "exit 7"], start_new_session=True)
        self.run_jobs(Job("a", "sleep 0.05"))
        self.assertIsNone(own.poll())
        self.assertEqual(quick.wait(), 7)

    def test_child_that_the_host_program_starts_during_a_run_is_not_touched(self) -> None:
        made: list[subprocess.Popen[bytes]] = []

        def start(event: events.Event) -> None:
            if isinstance(event, events.Started):
                made.append(subprocess.Popen(["sleep", "600"], process_group=0))
                made.append(subprocess.Popen(["bash", "-c", "exit 7"], process_group=0))

        self.run_jobs(Job("a", "sleep 0.05"), Job("b", "sleep 0.05", ["a"]), listeners=[start])
        for own in made[::2]:
            self.assertIsNone(own.poll())
            own.kill()
            own.wait()
        self.assertEqual([quick.wait() for quick in made[1::2]], [7, 7])

    def test_service_is_stopped_after_its_last_dependent(self) -> None:
        service = f"echo up > u.new; mv u.new u; exec {self.sleeper()}"
        code, outcomes = self.run_jobs(
            Job("s", service, service=True, outputs={"u": "u"}), Job("t", "cat u", ["s"])
        )
        self.assertEqual((code, outcomes), (0, "s=passed t=passed"))
        self.gone()

    def test_service_is_ready_when_the_target_of_its_symlink_is_written(self) -> None:
        (self.cwd / "u").symlink_to("state/ready")  # of an earlier run, and led to nothing
        service = f"mkdir state; echo up > state/ready; exec {self.sleeper()}"
        code, outcomes = self.run_jobs(
            Job("s", service, service=True, outputs={"u": "u"}), Job("t", "cat u", ["s"])
        )
        self.assertEqual((code, outcomes), (0, "s=passed t=passed"))
        self.gone()

    def test_service_that_goes_to_the_background_is_stopped_and_is_no_leak(self) -> None:
        service = f"setsid {self.sleeper()} & true"
        code, _ = self.run_jobs(Job("s", service, service=True), Job("t", "true", ["s"]))
        self.assertEqual(code, 0)
        self.assertNotIn("LEAK", self.log("ci"))
        self.gone()

    def test_service_that_dies_while_needed_is_a_failure_that_names_it(self) -> None:
        code, outcomes = self.run_jobs(
            Job("s", "(sleep 0.1) & true", service=True), Job("t", "sleep 1.5", ["s"])
        )
        self.assertEqual((code, outcomes), (1, "s=failed t=passed"))
        self.assertIn("gone while t still needed it", self.log("ci"))


@unittest.skipUnless(LINUX, "needs /proc")
class EndsAtOnce(RunTest):
    """Several ends arrive in one wake-up, or as good as in one."""

    def serves(self, service: str, user: str) -> tuple[str, str]:
        """Return what became of a service `s` and its user `t`, and why of `s`."""
        declared = Job("s", service, service=True, outputs={"r": "r"}), Job("t", user, ["s"])
        made = self.pipeline(*declared)
        made.run()
        (self.cwd / "r").unlink()
        outcomes = " ".join(f"{name}={result.outcome}" for name, result in made.results.items())
        return outcomes, made.results["s"].reason

    def test_service_that_its_last_user_kills_has_failed(self) -> None:
        for name in ("SEGV", "KILL", "HUP"):
            outcomes, why = self.serves(
                "echo $$ > pid; touch r; exec sleep 50", f"kill -{name} $(cat pid)"
            )
            self.assertEqual(outcomes, "s=failed t=passed")
            self.assertIn(f"killed by SIG{name}", why)

    def test_service_that_exits_just_before_its_last_user_has_failed(self) -> None:
        ended = "while grep -qs ^State:.[^Z] /proc/$pid/status; do :; done"
        outcomes, why = self.serves(
            "echo $$ > pid; trap 'exit 3' USR1; touch r; while :; do sleep 0.01; done",
            f"pid=$(cat pid); kill -USR1 $pid; {ended}",
        )
        self.assertEqual(outcomes, "s=failed t=passed")
        self.assertIn("exit code 3", why)

    def test_what_a_service_left_and_its_last_user_kills_has_failed(self) -> None:
        outcomes, why = self.serves(
            "setsid sleep 50 & echo $! > pid; touch r", "sleep 0.1; kill -KILL $(cat pid)"
        )
        self.assertEqual(outcomes, "s=failed t=passed")
        self.assertIn("all of its processes", why)

    def test_service_that_ends_by_its_stop_has_passed_whatever_it_says(self) -> None:
        for end in ("exit 3", "kill -SEGV $$"):
            outcomes, why = self.serves(
                f"trap '{end}' TERM; touch r; while :; do sleep 0.01; done", "true"
            )
            self.assertEqual((outcomes, why), ("s=passed t=passed", ""))

    def test_job_that_is_to_be_stopped_may_have_ended_in_the_same_wake_up(self) -> None:
        def until_both_ended(event: events.Event) -> None:
            if isinstance(event, events.Started) and event.job == "c":
                for process in process_table.table().all():
                    if process.ppid == os.getpid():
                        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

        either = [Job(name, "exit 1", fast_fail=True) for name in "ab"]
        made = self.pipeline(*either, Job("c", "sleep 60"), listeners=[until_both_ended])
        self.assertEqual(made.run(fast_fail=True), 1)
        outcomes = [made.results[name].outcome for name in "abc"]
        self.assertEqual(sorted(map(str, outcomes)), ["cancelled", "cancelled", "failed"])


RUNNER = textwrap.dedent(
    """
    import sys
    sys.path.insert(0, {here!r})
    from dsl import Job, Pipeline
    jobs = [
        Job("a", "trap 'exit 0' TERM; touch up; {sleeper} & wait; wait"),
        Job("b", "true", ["a"]),
        Job("z", "true", ["a"], when="always"),
    ]
    sys.exit(Pipeline(jobs, "s", "b", "logs", cwd=".", grace=0.3, **{options}).run())
    """
)


@unittest.skipUnless(LINUX, "needs /proc")
class Interrupts(RunTest):
    def runner(self, options: str = "{}") -> subprocess.Popen[str]:
        code = RUNNER.format(here=str(HERE), sleeper=self.sleeper(), options=options)
        process = subprocess.Popen(
            [sys.executable, "-c", code], cwd=self.cwd, stdout=subprocess.PIPE, text=True
        )
        self.addCleanup(process.communicate)
        self.wait_for((self.cwd / "up").exists)
        return process

    def wait_for(self, condition: Any) -> None:
        end = time.monotonic() + 20
        while not condition():
            self.assertLess(time.monotonic(), end, "did not happen in 20 s")
            time.sleep(0.01)

    def summary(self) -> dict[str, str]:
        jobs = json.loads((self.logs / "summary.json").read_text())["jobs"]
        return {job["name"]: job["outcome"] for job in jobs}

    def test_each_signal_ends_the_run_with_128_plus_n(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            (self.cwd / "up").unlink(missing_ok=True)
            process = self.runner()
            process.send_signal(number)
            self.assertEqual(process.wait(), 128 + number)
            self.assertEqual(self.summary(), dict.fromkeys("abz", "cancelled"))
            self.assertIn(f"INTERRUPTED by {number.name}, running: a", self.log("ci"))
            self.assertEqual(tagged(self.sleeper()), [])

    def test_signals_that_the_host_handles_itself_end_nothing(self) -> None:
        for number in (signal.SIGALRM, signal.SIGCHLD):
            with self.subTest(number=number):
                seen: list[int] = []

                def note(number: int, _: object, seen: list[int] = seen) -> None:
                    seen.append(number)

                before = signal.signal(number, note)
                self.addCleanup(signal.signal, number, before)
                signal.setitimer(signal.ITIMER_REAL, 0.05 if number == signal.SIGALRM else 0)
                self.assertEqual(
                    self.run_jobs(Job("a", "sleep 0.1"), Job("b", "sleep 0.1", ["a"])),
                    (0, "a=passed b=passed"),
                )
                self.assertTrue(seen)

    def test_host_that_ignores_its_children_learns_of_jobs_all_the_same(self) -> None:
        before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGCHLD, before)
        inner = [sys.executable, "-c", "import subprocess; subprocess.run(['false'], check=True)"]
        self.assertEqual(
            self.run_jobs(Job("a", "exit 3"), Job("b", "true"), Job("c", inner)),
            (1, "a=failed b=passed c=failed"),
        )
        self.assertIs(signal.getsignal(signal.SIGCHLD), signal.SIG_IGN)

    def test_exit_code_that_the_host_has_taken_is_a_failure_that_says_so(self) -> None:
        before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGCHLD, before)
        codes: list[int] = []
        made = self.pipeline(
            Job("a", "sleep 0.1", ok_codes=(0, 256)), Job("b", self.sleeper()), timeout=4
        )
        thread = threading.Thread(target=lambda: codes.append(made.run()))  # it cannot take it back
        thread.start()
        thread.join()
        self.assertEqual(codes, [124])
        self.assertRegex(self.log("ci"), "CAUSE a: its exit code is lost: .*SIGCHLD")
        self.assertEqual(tagged(self.sleeper()), [])

    def test_run_timeout_ends_with_124(self) -> None:
        self.assertEqual(self.runner("{'timeout': 0.5}").wait(), 124)
        self.assertEqual(self.summary(), dict.fromkeys("abz", "cancelled"))
        self.assertEqual(tagged(self.sleeper()), [])

    def test_suspended_run_stops_its_trees_and_resumes_them(self) -> None:
        process = self.runner()
        look = process_table.table()

        def sleepers() -> list[int]:
            return [p for p in tagged(self.sleeper()) if look.command(p).startswith("sleep")]

        self.wait_for(sleepers)
        (sleeping,) = sleepers()
        process.send_signal(signal.SIGTSTP)

        def states() -> str:
            found = (look.read(process.pid), look.read(sleeping))
            return "".join(p.state for p in found if p)

        self.wait_for(lambda: states() == "TT")
        process.send_signal(signal.SIGCONT)
        self.wait_for(lambda: "T" not in states())
        process.terminate()
        self.assertEqual(process.wait(), 143)


class Fallbacks(RunTest):
    """The ways of systems without pidfds, inotify and /proc, run here by forcing them."""

    def test_run_without_pidfds(self) -> None:
        from unittest import mock

        from lib.processes import wait as wakeup
        from lib.processes.wait_timed import TimedWaiter

        def timed(numbers: Any) -> TimedWaiter:
            return TimedWaiter(wakeup.SignalPipe([*numbers, signal.SIGCHLD]))

        with mock.patch.object(wakeup, "make", timed):
            code, outcomes = self.run_jobs(
                Job("a", f"{self.sleeper()} & sleep 0.1", retries=1),
                Job("b", "exit 3", ["a"]),
                Job("c", "sleep 9", timeout=0.2),
            )
        self.assertEqual((code, outcomes), (1, "a=passed b=failed c=timed out"))
        self.assertEqual(tagged(self.sleeper()), [])

    def test_output_edges_without_inotify(self) -> None:
        from unittest import mock

        from lib.outputs import tracker
        from lib.outputs.polling import PollWatch

        with mock.patch.object(tracker, "make_watch", PollWatch):
            code, _ = self.run_jobs(
                Job("a", "echo > o; until [ -e seen ]; do sleep .01; done", outputs={"o": "o"}),
                Job("b", "touch seen", ["a:o"]),
            )
        self.assertEqual(code, 0)

    def test_process_table_from_ps(self) -> None:
        from lib.processes.process_table_ps import PsTable

        look = PsTable()
        child = subprocess.Popen(["sleep", "5"])
        try:
            found = look.read(child.pid)
            assert found is not None
            self.assertEqual((found.ppid, found.group), (os.getpid(), os.getpgrp()))
            self.assertIn(child.pid, look.children(os.getpid()))
            self.assertEqual(look.command(child.pid), "sleep 5")
        finally:
            child.kill()
            child.wait()
        self.assertIsNone(look.read(child.pid))


if __name__ == "__main__":
    unittest.main()
