"""Shows text on a stream that may break in any way. A view: it changes no result.

The reader may have gone away, read slowly from a non-blocking pipe, or lack characters.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any, TextIO, cast

from lib.common import signal_names

# exit code of a program that ends when its reader has gone
NOBODY_READS = signal_names.exit_code(signal.SIGPIPE)


class Console:
    """A stream whose writes raise nothing. In all else it is the stream that it wraps.

    It shows characters that its encoding lacks with backslashes, and drops a text that the stream
    does not take. It tries each text anew, since the reader of a full pipe may read later. `missed`
    is the last error.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream: TextIO = stream._stream if isinstance(stream, Console) else stream
        self.missed: BaseException | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write a text; drop it if the stream does not take it."""
        self._try(self._write, text)
        return len(text)

    def flush(self) -> None:
        """Flush the stream; drop its text if the stream does not take it."""
        self._try(self._stream.flush)

    def show(self, text: str) -> bool:
        """Write a line and flush; return whether the stream took it."""
        self.missed = None
        self._try(self._write_line, text)
        return self.missed is None

    def settle(self) -> None:
        """Empty the stream's buffer: to its reader or, if there is none, to /dev/null.

        Otherwise Python would write it once more when the program ends, complain, and exit with
        120.
        """
        self.missed = None
        self.flush()
        if self.missed:
            with contextlib.suppress(Exception), _redirected(self._stream.fileno()):
                self._stream.flush()

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
        except UnicodeEncodeError:
            encoding = getattr(self._stream, "encoding", None) or "ascii"
            self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))

    def _write_line(self, text: str) -> None:
        try:
            self._write(f"{text}\n")
        finally:  # what the buffer held before may go out all the same
            self._stream.flush()

    def _try(self, what: Callable[..., object], *arguments: str) -> None:
        try:
            what(*arguments)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - the caller's stream may break in any way
            self.missed = error


@contextlib.contextmanager
def _redirected(descriptor: int) -> Iterator[None]:
    """Redirect a descriptor to /dev/null for a moment."""
    kept, inheritable = os.dup(descriptor), os.get_inheritable(descriptor)
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        os.dup2(nowhere, descriptor, inheritable)
        os.close(nowhere)
        yield
    finally:
        os.dup2(kept, descriptor, inheritable)
        os.close(kept)


@contextlib.contextmanager
def forgiving() -> Iterator[None]:
    """Have no print of a program raise, nor Python's own flush at its exit."""
    with contextlib.ExitStack() as end:
        for stream, redirect in (
            (sys.stdout, contextlib.redirect_stdout),
            (sys.stderr, contextlib.redirect_stderr),
        ):
            if stream is not None:  # the program may have been started without one
                console = Console(stream)
                end.callback(console.settle)
                end.enter_context(redirect(cast(TextIO, console)))
        yield


def put(text: str) -> int:
    """Print the answer of a program; return its exit code.

    It is 0. If the reader is gone, it is that of SIGPIPE, without a word
    (docs.python.org/3/library/signal.html, note on SIGPIPE). For another error it is 1, with a
    message.
    """
    if sys.stdout is None:
        return NOBODY_READS
    console = Console(sys.stdout)
    if console.show(text):
        return 0
    if isinstance(console.missed, BrokenPipeError):
        return NOBODY_READS
    print(f"the answer could not be printed: {console.missed}", file=sys.stderr)
    return 1
