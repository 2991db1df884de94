"""Stops what earlier runs left behind, frees ports, and shows the state of the machine.

Killing by pattern and freeing a port by force happen only where the settings say that the machine
is a CI box. Elsewhere only processes are touched that carry the tag of a run whose runner is
dead, and what descends from them.

As a program: `cleanup.py port 8889 | processes | pkill PATTERN | snapshot LABEL FILE`.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

if __name__ == "__main__":
    # as a program Python puts lib/ on the path, where our modules would hide others
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from lib import files, ports, proctree, redact, settings, treecopy
from lib.proctree import Proc, ProcessTable

GRACE, GIVE_UP = 3.0, 10.0  # seconds from TERM to KILL, and until what still lives is only named

# what runs of the repository under test were seen to leave on the box
STALE_PATTERNS = (
    r"jupyter",
    r"ipykernel",
    r"chromium|chrome-linux|headless_shell",
    r"node .*(playwright|storybook)",
    r"marimo",
    r"npx serve",
    r"esbuild",
    r"buckaroo\.server",
)
STALE_FILES = (
    "ci-jupyter-*",
    "pw-*",
    ".org.chromium.*",
    "jupyter-port*.log",
    "jlab-ws-*",
    "playwright-artifacts-*",
    "playwright_chromiumdev_profile-*",
)
STALE_HOME = (
    ".jupyter/lab/workspaces/*",
    ".local/share/jupyter/runtime/kernel-*.json",
    ".local/share/jupyter/runtime/jpserver-*.json",
    ".local/share/jupyter/runtime/jpserver-*.html",
    ".local/share/jupyter/nbsignatures.db",
    ".ipython/profile_default/db",
)


def ci_pkill(pattern: str, *, box: bool | None = None) -> list[str]:
    """Stop every process whose command line matches, on a CI box; return what was stopped.

    Elsewhere it does nothing and says so. Never itself, its ancestors or pid 1. Raises re.error.
    """
    expression = re.compile(pattern)
    if not _on_box(box):
        print(f"not a CI box (CI_BOX=1 says so): nothing is killed by the pattern {pattern!r}")
        return []
    look = proctree.table()
    return stop(
        look,
        lambda: [
            p
            for p in _strangers(look)
            if expression.search(look.command(p.pid)) and not _is_of_live_run(look, p)
        ],
    )


def kill_port(port: int, *, box: bool | None = None) -> list[str]:
    """Stop whoever listens on a port; return what was stopped.

    Off the box only what a dead run left; other holders are named. Never itself, its ancestors
    or pid 1.
    """
    look = proctree.table()
    forced = _on_box(box)

    def holders() -> list[Proc]:
        pids = {listener.pid for listener in ports.listeners(port) if listener.pid}
        found = [p for p in _strangers(look) if p.pid in pids]
        if forced:
            return [p for p in found if not _is_of_live_run(look, p)]
        return [p for p in found if _is_orphan(look, p)]

    stopped = stop(look, holders)
    for listener in ports.listeners(port):
        print(f"still held, {listener}; stop it, or give its job another port (CI_PORT_…)")
    return stopped


def cleanup_processes(*, box: bool | None = None) -> list[str]:
    """Stop what dead runs left, and on the box what is known to linger; return what was done."""
    look = proctree.table()
    done = stop(look, lambda: orphans(look))
    if _on_box(box):
        for pattern in STALE_PATTERNS:
            done += ci_pkill(pattern, box=True)
        done += _remove_stale(Path("/tmp"), STALE_FILES)
        done += _remove_stale(Path.home(), STALE_HOME)
    return done


def orphans(look: ProcessTable) -> list[Proc]:
    """Return what runs left whose runner is dead, with all that descends from it."""
    roots = [p for p in _strangers(look) if _is_orphan(look, p)]
    own = _own_line(look)
    return [p for p in proctree.descendants(look, [r.pid for r in roots]) if p.pid not in own]


def _is_orphan(look: ProcessTable, process: Proc) -> bool:
    return any(not proctree.driver_lives(look, run) for run in _runs(look, process))


def _is_of_live_run(look: ProcessTable, process: Proc) -> bool:
    runs = _runs(look, process)
    return bool(runs) and all(proctree.driver_lives(look, run) for run in runs)


def _runs(look: ProcessTable, process: Proc) -> list[str]:
    return [part.partition("/")[0] for part in look.tag(process.pid).split(":") if part]


def _strangers(look: ProcessTable) -> list[Proc]:
    """Return all living processes but ourselves, our ancestors, pid 1 and the kernel's."""
    own = _own_line(look)
    return [p for p in look.all() if p.alive and p.pid not in own and p.ppid != 2]


