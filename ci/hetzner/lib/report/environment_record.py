"""environment.json: what a run ran on. `docs/summary.md` explains its fields.

It is written after the verdict, so that nothing waits for it. None stands for what is not known.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from lib.common import files, machine, version

FILE = "environment.json"
SCHEMA = 1
LOCALE = ("LANG", "LC_ALL", "LC_CTYPE", "LC_COLLATE", "LC_NUMERIC", "LC_TIME")
OS_RELEASE = Path("/etc/os-release")
LOCAL_TIME = "/etc/localtime"  # a link into the database of time zones (localtime(5))


def generic(env: Mapping[str, str]) -> dict[str, object]:
    """Return what any run can tell; `env` are the variables that jobs see."""
    uname, granted = os.uname(), machine.this()
    return {
        "schema": SCHEMA,
        "system": _system(),
        "kernel": f"{uname.sysname} {uname.release}",
        "architecture": uname.machine,
        "image": version.build(),
        "processors": granted.cpus,
        "memory_mib": granted.memory,
        "locale": {name: env[name] for name in LOCALE if env.get(name)},
        "time_zone": env.get("TZ") or _time_zone(),
        "runner": version.full(),
        "runner_python": {"path": sys.executable, "version": sys.version.split()[0]},
    }


def machine_inputs() -> dict[str, str]:
    """Return what all results depend on beside the jobs' own programs, by words for people."""
    return {"the system": f"{_system()} {os.uname().machine}", "the image": str(version.build())}


def programs(names: Iterable[str], env: Mapping[str, str]) -> dict[str, dict[str, str | None]]:
    """Return the path of each program on the PATH of jobs; its version is not asked."""
    found = {name: shutil.which(name, path=env.get("PATH")) for name in sorted(set(names))}
    return {name: {"path": path, "version": None} for name, path in found.items()}


def write(directory: Path, fields: Mapping[str, object], mask: Callable[[str], str] = str) -> None:
    """Write the record of a run into its directory, with secrets masked. Raises OSError."""
    import json  # late: after the verdict

    text = json.dumps(fields, indent=1, default=str)
    files.atomic_write(directory / FILE, f"{mask(text)}\n", durable=False)


def _system() -> str:
    """Return the name of the operating system and its version (os-release(5))."""
    with contextlib.suppress(OSError):
        text = files.read(OS_RELEASE.resolve()).decode(errors="replace")
        if named := re.search(r'^PRETTY_NAME="?([^"\n]*)', text, re.MULTILINE):
            return named[1]
    import platform  # late: it takes milliseconds, and Linux has the file

    return platform.platform(terse=True)


def _time_zone() -> str | None:
    _, found, name = os.path.realpath(LOCAL_TIME).partition("/zoneinfo/")
    return name if found else None
