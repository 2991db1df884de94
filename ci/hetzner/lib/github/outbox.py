"""The statuses that a run has yet to post, in a file, so that the next run can post them.

A run that is killed, or that GitHub does not answer, leaves its file; the next run takes it over.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lib.common import files, json_text
from lib.github.status_data import CONTEXT, Delivery, Status
from lib.processes import process_table

OUTBOX = "outbox"  # in the state directory
CUT_OFF = "the run was cut off: its runner was killed"
RUN_ID = re.compile(r"r\d{1,20}-\d{1,20}", re.ASCII)
PART = re.compile(rf"{CONTEXT}/[\w.-]{{1,200}}", re.ASCII)  # the context of a job or a group
MOST_PARTS = 100  # statuses of jobs and groups


class Outbox:
    """The last status of each context that GitHub has neither taken nor refused."""

    def __init__(self, state_dir: Path, run: str, say: Callable[[str], None]) -> None:
        self._path = state_dir / OUTBOX / f"{run}.json"
        self._before = state_dir / "runs"  # the place of the records before version 0.4.0
        self._say = say
        self._left: dict[tuple[str, str], Status] = {}
        self._lock = threading.Lock()  # statuses of jobs are posted from a thread

    def keep(self, status: Status) -> None:
        """Keep a status for the next run, which posts it if this one does not.

        For `pending` it keeps an `error`: the run was cut off.
        """
        if status.state == "pending":
            status = status._replace(state="error", description=CUT_OFF)
        with self._lock:
            if self._left.get(_key(status)) != status:
                self._left[_key(status)] = status
                self._write()

    def forget(self, status: Status) -> None:
        """Forget a status: GitHub took it, or never will."""
        with self._lock:
            if self._left.get(_key(status)) == status:
                del self._left[_key(status)]
                self._write()

    def post_left_over(self, post: Callable[[Status], Delivery]) -> Iterator[str]:
        """Post the statuses that dead runs have left; yield a line about each.

        Once GitHub does not answer, the rest is kept for the next run.
        """
        self._take_over()
        for status in list(self._left.values()):
            delivery = post(status)
            cut_off = status.description == CUT_OFF
            end = "was cut off" if cut_off else f"ended with {status.state}"
            what = f"the run of {status.sha} {end}"
            if delivery is Delivery.ACCEPTED:
                yield f"CLEAN {what}: its status {status.context} is posted now"
            elif delivery is Delivery.REFUSED:
                yield f"NOTE  {what}: GitHub refuses its status {status.context}, which is dropped"
            else:
                yield f"NOTE  {what}: the next run posts its status {status.context}"
                return

    def _take_over(self) -> None:
        look = process_table.table()
        found = {}
        places = [self._path.parent]
        if not self._path.parent.exists():  # this is the first run since
            places.append(self._before)
        for path in itertools.chain(*(place.glob("r*.json") for place in places)):
            if path == self._path or process_table.driver_lives(look, path.stem):
                continue
            try:
                found[path] = _parse(files.read(path))
            except FileNotFoundError:
                continue  # a run beside this one has taken it over
            except OSError as error:  # a run that can read it posts it
                self._say(
                    f"NOTE  the statuses that a dead run left in {path} cannot be read: {error}"
                )
        for _, statuses in sorted(found.values()):
            self._left.update({_key(status): status for status in statuses})
        if self._left and not self._write():
            return
        for path in found:
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)

    def _write(self) -> bool:
        """Write the remaining statuses into the file; return whether that succeeded."""
        try:
            if self._left:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                record = {"since": time.time(), "left": list(self._left.values())}
                files.atomic_write(self._path, json.dumps(record))
            else:
                self._path.unlink(missing_ok=True)
        except OSError as error:
            self._say(f"NOTE  the statuses for the next run to post cannot be written: {error}")
            return False
        return True


def cut_off_parts(state_dir: Path, run: str, sha: str) -> list[Status]:
    """Return the errors of jobs and groups of a commit that the dead run of this id has left.

    A job may have written anything into its file, so nothing else is believed. The file stays: the
    next run posts the same once more.
    """
    if not RUN_ID.fullmatch(run):
        return []
    try:
        _, left = _parse(files.read(state_dir / OUTBOX / f"{run}.json"))
    except OSError:
        return []
    cut_off = (each for each in left if (each.state, each.sha) == ("error", sha))
    own = (each for each in cut_off if PART.fullmatch(each.context))
    return [each._replace(description=CUT_OFF) for each in itertools.islice(own, MOST_PARTS)]


def _key(status: Status) -> tuple[str, str]:
    return status.sha, status.context


def _parse(content: bytes) -> tuple[float, list[Status]]:
    """Return the time of a record and its statuses; none of a broken one."""
    try:
        record = json_text.parse(content)
        return float(record["since"]), [_status(each) for each in record["left"]]
    except (ValueError, KeyError, TypeError):
        return 0.0, []


def _status(texts: Sequence[object]) -> Status:
    if not all(isinstance(each, str) for each in texts):
        raise ValueError(f"expected texts, found {texts!r}")
    return Status(*map(str, texts))
