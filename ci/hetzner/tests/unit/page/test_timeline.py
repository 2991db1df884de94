"""The timeline: which jobs and outputs it shows, and that each picture is well-formed."""

from __future__ import annotations

import unittest
from xml.etree import ElementTree

from lib.page import timeline_rows, timeline_svg
from lib.page.scale import Scale
from lib.timeline.run_record import AttemptSpan, JobRecord, RunRecord
from tests.support import example_runs

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*jobs: JobRecord) -> ElementTree.Element:
    """Return the picture of a run of ten seconds with these jobs."""
    inputs = example_runs.inputs()
    record = RunRecord(jobs=jobs, seconds=10.0, exit_code=0)
    return ElementTree.fromstring(timeline_svg.view(inputs._replace(record=record)))


def looks(picture: ElementTree.Element, word: str) -> list[str]:
    """Return the classes of the shapes of a picture that have this word among them."""
    found = [each.get("class") or "" for each in picture.iter(f"{SVG}rect")]
    return [look for look in found if word in look.split()]


class Picture(unittest.TestCase):
    def test_picture_is_well_formed_and_names_the_verdict_and_each_job(self) -> None:
        for inputs in (example_runs.inputs(red=True), example_runs.hostile()):
            read = ElementTree.fromstring(timeline_svg.view(inputs))
            said = [each.text for each in read.iter(f"{SVG}text")]
            self.assertIn("Failed", "".join(read.itertext()))
            self.assertEqual(sum(text in said for text in (inputs.record.jobs[0].name,)), 1)
            self.assertFalse(set(read.iter(f"{SVG}script")) | set(read.iter("script")))

    def test_title_has_no_gap_for_a_branch_that_is_not_known(self) -> None:
        record = RunRecord(header={"branch": "", "sha": "1c02"}, seconds=6.8, exit_code=1)
        self.assertEqual(timeline_svg.title(record), "Failed in 6.8 s · 1c02")

    def test_each_attempt_is_a_bar_of_its_outcome(self) -> None:
        tries = (AttemptSpan(1, 1, 3, "failed"), AttemptSpan(2, 4, 6, "passed"))
        job = JobRecord("a", outcome="flaky", attempts=tries, started=1.0, ended=6.0)
        self.assertEqual(looks(drawn(job), "bar"), ["bar failed", "bar passed"])

    def test_service_is_paler_while_it_serves(self) -> None:
        job = JobRecord(
            "a",
            service=True,
            outcome="passed",
            attempts=(AttemptSpan(1, 0, 9, "passed"),),
            served_at=2.0,
            started=0.0,
            ended=9.0,
        )
        self.assertEqual(looks(drawn(job), "bar"), ["bar passed", "bar passed serves"])

    def test_running_and_waiting_are_told_apart(self) -> None:
        job = JobRecord(
            "a",
            outcome="passed",
            attempts=(AttemptSpan(1, 5, 9, "passed"),),
            ready_at=3.0,
            freed_by="b",
            waited_for="cpu",
            resources={"cpu": 1},
            started=5.0,
            ended=9.0,
        )
        shapes = [each for word in ("lead", "wait", "bar") for each in looks(drawn(job), word)]
        self.assertEqual(shapes, ["lead", "wait", "bar passed"])

    def test_job_that_still_runs_has_a_bar_up_to_now(self) -> None:
        job = JobRecord("a", attempts=(AttemptSpan(1, 4),), started=4.0)
        (bar,) = (e for e in drawn(job).iter(f"{SVG}rect") if "bar" in (e.get("class") or ""))
        self.assertEqual((bar.get("x"), bar.get("width")), ("40.00%", "60.00%"))

    def test_run_without_jobs_has_a_picture(self) -> None:
        self.assertEqual(looks(drawn(), "bar"), [])


class Chosen(unittest.TestCase):
    def test_of_very_many_jobs_those_that_tell_most_have_rows(self) -> None:
        run = example_runs.wide(2000)
        rows = [job.name for job in timeline_rows.rows(run, {"shard-0300"})]
        self.assertEqual(len(rows), timeline_rows.MOST_ROWS)
        self.assertLessEqual({"shard-0007", "shard-1200", "shard-0300"}, set(rows))
        self.assertEqual(rows, sorted(rows))

    def test_job_that_the_selection_left_out_has_no_row(self) -> None:
        left = JobRecord("a", outcome="skipped", cause="filtered")
        self.assertEqual(timeline_rows.rows(RunRecord(jobs=(left,)), set()), [])

    def test_outputs_that_others_wait_for_are_gates_and_no_labels_overlap(self) -> None:
        run = example_runs.record()
        gates = timeline_rows.gates(run, Scale(run.beginning, run.end))
        named = [(gate.job, gate.output, gate.lane) for gate in gates]
        self.assertEqual(named, [("build-js", "dist", 0), ("build-wheel", "wheel", 1)])

    def test_output_of_a_job_that_others_need_as_a_whole_is_a_gate(self) -> None:
        needed = JobRecord("a", outputs={"o": 3.0})
        user = JobRecord("b", ("a",), outputs={"p": 4.0})
        gates = timeline_rows.gates(RunRecord(jobs=(needed, user)), Scale(0, 9))
        self.assertEqual([(gate.job, gate.output) for gate in gates], [("a", "o")])

    def test_output_whose_label_has_no_room_is_a_gate_without_one(self) -> None:
        outputs = {f"output-{n}": 1.0 + n / 100 for n in range(8)}
        user = JobRecord("b", tuple(f"a:{name}" for name in outputs))
        run = RunRecord(jobs=(JobRecord("a", outputs=outputs), user))
        lanes = [gate.lane for gate in timeline_rows.gates(run, Scale(0, 100))]
        self.assertEqual(lanes, [0, 1, 2, 3, None, None, None, None])


if __name__ == "__main__":
    unittest.main()
