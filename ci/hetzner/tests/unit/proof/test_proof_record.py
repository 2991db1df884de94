"""The record of what a run has proven, whole, cut off, and damaged."""

from __future__ import annotations

import os
import tempfile
import unittest
from pathlib import Path

from lib.model import events
from lib.model.job import Job
from lib.model.result import Earlier, Outcome, Result
from lib.proof import proof_record
from lib.proof.fingerprint import JobFingerprints
from lib.proof.proof_record import NAME, ProofRecord


class Record(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        self.directory = self.root / "run"
        self.directory.mkdir()
        jobs = [Job("a", "true", outputs={"o": "out"}), Job("b", "true", ["a"])]
        known = JobFingerprints({"PATH": ""}, self.root)
        self.made = ""
        self.record = ProofRecord(
            self.directory, "tree", jobs, self.root, {"x": "1"}, known, self.made_by
        )
        self.addCleanup(self.record.close)

    def end(self, name: str, outcome: Outcome = Outcome.PASSED, *, again: bool = False) -> None:
        result = Result(name, outcome)
        self.record(events.Finished(0.0, name, result, outcome, "", again=again))

    def made_by(self, job: str) -> dict[str, str]:
        return {"its environment": self.made} if job == "a" else {}

    def test_what_a_job_makes_for_others_is_asked_when_it_has_ended(self) -> None:
        self.made = "3.13-x"
        for name in ("a", "b"):
            self.end(name)
        jobs = proof_record.read(self.directory).jobs
        self.assertEqual(jobs["a"].depends["its environment"], "3.13-x")
        self.assertNotIn("its environment", jobs["b"].depends)

    def test_what_was_written_is_read(self) -> None:
        self.end("a")
        self.end("b", Outcome.FAILED)
        (self.root / "out").write_text("made")
        self.record.finish([])
        proof = proof_record.read(self.directory)
        self.assertEqual((proof.tree, list(proof.names), proof.faults), ("tree", ["a", "b"], []))
        self.assertEqual((proof.jobs["a"].outcome, proof.jobs["b"].outcome), ("passed", "failed"))
        self.assertEqual(list(proof.jobs["a"].outputs), ["o"])
        digest = proof_record.digest_of(self.root / "out")
        self.assertEqual(proof.jobs["a"].outputs["o"], digest)
        self.assertTrue(digest)

    def test_a_pass_that_another_one_follows_proves_nothing(self) -> None:
        self.end("a", again=True)
        self.record.finish([])
        self.assertEqual(proof_record.read(self.directory).jobs, {})

    def test_of_a_killed_run_the_jobs_that_had_ended_are_known_and_that_it_was_cut_off(
        self,
    ) -> None:
        self.end("a")
        proof = proof_record.read(self.directory)
        self.assertEqual(list(proof.jobs), ["a"])
        self.assertEqual(proof.jobs["a"].outputs, {})
        self.assertEqual(proof.faults, [proof_record.CUT_OFF])

    def test_a_restored_job_keeps_the_digests_of_its_run(self) -> None:
        result = Result("a", Outcome.RESTORED)
        result.earlier = Earlier("passed in r", run="r", outputs={"o": "digest"})
        self.record(events.Finished(0.0, "a", result, Outcome.RESTORED, ""))
        self.record.finish([])
        found = proof_record.read(self.directory).jobs["a"]
        self.assertEqual((found.run, found.outputs), ("r", {"o": "digest"}))

    def test_a_damaged_line_proves_nothing(self) -> None:
        self.end("a")
        self.end("b")
        self.record.finish(["a fault"])
        whole = (self.directory / NAME).read_bytes().splitlines(keepends=True)
        for damage in (b"", b"\0\0\0\n", b"[]\n", b'{"job": "a"}\n', b"[" * 100_000 + b"\n"):
            (self.directory / NAME).write_bytes(b"".join([whole[0], damage, *whole[2:]]))
            proof = proof_record.read(self.directory)
            self.assertEqual((list(proof.jobs), proof.faults), (["b"], ["a fault"]), damage[:9])

    def test_a_torn_line_proves_nothing(self) -> None:
        self.end("a")
        content = (self.directory / NAME).read_bytes()
        for length in range(len(content) - 1):
            (self.directory / NAME).write_bytes(content[:length])
            try:
                self.assertEqual(proof_record.read(self.directory).jobs, {})
            except ValueError:
                continue

    def test_a_damaged_fingerprint_equals_none(self) -> None:
        self.end("a")
        path = self.directory / NAME
        path.write_text(path.read_text().replace('"depends": {"its', '"depends": {"x": 3, "its'))
        self.assertEqual(proof_record.read(self.directory).jobs["a"].depends, {})

    def test_what_is_no_record_is_refused_with_the_reason(self) -> None:
        (self.directory / NAME).unlink()
        with self.assertRaisesRegex(ValueError, f"it has no {NAME}"):
            proof_record.read(self.directory)
        os.mkfifo(self.directory / NAME)
        with self.assertRaisesRegex(ValueError, "cannot be read"):
            proof_record.read(self.directory)
        (self.directory / NAME).unlink()
        for content in (b"", b"{}", b'{"schema": 2}', b"\xff"):
            (self.directory / NAME).write_bytes(content)
            with self.assertRaisesRegex(ValueError, "damaged, or of another version"):
                proof_record.read(self.directory)


class Outputs(unittest.TestCase):
    def test_what_is_gone_or_a_link_has_no_digest(self) -> None:
        root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.assertEqual(proof_record.digest_of(root / "gone"), "")
        (root / "link").symlink_to(root)
        self.assertEqual(proof_record.digest_of(root / "link"), "")
        os.mkfifo(root / "pipe")
        self.assertEqual(proof_record.digest_of(root / "pipe"), "")


if __name__ == "__main__":
    unittest.main()
