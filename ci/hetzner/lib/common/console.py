"""Shows text on somebody else's stream, which may break in any way. A view: it changes no result.

Whoever reads may have gone away, read slowly from a pipe that does not block, or lack characters.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any, TextIO, cast

NOBODY_READS = 128 + signal.SIGPIPE  # exit code of a program that ends when its reader has gone


class Console:
    """A stream to which nothing that is written raises. In all else it is the stream it shows on.

    What its encoding lacks is shown with backslashes, and what it does not take is dropped; each
    text is tried anew, since a pipe that is full now is read later. `missed` is what it raised
    last.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream: TextIO = stream._stream if isinstance(stream, Console) else stream
        self.missed: BaseException | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write a text as far as it is taken."""
        self._try(lambda: self._write(text))
        return len(text)

    def flush(self) -> None:
        """Hand on what was written as far as it is taken."""
        self._try(self._stream.flush)

    def show(self, text: str) -> bool:
        """Write a line and hand it on at once; return whether it was taken."""
        self.missed = None
        self.write(f"{text}\n")
        self.flush()
        return self.missed is None

    def settle(self) -> None:
        """Empty the stream's buffer: to whoever reads or, where nobody takes it, to nobody.

        Otherwise Python would write it once more when the program ends, complain, and make 120 of
        its exit code.
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

    def _try(self, what: Callable[[], object]) -> None:
        try:
            what()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - it is another's, and may break in any way
            self.missed = error


@contextlib.contextmanager
def _redirected(descriptor: int) -> Iterator[None]:
    """Let a descriptor lead nowhere for a moment."""
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
    """Let nothing that a program prints raise, nor anything that Python does when it exits."""
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
    """Print what the program was asked for; return its exit code.

    That is 0, or if nobody reads it any more what SIGPIPE would give, without a word
    (docs.python.org/3/library/signal.html, note on SIGPIPE). Otherwise 1, which is explained.
    """
    if sys.stdout is None:
        return NOBODY_READS
    console = Console(sys.stdout)
    if console.show(text):
        return 0
    if isinstance(console.missed, BrokenPipeError):
        return NOBODY_READS
    print(f"what was asked for could not be shown: {console.missed}", file=sys.stderr)
    return 1
