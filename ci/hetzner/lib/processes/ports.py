"""Finds the holders of a TCP port, from /proc/net/tcp and tcp6 (proc(5)). Changes nothing.

As a program: `ports.py holder 8080` prints the listeners; it exits with 0 if there are any, with 1
if the port is free.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":
    # Python puts a program's own directory on the path, and with -P none
    sys.path[: not sys.flags.safe_path] = [str(Path(__file__).resolve().parents[2])]

from lib.processes import process_table

LISTEN = "0A"  # TCP_LISTEN in include/net/tcp_states.h


class Listener(NamedTuple):
    """A listening socket; `pid` is None when its process cannot be seen from here."""

    port: int
    address: str  # such as `127.0.0.1` or `::`; '' if it is not known
    uid: int
    inode: int
    pid: int | None
    command: str

    def __str__(self) -> str:
        who = f"pid {self.pid}: {self.command}" if self.pid else "a process that is not to be seen"
        return f"port {self.port}: {who} (user {self.uid}, address {self.address or 'unknown'})"


class Socket(NamedTuple):
    """A listening socket as the kernel's table has it.

    `inode` is its identity; on systems with lsof only, the pid of its holder.
    """

    port: int
    address: str
    uid: int
    inode: int


def listeners(port: int) -> list[Listener]:
    """Return the listeners on a port, on any address, of any owner."""
    if sys.platform != "linux":
        return _probe(port)
    rows = sockets([port])
    holders = _holders({row.inode for row in rows}) if rows else {}
    table = process_table.table()
    return [
        Listener(port, row.address, row.uid, row.inode, pid, table.command(pid) if pid else "")
        for row in rows
        for pid in holders.get(row.inode) or [None]
    ]


def sockets(ports: Collection[int]) -> list[Socket]:
    """Return the sockets that listen on these ports, of any owner.

    Raises OSError on a system without /proc/net/tcp and lsof.
    """
    if sys.platform == "linux":
        return [row for row in _rows() if row.port in ports]
    from lib.processes import ports_lsof  # late: systems without /proc

    return ports_lsof.sockets(ports)


def owned(found: Collection[Socket], pids: Collection[int]) -> set[int]:
    """Return the inodes of those sockets that one of these processes holds.

    The files of a process of another user cannot be seen (proc(5), ptrace access mode): a socket
    of that user counts as its own.
    """
    if sys.platform != "linux":
        return {each.inode for each in found} & set(pids)
    wanted = {f"socket:[{each.inode}]": each.inode for each in found}
    mine: set[int] = set()
    for pid in pids:
        process = Path("/proc", str(pid))
        try:
            mine |= {wanted[link] for link in wanted.keys() & set(_links(process / "fd"))}
        except PermissionError:
            with contextlib.suppress(OSError):
                user = process.stat().st_uid
                mine |= {each.inode for each in found if each.uid == user != os.geteuid()}
        except OSError:  # gone
            continue
    return mine


def held(pids: Iterable[int]) -> Iterator[tuple[int, Socket]]:
    """Yield the listening sockets of these processes, each with its first holder."""
    if sys.platform != "linux":
        return
    wanted = {f"socket:[{row.inode}]": row for row in _rows()}
    for pid in pids:
        with contextlib.suppress(OSError):  # gone, or another user's
            for link in wanted.keys() & set(_links(Path("/proc", str(pid), "fd"))):
                yield pid, wanted.pop(link)


def holder(socket: Socket) -> Listener:
    """Return a process that holds a socket, without a pid if none can be seen."""
    port, address, uid, inode = socket
    pid = _holders({inode}).get(inode, [None])[0] if sys.platform == "linux" else inode
    command = process_table.table().command(pid) if pid else ""
    return Listener(port, address, uid, inode, pid, command)


def listening() -> list[tuple[int, int]]:
    """Return every listening port with the user that owns it."""
    if sys.platform != "linux":
        return []
    return sorted({(row.port, row.uid) for row in _rows()})


def _rows() -> Iterator[Socket]:
    for table in ("tcp", "tcp6"):
        try:
            lines = Path("/proc/net", table).read_text().splitlines()[1:]
        except FileNotFoundError:  # no IPv6 in this kernel
            continue
        for fields in map(str.split, lines):
            if fields[3] == LISTEN:
                address, _, port = fields[1].rpartition(":")
                yield Socket(int(port, 16), _address(address), int(fields[7]), int(fields[9]))


def _address(digits: str) -> str:
    """Return an address that the kernel printed as 32-bit words in the machine's byte order."""
    import socket  # late: most runs look at no port, and it takes milliseconds

    words = [int(digits[i : i + 8], 16) for i in range(0, len(digits), 8)]
    packed = b"".join(word.to_bytes(4, sys.byteorder) for word in words)
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


def _holders(inodes: set[int]) -> dict[int, list[int | None]]:
    """Return the pids that hold each of these sockets."""
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    found: dict[int, list[int | None]] = {}
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            for link in wanted.keys() & set(_open_files(process / "fd")):
                found.setdefault(wanted[link], []).append(int(process.name))
    return found


def _open_files(descriptors: Path) -> Iterator[str]:
    """Yield the targets of the links in a directory such as /proc/<pid>/fd, if it can be read."""
    with contextlib.suppress(OSError):  # gone, or another user's
        yield from _links(descriptors)


def _links(descriptors: Path) -> Iterator[str]:
    for link in list(descriptors.iterdir()):
        try:
            yield str(link.readlink())
        except OSError:  # closed meanwhile; the others still count
            continue


def _probe(port: int) -> list[Listener]:
    """Find a listener by connecting and by binding, on systems without a table.

    A connection finds a listener on the loopback address, binding also others.
    """
    import socket  # late: systems without a table

    with socket.socket() as probe:
        probe.settimeout(1)
        held = probe.connect_ex(("127.0.0.1", port)) == 0
    if not held:
        with socket.socket() as probe:
            # or connections of a server that has ended would still keep the port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("", port))
            except OSError as error:
                held = error.errno == errno.EADDRINUSE
    return [Listener(port, "", -1, 0, None, "")] if held else []


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
