"""Ends this program when its standard input ends, as SIGTERM does.

The starter of a program may hold the other end of a pipe for as long as the program is wanted. The
pipe ends when the starter closes it, and also when the starter is killed; `docker exec -i` and ssh
pass the end on, but no signal.
"""

from __future__ import annotations

import os
import select
import signal
import stat
import sys
import threading
from pathlib import Path

from lib.common import threads

STDIN = 0
REMEDY = "start it with a pipe as its standard input, and close the pipe to end it"


def watch() -> None:
    """From now on send SIGTERM to the main thread at the end of standard input.

    What comes through it is read and ignored. Raises ValueError if it is neither a pipe nor a
    socket, which nobody could end later, and RuntimeError if the system has no thread left.
    """
    if (found := _no_pipe()) is not None:
        raise ValueError(f"--until-eof: expected a pipe as standard input, found {found}: {REMEDY}")
    threads.start(threading.Thread(target=_wait, name="standard input", daemon=True))


def _no_pipe() -> str | None:
    """Return the form of a standard input that is no pipe and no socket."""
    if sys.stdin is None:  # Python found it closed; the descriptor may be another file by now
        return "it closed"
    mode = os.fstat(STDIN).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        return None
    if os.isatty(STDIN):
        return "a terminal, where Ctrl-C ends a run"
    null = stat.S_ISCHR(mode) and os.path.samestat(os.fstat(STDIN), Path(os.devnull).stat())
    return os.devnull if null else "a file or another device"


def _wait() -> None:
    poll = select.poll()
    poll.register(STDIN, select.POLLIN)
    while True:
        poll.poll()
        try:
            if not os.read(STDIN, 65_536):
                break
        except BlockingIOError:  # others may read from the same pipe
            continue
        except OSError:  # a connection that was reset
            break
    # to this thread: another one would get it first, and the main one would wait on
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
