"""The record of a cache's key, `<job>.cache.json` beside the log: it explains a later miss."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path

from lib.common import files, redact
from lib.model.job import Job

MOST_LINES = 2000  # of a key
LONGEST = 1000  # characters of a line, a command or a variable
LARGEST = 8 * 1024 * 1024  # bytes that a reader takes


def path(run: Path, job: str) -> Path:
    """Return the place of a job's record in the directory of a run."""
    return run / f"{job}.cache.json"


def write(run: Path, job: Job, key: str, mask: Callable[[str], str]) -> None:
    """Write all that a key is made of, with secrets masked: all runs show it. Raises OSError."""
    import json  # late: only jobs with a cache need it

    def shown(text: object) -> str:
        return redact.shorten(str(text), LONGEST, mask)

    command = job.cmd if isinstance(job.cmd, str) else "\n".join(job.cmd)
    lines = mask(key).splitlines()
    fields = {
        "command": list(map(shown, mask(command).splitlines())),
        "variables": {name: shown(value) for name, value in job.env.items()},
        "directory": shown(job.cwd),
        "artifact": shown(getattr(job.cache, "artifact_path", "")),
        "store": shown(getattr(job.cache, "store_dir", "")),
        "key": list(map(shown, islice(lines, MOST_LINES))),
        "lines": len(lines),
    }
    files.atomic_write(path(run, job.name), json.dumps(fields), durable=False, sweeps=False)


def read(run: Path, job: str) -> Mapping[str, object]:
    """Return the record of a job's key; {} if there is none that can be read."""
    from lib.common import json_text

    try:
        found = json_text.parse(files.read(path(run, job), LARGEST))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
