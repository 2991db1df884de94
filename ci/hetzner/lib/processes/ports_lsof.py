"""Finds the holders of a TCP port with lsof(8), on systems without a table (macOS)."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Collection, Iterator

from lib.processes.ports import Socket

PATIENCE = 10.0  # seconds


def sockets(ports: Collection[int]) -> list[Socket]:
    """Return the listening sockets of these ports, each with its pid as inode. Raises OSError."""
    program = shutil.which("lsof") or shutil.which("lsof", path="/usr/sbin:/sbin")
    if program is None:
        raise OSError("the listeners of a port cannot be found on this system: install lsof")
    wanted = ",".join(map(str, sorted(ports)))
    command = [program, "-nP", f"-iTCP:{wanted}", "-sTCP:LISTEN", "-Fpun"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise OSError(f"lsof did not answer in {PATIENCE:g} s") from error
    return [each for each in parse(done.stdout) if each.port in ports]  # 1: there are none


def parse(text: str) -> Iterator[Socket]:
    """Read lsof's output for other programs: a field a line, its letter first (lsof(8), OUTPUT)."""
    pid = uid = 0
    for line in text.splitlines():
        letter, value = line[:1], line[1:]
        if letter == "p":
            pid = int(value)
        elif letter == "u":
            uid = int(value)
        elif letter == "n":
            address, _, port = value.rpartition(":")
            if port.isdigit():
                yield Socket(int(port), address.strip("[]"), uid, pid)
