"""Writes ci.log: a listener that appends the lines of each event, and says if one is lost."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from lib.common import files
from lib.common.plain_text import one_line
from lib.model import events
from lib.model.job_fields import RUN_LOG
from lib.report import log_lines, running_jobs
from lib.report.view import View
from lib.report.watched import Watched


class RunLog:
    """Appends lines to `log_dir`/ci.log and shows them in the first of `views` that works.

    A log of an earlier run is kept as ci.log.1, ci.log.2, … A line that cannot be written is
    remembered in `write_error`, since a run whose log is lost must not be green.
    """

    def __init__(
        self,
        log_dir: Path,
        *,
        url: str = "",
        views: Sequence[View] = (),
        redact: Callable[[str], str] = str,
    ) -> None:
        self.path = log_dir / f"{RUN_LOG}.log"
        self.url = (url or str(log_dir)).rstrip("/")
        self.page = ""  # the address of the page of the run, once there is one
        self.write_error = ""
        self.view = Watched(views, self.line)
        self.began = time.monotonic()  # of its run; an owner sets an earlier time
        self._stamped = (0, "")
        self._redact = redact
        self._file = os.fdopen(files.begin(self.path), "ab")
        self._written = 0  # bytes
        self._ended = False

    def line(self, text: str) -> None:
        """Write one line with the time of day; unprintable characters are shown as dots."""
        self.view.show([self._write(text)])

    def show_page(self, name: str) -> None:
        """Show the address of a page beside the log; ci.log itself does not name it."""
        self.page = f"{self.url}/{name}"
        self.view.show([one_line(self._redact(f"{self._stamp()} PAGE  {self.page}"))])

    def _write(self, text: str) -> str:
        """Write one line; return it as it is to be shown."""
        shown = one_line(self._redact(text))
        stamped = f"{self._stamp()} {shown}"
        content = f"{stamped}\n".encode(errors="replace")
        try:
            self._file.write(content)
            self._file.flush()
            self._written += len(content)
        except OSError as error:
            self.write_failed(self.path, error)
        return stamped

    def _stamp(self) -> str:
        """Return the time of day in brackets; made once a second, since many lines share it."""
        second = int(time.time())
        if self._stamped[0] != second:
            self._stamped = (second, time.strftime("[%H:%M:%S]", time.localtime(second)))
        return self._stamped[1]

    def write_failed(self, report: Path, error: OSError) -> None:
        """Note that a report could not be written, and show it on the console."""
        if self._ended:
            self.view.show([f"NOTE  could not write {report} any more: {error.strerror}"])
        elif not self.write_error:
            self.write_error = f"could not write {report}: {error.strerror}"
            self.view.show([f"the run is red: {self.write_error}"])

    def check(self) -> None:
        """Note a write error if a job has removed, moved, replaced or cut the log."""
        try:
            found = self.path.lstat()
        except OSError:
            self.write_failed(self.path, OSError(errno.ENOENT, "it was removed during the run"))
            return
        if not os.path.samestat(found, os.fstat(self._file.fileno())):
            self.write_failed(self.path, OSError(errno.ENOENT, "something else is in its place"))
        elif found.st_size < self._written:
            self.write_failed(self.path, OSError(errno.EIO, "it was cut during the run"))

    def end(self, text: str) -> None:
        """Write the last line of a run; a write error after it changes nothing."""
        self.line(text)
        try:
            os.fsync(self._file.fileno())  # some file systems report only here that they are full
        except OSError as error:
            self.write_failed(self.path, error)
        self.check()
        self._ended = True

    def close(self) -> None:
        """Close the file, then the view; a last write that fails is a fault as well."""
        try:
            self._file.close()
        except OSError as error:
            self.write_failed(self.path, error)
        self.view.close()

    def __call__(self, event: events.Event) -> None:
        """Write the lines of an event, and tell it to the view."""
        if isinstance(event, events.Asked):
            texts = running_jobs.lines(event, self.path.parent, self._redact)
        else:
            texts = log_lines.of(event, self.url)
        self.view.show([self._write(text) for text in texts], event)
