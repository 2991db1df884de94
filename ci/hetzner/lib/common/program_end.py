"""Ends a program with its own exit code, even if threads of it are still alive.

From 3.12 on, Python frees the state of threads that are alive when the interpreter ends; a daemon
thread that wakes up then crashes the process with SIGSEGV or SIGABRT (seen with 3.12.1 and 3.13.0
in one of five exits beside threads that post requests). So programs end with os._exit(2), and
`join_at_exit` waits for a thread that a library call leaves behind.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Callable, Sequence
from typing import NoReturn

from lib.common import console, interrupts


def run(main: Callable[[Sequence[str]], int]) -> NoReturn:
    """Call `main` with the arguments of the command line and end with the code that it returns.

    A signal that comes after `main` has returned is noted and changes nothing. Printed text is
    flushed; functions that were registered with `atexit` are not called.
    """
    with interrupts.noted():
        leave(lambda: _code(main))


def leave(what: Callable[[], int]) -> NoReturn:
    """Call a function, flush its output, and end with the code that it returns."""
    with console.forgiving():
        code = what()
    os._exit(code)


def _code(main: Callable[[Sequence[str]], int]) -> int:
    try:
        return main(sys.argv[1:])
    except SystemExit as asked:  # argparse
        if isinstance(asked.code, int) or asked.code is None:
            return asked.code or 0
        print(asked.code, file=sys.stderr)
        return 1
    except BaseException:  # noqa: BLE001 - printed as Python does; then the end
        sys.excepthook(*sys.exc_info())
        return 1


def join_at_exit(thread: threading.Thread, seconds: float) -> None:
    """Have the interpreter wait, `seconds` at most, for a daemon thread before it ends."""
    atexit.register(thread.join, seconds)
