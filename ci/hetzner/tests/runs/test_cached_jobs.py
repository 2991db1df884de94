"""Jobs with a cache: restores, stores, and their lines in the log."""

from __future__ import annotations

import os
import unittest
from unittest import mock

from dsl import Cache, Job
from lib.diagnosis import key_differences
from lib.processes import key_record
from tests.support.run_case import RunTest


class CacheRuns(RunTest):
    def test_files_of_a_rejected_restore_were_not_written_by_the_body(self) -> None:
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

    def test_files_of_a_killed_restore_were_not_written_by_the_body(self) -> None:
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

    def test_pass_with_a_filter_is_not_restored_as_a_pass_of_all(self) -> None:
        cache = Cache("echo k", "out", "store")
        body = 'echo "${PYTEST_K_FILTER:-all}" > out; test "$PYTEST_K_FILTER" = x'
        made = self.pipeline(Job("a", body, cache=cache, ok_codes=(0,)))
        self.assertEqual(made.run(only_testcases="x"), 0)
        self.assertEqual(self.run_jobs(Job("a", body, cache=cache)), (1, "a=failed"))
        self.assertEqual(self.pipeline(Job("a", body, cache=cache)).run(first_testcases="x"), 1)

    def test_parts_of_the_key_are_recorded_so_that_a_miss_can_be_explained(self) -> None:
        cache = Cache("echo of the compiler; cat src", "out", "store")
        found = []
        for text in ("1", "2"):
            (self.cwd / "src").write_text(text)
            self.run_jobs(Job("a", "touch out", cache=cache, env={"FLAGS": text}))
            found.append(key_record.read(self.logs, "a"))
        self.assertEqual(
            key_differences.differences(*found),
            ["its key:", "  - 1", "  + 2", "its variable FLAGS: 1 -> 2"],
        )

    def test_secret_in_a_key_is_masked_in_its_record(self) -> None:
        self.enterContext(mock.patch.dict(os.environ, {"CI_SECRET_A": "swordfish"}))
        cache = Cache("echo sword''fish", "out", "store")
        self.run_jobs(Job("a", "touch out", cache=cache))
        self.assertEqual(key_record.read(self.logs, "a")["key"], ["***"])

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

    def test_source_that_is_edited_while_its_job_runs_is_stored_under_no_key(self) -> None:
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
        self.assertEqual(found, {"a.log", "a.cache.json", "ci.log", "summary.json"})

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


if __name__ == "__main__":
    unittest.main()
