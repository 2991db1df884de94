"""The request of the runner to a cache, through its program, and the answer.

A restore and a store may be slow, so a program of its own does them (`cache_program.py`). The
runner stops it like any tree. Request and answer go through a file without a name that only this
program inherits: no job and no other run can put another in its place, and a kill leaves nothing.

The program does not belong to the job: it gets no variables for a job's interpreter or linker and
no start-up files of a user. The environment of the job is for the key command alone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, NamedTuple

from lib.common import files, redact
from lib.model.job import Job
from lib.processes.process_table import TAG

PROGRAM = Path(__file__).resolve().parents[1] / "storage" / "cache_program.py"
# no PYTHON* variables and no modules of the user or the working directory; no site-packages
ISOLATED = ("-I", "-S")
OWN = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH")
TAGS = (TAG, "CI_RUN_ID", "CI_JOB")
MOST_SAID = 256 * 1024  # bytes of a log that are kept beside an artifact


class CacheAnswer(NamedTuple):
    """The key ('' without one), and a note for readers of ci.log."""

    key: str = ""
    note: str = ""


class CacheRequest:
    """A question for one run of the program, and its answer. `close` must be called.

    `env` is the environment of the key command. To store, `key` is that of the earlier restore and
    `said` the job's log; with `stale` the job left the artifact as it was.
    Raises OSError.
    """

    def __init__(
        self,
        job: Job,
        env: Mapping[str, str],
        action: str,
        *,
        key: str = "",
        said: str = "",
        stale: bool = False,
    ) -> None:
        if job.cache is None:
            raise ValueError(f"job {job.name}: expected a cache, found none")
        self._file = files.nameless()
        question = {
            "cache": job.cache.to_json(),
            "cmd": job.cmd if isinstance(job.cmd, str) else list(job.cmd),
            "variables": dict(job.env),
            "cwd": job.cwd,
            "env": dict(env),
            "key": key,
            "said": said,
            "stale": stale,
        }
        write(self._file, question)
        self.handle = self._file.fileno()  # to be inherited
        flags = [*ISOLATED, "-B"] if sys.dont_write_bytecode else ISOLATED
        self.command = [sys.executable, *flags, str(PROGRAM), action, str(self.handle)]
        own = {name: os.environ[name] for name in OWN if name in os.environ}
        self.env = own | {name: env[name] for name in TAGS if name in env}

    def answer(self) -> CacheAnswer:
        """Return the answer of the program, an empty one if it was cut off."""
        found = read(self._file)
        answer = found.get("answer") if isinstance(found, dict) else None
        return CacheAnswer(**answer) if isinstance(answer, dict) else CacheAnswer()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read(file: IO[bytes]) -> object:
    """Return the last message, None if it was cut off."""
    from lib.common import json_text  # late: only pipelines with a cache need it

    file.seek(0)
    try:
        return json_text.parse(file.read())
    except ValueError:
        return None


def write(file: IO[bytes], content: object) -> None:
    """Replace the content of the file by a message."""
    import json  # late: only jobs with a cache need it

    file.seek(0)
    file.truncate()
    file.write(json.dumps(content).encode())  # ASCII for any names of files
    file.flush()


def said(log: str, body: os.stat_result, mask: Callable[[str], str]) -> str:
    """Return the output of a body from its log, with secrets masked: others read a store.

    `body` is the status of the log when the body began. The result is '' if another file is in its
    place.
    """
    try:
        with os.fdopen(files.open_file(log, os.O_RDONLY), "rb") as file:
            status = os.fstat(file.fileno())
            if not os.path.samestat(status, body):
                return ""
            begin = max(body.st_size, status.st_size - MOST_SAID - redact.LONGEST_SECRET)
            file.seek(begin)
            text = os.fsdecode(file.read(MOST_SAID + redact.LONGEST_SECRET))
    except OSError:
        return ""
    if begin == body.st_size:
        return mask(text)
    return f"(its end only)\n{redact.masked_end(text, mask)}"
