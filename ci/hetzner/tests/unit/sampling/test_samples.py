"""The form of samples.jsonl: what is written is read again, and what is damaged is left out."""

from __future__ import annotations

import unittest

from lib.sampling import sample_lines
from lib.sampling.sample_lines import JobRow, MachineRow
from lib.sampling.samples import JobSamples, Samples

HEADER = sample_lines.header(4, 8000)
FIRST = sample_lines.block(
    1.0, [MachineRow(0.9, 0.5, 0.25, 100), MachineRow(1.0, 1.0, 0.0, 110)], {"a": JobRow(0.5, 7, 2)}
)
SECOND = sample_lines.block(
    3.0, [MachineRow(3.0, 0.0, 0.0, 90)], {"a": JobRow(3.5, 9, 1), "b": JobRow(0.0, 1, 1)}
)
WHOLE = Samples(
    (0.9, 1.0, 3.0),
    (0.5, 1.0, 0.0),
    (0.25, 0.0, 0.0),
    (100, 110, 90),
    8000,
    4,
    {
        "a": JobSamples((1.0, 3.0), (0.5, 3.5), (7, 9), (2, 1)),
        "b": JobSamples((3.0,), (0.0,), (1,), (1,)),
    },
)


class Lines(unittest.TestCase):
    def test_written_samples_are_read_as_columns(self) -> None:
        self.assertEqual(sample_lines.parse([HEADER, FIRST, SECOND]), WHOLE)

    def test_no_line_is_no_sample(self) -> None:
        self.assertEqual(sample_lines.parse([]), Samples())

    def test_busy_processors_are_the_seconds_used_between_two_samples(self) -> None:
        self.assertEqual(WHOLE.jobs["a"].busy, (0.0, 1.5))
        self.assertEqual(JobSamples().busy, ())

    def test_damaged_line_is_counted_and_changes_nothing_else(self) -> None:
        for damaged in (
            b"\xff\xfe",
            b'{"at": 2.0, "machine": [[2.0, 0.1',  # cut
            b"[" * 100_000,
            b"3",
            b"null",
            b"{}",
            b'{"schema": 2, "processors": 1, "memory": 1}',
            b'{"at": 2.0, "machine": [[2.0, NaN, 0, 1]], "jobs": {}}',
            b'{"at": 2.0, "machine": [[2.0, 0, 0, 1e400]], "jobs": {}}',
            b'{"at": 2.0, "machine": [[2.0, -1, 0, 1]], "jobs": {}}',
            b'{"at": 2.0, "machine": [[2.0, 0, 0]], "jobs": {}}',
            b'{"at": 2.0, "machine": [[2.0, 0, 0, 1' + b"0" * 4000 + b']], "jobs": {}}',
            b'{"at": 2.0, "machine": [[2.0, 0, 0, 1' + b"0" * 5000 + b']], "jobs": {}}',
            b'{"at": 2.0, "machine": [[0.5, 0, 0, 1]], "jobs": {}}',  # before the last moment
            b'{"at": 1.0, "machine": [], "jobs": {"a": [1, 1, 1]}}',
            b'{"at": 2.0, "machine": [], "jobs": {"a": [true, 1, 1]}}',
            b'{"at": 2.0, "machine": [], "jobs": {"a": "many"}}',
            b'{"at": 2.0, "machine": [], "jobs": ["a"]}',
            b'{"at": "2", "machine": [], "jobs": {}}',
        ):
            with self.subTest(damaged[:60]):
                found = sample_lines.parse([HEADER, FIRST, damaged, SECOND])
                self.assertEqual(found, WHOLE._replace(skipped=1))

    def test_empty_line_is_no_damage(self) -> None:
        self.assertEqual(sample_lines.parse([HEADER, b"\n", FIRST, SECOND, b""]), WHOLE)

    def test_name_of_a_job_may_be_any_text(self) -> None:
        name = '"\n\x1b[31m</script>'
        lines = sample_lines.block(1.0, [], {name: JobRow(0, 0, 0)}).splitlines()
        self.assertEqual(list(sample_lines.parse(lines).jobs), [name])


if __name__ == "__main__":
    unittest.main()
