"""Promised files: which count as written, and when dependents start from them."""

from __future__ import annotations

import os
import unittest

from dsl import Job
from tests.support.run_case import LINUX, RunTest


class Outputs(RunTest):
    def test_exit_zero_without_the_promised_output_has_failed(self) -> None:
        code, outcomes = self.run_jobs(Job("a", "true", outputs={"o": "out"}))
        self.assertEqual((code, outcomes), (1, "a=failed"))

    def test_leftover_of_an_earlier_run_does_not_count(self) -> None:
        (self.cwd / "out").write_text("old")
        self.assertEqual(self.run_jobs(Job("a", "cat out", outputs={"o": "out"}))[0], 1)

    def test_leftover_whose_mode_is_changed_does_not_count_as_written(self) -> None:
        (self.cwd / "out").write_text("old")
        (self.cwd / "out").chmod(0o644)
        job = Job("a", "chmod +x out; ln out other", outputs={"o": "out"})
        self.assertEqual(self.run_jobs(job), (1, "a=failed"))
        self.assertTrue(os.access(self.cwd / "out", os.X_OK))

    def test_rewrite_of_a_file_that_was_just_written_counts(self) -> None:
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
    def test_file_is_ready_when_its_last_writer_has_closed_it_under_any_name(self) -> None:
        end = "sleep 0.3; echo whole >&3; exec 3>&-; until [ -e seen ]; do sleep 0.01; done"
        for way in (
            "exec 3>> o; echo half >> o",
            "exec 3> t; echo half >&3; mv t o",
            "exec 3> t; echo half >&3; ln t o",
        ):
            with self.subTest(way):
                writer = Job("a", f"{way}; {end}", outputs={"o": "o"}, timeout=20)
                reader = Job("b", "grep whole o && touch seen", ["a:o"], ok_codes=(0,))
                self.assertEqual(self.run_jobs(writer, reader), (0, "a=passed b=passed"))
                for name in ("o", "seen"):
                    (self.cwd / name).unlink()

    def test_missing_output_of_a_skipped_job_fails_its_dependents_by_name(self) -> None:
        made = self.pipeline(Job("a", "x", outputs={"o": "o"}), Job("b", "cat $CI_OUT_A_O", ["a"]))
        self.assertEqual(made.run(skip_jobs=["a"]), 1)
        self.assertIn("a:o", made.results["b"].reason)
        (self.cwd / "o").write_text("from the last run")
        self.assertEqual(made.run(skip_jobs=["a"]), 0)
        self.assertEqual(self.log("b"), "from the last run")


if __name__ == "__main__":
    unittest.main()
