"""Threads of the runner leave signals to the main thread."""

from __future__ import annotations

import signal
import threading
import unittest
from pathlib import Path

from lib.common import threads

LIB = Path(__file__).resolve().parents[3] / "lib"
MODULES = list(LIB.glob("*/*.py"))
# these start programs, which would inherit the mask
START_PROGRAMS = {"processes/spawn", "buckaroo/jupyter_warm"}


class Threads(unittest.TestCase):
    def test_thread_gets_no_signal_and_its_starter_still_does(self) -> None:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        found: list[set[int]] = []
        work = lambda: found.append(set(signal.pthread_sigmask(signal.SIG_BLOCK, ())))  # noqa: E731
        thread = threading.Thread(target=work)
        threads.start(thread)
        thread.join(30)
        never = {signal.SIGKILL, signal.SIGSTOP}
        self.assertLessEqual(set(map(int, signal.valid_signals())) - never, found[0])
        self.assertEqual(signal.pthread_sigmask(signal.SIG_BLOCK, ()), before)

    def test_each_thread_of_the_library_is_started_so(self) -> None:
        texts = {str(path.relative_to(LIB).with_suffix("")): path.read_text() for path in MODULES}
        found = {name for name, text in texts.items() if "threading.Thread(" in text}
        quiet = {name for name in found if "threads.start(" in texts[name]}
        self.assertEqual(found - quiet, START_PROGRAMS)


if __name__ == "__main__":
    unittest.main()
