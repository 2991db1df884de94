"""The thread that samples the machine and the jobs while they run. It holds no lock and forks not.

Another thread decides and waits for processes: this one only looks, writes one line for each ten
looks, and never raises. Its own cost bounds how often it looks at the processes.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from lib.common import files, program_end, threads
from lib.common.plain_text import complaint
from lib.processes import own_children
from lib.processes.launch import RunningStep
from lib.sampling import sample_lines
from lib.sampling.job_processes import JobProcesses
from lib.sampling.machine_use import MachineUse
from lib.sampling.sample_file import NAME
from lib.sampling.sample_lines import JobRow, MachineRow

INTERVAL = 0.1  # seconds between two looks at the machine
ROWS = 10  # looks in a line; the jobs are looked at once for each line
SLOWER = 1 << 20  # bytes after which the interval doubles: a long run has a small file as well
SHARE = 0.005  # of a processor, for the looks at processes on a machine with thousands of them
PATIENCE = 2.0  # seconds at the end for a write that does not return


class Sampler:
    """Samples from its making until `finish`, which must be called; needs /proc.

    `run` is the directory for the file, `now` the clock of the run, `running` has the steps of jobs
    that are not gone. Raises OSError, ValueError, and RuntimeError if there can be no more threads.
    """

    def __init__(
        self,
        run: Path,
        now: Callable[[], float],
        running: dict[str, RunningStep],
        mask: Callable[[str], str] = str,
    ) -> None:
        self._now = now
        self._running = running
        self._mask = mask
        self._stop = threading.Event()
        self._problem = ""
        self._interval = INTERVAL
        self._room = SLOWER  # bytes until the interval doubles
        self._jobs_due = 0.0  # on the monotonic clock
        self._taken = contextlib.ExitStack()  # the thread closes it
        self._thread = threading.Thread(target=self._work, name="samples", daemon=True)
        with contextlib.ExitStack() as unless_it_starts:
            unless_it_starts.enter_context(self._taken)
            self._machine = MachineUse()
            self._taken.callback(self._machine.close)
            self._file = files.begin(run / NAME)
            self._taken.callback(os.close, self._file)
            threads.start(self._thread)
            unless_it_starts.pop_all()

    def finish(self) -> list[str]:
        """End the thread; return a note if samples are missing."""
        self._stop.set()
        self._thread.join(PATIENCE)
        if self._thread.is_alive():
            program_end.join_at_exit(self._thread, PATIENCE)
            return [f"the samples of the machine could not be ended within {PATIENCE:g} s"]
        return [f"not all samples of the machine are kept: {self._problem}"] * bool(self._problem)

    def _work(self) -> None:
        with own_children.starting_none(), self._taken:
            try:
                self._sample()
            except Exception as error:  # noqa: BLE001 - a view never breaks a run
                self._fault(error)

    def _fault(self, error: Exception) -> None:
        self._problem = self._problem or complaint(error)

    def _sample(self) -> None:
        jobs = JobProcesses()
        self._write(sample_lines.header(os.cpu_count() or 0, self._machine.memory_size()))
        due, last, ended = time.monotonic(), 0.0, False
        while not ended:
            rows: list[MachineRow] = []
            while len(rows) < ROWS and not ended:
                due = max(due + self._interval, time.monotonic())
                ended = self._stop.wait(due - time.monotonic())
                row = self._machine.look(round(self._now(), 3))
                if row.at > last:  # the clock of a suspended run stands still
                    rows.append(row)
                    last = row.at
            if rows:
                used = {} if ended else self._look_at_jobs(jobs)
                self._write(sample_lines.block(last, rows, used))

    def _look_at_jobs(self, jobs: JobProcesses) -> dict[str, JobRow]:
        """Look at the processes, unless the last look was so dear that it is too early."""
        if time.monotonic() < self._jobs_due:
            return {}
        began = time.thread_time()
        found = jobs.look(self._running.copy)
        self._jobs_due = time.monotonic() + (time.thread_time() - began) / SHARE
        return {self._mask(job): row for job, row in found.items()}

    def _write(self, line: bytes) -> None:
        """Append a line; after one that failed, begin a new one first. Remember the first error."""
        line = b"\n" + line if self._problem else line
        try:
            if os.write(self._file, line) < len(line):
                raise OSError(errno.ENOSPC, "there was no room for a whole line")
        except OSError as error:
            self._fault(error)
        self._room -= len(line)
        if self._room < 0:
            self._room += SLOWER
            self._interval *= 2
