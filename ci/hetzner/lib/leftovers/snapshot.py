"""Records the state of the machine: processes, ports, files and memory."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from lib.common import files, redact
from lib.processes import ports, process_table


def snapshot_container_state(label: str, outfile: str | Path) -> None:
    """Append the state of the machine to a file: processes, ports, memory, descriptors, left files.

    The files are those in /tmp and /dev/shm. For comparing before and after a run by eye or with
    diff. Raises OSError.
    """
    look = process_table.table()
    processes = sorted(look.all())
    text = [f"=== {label} {time.strftime('%Y-%m-%dT%H:%M:%S')} pid {os.getpid()}", "--- processes"]
    text += [
        f"{p.pid} {p.ppid} {p.state} {redact.shorten(look.command(p.pid), 300)}" for p in processes
    ]
    text += ["--- listening ports (user)"]
    text += [f"{port} ({uid})" for port, uid in ports.listening()]
    for place in (Path("/tmp"), Path("/dev/shm")):
        if place.is_dir():
            text += [f"--- {place}", *sorted(entry.name for entry in place.iterdir())]
    for title, source in (
        ("memory", "/proc/meminfo"),
        ("file descriptors", "/proc/sys/fs/file-nr"),
    ):
        if Path(source).exists():
            text += [f"--- {title}", *Path(source).read_text().splitlines()[:5]]
    path = Path(outfile)
    before = b""
    with contextlib.suppress(FileNotFoundError):
        before = files.read(path)
    new = "\n".join(text) + "\n"
    files.atomic_write(path, before + new.encode(errors="surrogateescape"))


def record(run: Path, say: Callable[[str], None], label: str) -> None:
    """Record the state beside the logs of a run; a failure is a note."""
    try:
        snapshot_container_state(label, run / "snapshots.txt")
    except OSError as error:
        say(f"NOTE  no snapshot {label}: {error}")
