"""The measures of a run that is kept: its machine before and after the jobs, and samples between.

Only such runs import what measures, and none of it changes a result.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping

from lib.common.clock import MonotonicClock
from lib.processes.executor import ProcessExecutor
from lib.processes.launch import Place


class Measures:
    """Measures if the run is `kept`, in a store or by its caller; does nothing otherwise."""

    def __init__(self, *, kept: bool) -> None:
        self._kept = kept

    def machine_state(self, place: Place) -> Mapping[str, int]:
        """Count what is on the machine."""
        if not self._kept:
            return {}
        from lib.machine import state as machine_state

        return machine_state.measure(place.log_dir)

    @contextlib.contextmanager
    def sampling(
        self,
        place: Place,
        clock: MonotonicClock,
        executor: ProcessExecutor,
        say: Callable[[str], None],
    ) -> Iterator[None]:
        """Sample the machine and the jobs while the block runs, on Linux: others have no /proc."""
        if not self._kept or sys.platform != "linux":
            yield
            return
        from lib.sampling.sampler import Sampler

        sampler = None
        try:
            sampler = Sampler(place.log_dir, clock.now, executor.running, place.redact)
        except (OSError, RuntimeError, ValueError) as error:
            say(f"NOTE  the machine is not sampled: {error}")
        try:
            yield
        finally:
            for note in sampler.finish() if sampler else ():
                say(f"NOTE  {note}")
