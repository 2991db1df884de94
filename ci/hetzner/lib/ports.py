"""Tells who listens on a TCP port, from /proc/net/tcp and tcp6 (proc(5)). Changes nothing.

As a program: `ports.py holder 8889` prints who listens; it exits with 0 if somebody does, with 1
if the port is free.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    # as a program Python puts lib/ on the path, where our modules would hide others
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from lib import proctree

LISTEN = "0A"  # TCP_LISTEN in include/net/tcp_states.h


@dataclass(frozen=True, slots=True)
class Listener:
    """A listening socket; `pid` is None when its process cannot be seen from here."""

    port: int
    uid: int
    inode: int
    pid: int | None
    command: str

    def __str__(self) -> str:
        who = f"pid {self.pid}: {self.command}" if self.pid else "a process that is not to be seen"
        return f"port {self.port}: {who} (user {self.uid})"


def listeners(port: int) -> list[Listener]:
    """Return who listens on a port, on any address, of any owner."""
    if sys.platform != "linux":
        return _probe(port)
    sockets = [found for table in ("tcp", "tcp6") for found in _table(table) if found[0] == port]
    holders = _holders({inode for _, _, inode in sockets}) if sockets else {}
    look = proctree.table()
    result = []
    for number, uid, inode in sockets:
        pids: list[int | None] = [*holders.get(inode, [])]
        result += [
            Listener(number, uid, inode, pid, look.command(pid) if pid else "")
            for pid in pids or [None]
        ]
    return result


def listening() -> list[tuple[int, int]]:
    """Return every listening port with the user that owns it."""
    if sys.platform != "linux":
        return []
    return sorted({(port, uid) for t in ("tcp", "tcp6") for port, uid, _ in _table(t)})


def _table(name: str) -> list[tuple[int, int, int]]:
    """Return (port, uid, inode) of every listening socket of one table."""
    try:
        lines = Path("/proc/net", name).read_text().splitlines()[1:]
    except FileNotFoundError:  # no IPv6 in this kernel
        return []
    rows = [line.split() for line in lines]
    return [
        (int(row[1].rpartition(":")[2], 16), int(row[7]), int(row[9]))
        for row in rows
        if row[3] == LISTEN
    ]


def _holders(inodes: set[int]) -> dict[int, list[int]]:
    """Return the pids that hold each of these sockets."""
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    found: dict[int, list[int]] = {}
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            links = {str(fd.readlink()) for fd in (process / "fd").iterdir()}
        except OSError:  # gone, or another user's
            continue
        for link in links & wanted.keys():
            found.setdefault(wanted[link], []).append(int(process.name))
    return found


def _probe(port: int) -> list[Listener]:
    """Find out by connecting, where there is no table to read."""
    with socket.socket() as probe:
        probe.settimeout(1)
        held = probe.connect_ex(("127.0.0.1", port)) == 0
    return [Listener(port, -1, 0, None, "")] if held else []


def main(arguments: Sequence[str]) -> int:
    """Print the holders of a port; see the module."""
    if len(arguments) != 2 or arguments[0] != "holder" or not arguments[1].isdigit():
        print("usage: ports.py holder PORT", file=sys.stderr)
        return 2
    found = listeners(int(arguments[1]))
    for listener in found:
        print(listener)
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
