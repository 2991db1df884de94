"""Starts threads that leave signals to the main thread.

The kernel gives a signal of a process to any thread that does not block it: to another one than the
main thread if that has a signal pending already (signal(7), "Signal mask and pending signals").
Python's handlers run in the main thread, which learns of it only when its wait is over. So a second
Ctrl-C right after the first would end no wait.
"""

from __future__ import annotations

import signal
import threading


def start(thread: threading.Thread) -> None:
    """Start a thread that gets no signal. Raises RuntimeError if the system has none left.

    Not for a thread that starts programs: they would inherit its mask.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        thread.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