def _own_line(look: ProcessTable) -> set[int]:
    line = {0, 1, 2}
    pid = os.getpid()
    while pid not in line:
        line.add(pid)
        process = look.read(pid)
        pid = process.ppid if process else 0
    return line


def stop(look: ProcessTable, find: Callable[[], Iterable[Proc]]) -> list[str]:
    """TERM, a grace, then KILL, until `find` finds nobody; return descriptions of the stopped.

    What cannot be stopped is named in the output.
    """
    seen: dict[tuple[int, int], str] = {}
    began = time.monotonic()
    while left := [p for p in find() if p.alive]:
        waited = time.monotonic() - began
        if waited > GIVE_UP:
            for process in left:
                print(f"could not be stopped: {process.pid} {look.command(process.pid)}")
                seen.pop((process.pid, process.started), None)
            break
        for process in left:
            identity = (process.pid, process.started)
            fresh = identity not in seen
            seen.setdefault(identity, f"{process.pid} {look.command(process.pid)[:120]}")
            if fresh or waited > GRACE:
                _signal(look, process, signal.SIGKILL if waited > GRACE else signal.SIGTERM)
        time.sleep(0.02 if waited < 0.2 else 0.1)
    return list(seen.values())


def _signal(look: ProcessTable, process: Proc, number: int) -> None:
    try:
        proctree.send(look, process, number)
        proctree.send(look, process, signal.SIGCONT)
    except PermissionError:
        print(f"no permission to stop {process.pid} {look.command(process.pid)[:120]}")


def _remove_stale(root: Path, patterns: Sequence[str]) -> list[str]:
    removed = []
    for pattern in patterns:
        for path in root.glob(pattern):
            try:
                treecopy.remove(path)
                removed.append(f"removed {path}")
            except OSError as error:
                print(f"could not remove {path}: {error}")
    return removed


def snapshot_container_state(label: str, outfile: str | Path) -> None:
    """Append the state of the machine to a file: processes, ports, /tmp, memory, descriptors.

    For comparing before and after a run by eye or with diff. Raises OSError.
    """
    look = proctree.table()
    mask = redact.Redactor(redact.secret_values(os.environ))
    processes = sorted(look.all())
    text = [f"=== {label} {time.strftime('%Y-%m-%dT%H:%M:%S')} pid {os.getpid()}", "--- processes"]
    text += [f"{p.pid} {p.ppid} {p.state} {mask(look.command(p.pid))[:300]}" for p in processes]
    text += ["--- listening ports (user)"]
    text += [f"{port} ({uid})" for port, uid in ports.listening()]
    text += ["--- /tmp", *sorted(entry.name for entry in Path("/tmp").iterdir())]
    for title, source in (
        ("memory", "/proc/meminfo"),
        ("file descriptors", "/proc/sys/fs/file-nr"),
    ):
        if Path(source).exists():
            text += [f"--- {title}", *Path(source).read_text().splitlines()[:5]]
    path = Path(outfile)
    before = path.read_text() if path.exists() else ""
    files.atomic_write(path, before + "\n".join(text) + "\n")


def _on_box(box: bool | None) -> bool:
    return settings.load(environ=os.environ | {"CI_REPO_DIR": "/"}).box if box is None else box


USAGE = "usage: cleanup.py port PORT | processes | pkill PATTERN | snapshot LABEL FILE"


def main(arguments: Sequence[str]) -> int:
    """Do one of the above for a script; 0 when done, 1 when a port is still held, 2 for misuse."""
    match list(arguments):
        case ["port", port] if port.isdigit() and 0 < int(port) < 65536:
            done = kill_port(int(port))
            code = 1 if ports.listeners(int(port)) else 0
        case ["processes"]:
            done, code = cleanup_processes(), 0
        case ["pkill", pattern]:
            done, code = ci_pkill(pattern), 0
        case ["snapshot", label, outfile]:
            snapshot_container_state(label, outfile)
            done, code = [], 0
        case _:
            print(USAGE, file=sys.stderr)
            return 2
    for line in done:
        print(f"stopped {line}" if not line.startswith("removed") else line)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
