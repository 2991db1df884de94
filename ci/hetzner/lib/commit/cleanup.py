"""Stops what earlier runs left behind, frees ports, and shows the state of the machine.

Killing by pattern and freeing a port by force happen only where the settings say that the machine
is a CI box. Elsewhere only processes are touched that carry the tag of a run whose runner is
dead, and what descends from them. What belongs to a live run is never touched, on the box either.

As a program: `cleanup.py port 8889 | processes | pkill PATTERN | snapshot LABEL FILE`.
"""

from __future__ import annotations

import contextlib
import heapq
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

if __name__ == "__main__":
    # Python puts a program's own directory on the path, and with -P none
    sys.path[: not sys.flags.safe_path] = [str(Path(__file__).resolve().parents[2])]

from lib.common import console, files, interrupts, redact, tree_copy
from lib.processes import orphans, ports, process_table
from lib.processes.process_table import Proc, ProcessTable
from lib.settings import settings

GRACE, GIVE_UP = 3.0, 10.0  # seconds from TERM to KILL, and until what still lives is only named
LATEST = 20  # directories of logs that changed last: those that a run was killed in lately
CONFIRM = 0.02  # seconds between the last two looks
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

    Elsewhere it does nothing and says so. Never itself, its ancestors, pid 1 or a live run.
    `box` overrides the setting. Raises ValueError for a pattern that is not one, or matches
    everything.
    """
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise ValueError(f"expected a regular expression, found {pattern!r}: {error}") from error
    if expression.search(""):
        raise ValueError(f"expected a pattern of some processes, found {pattern!r}: it matches all")
    if not _on_box(box):
        print(f"not a CI box (CI_BOX=1 says so): nothing is killed by the pattern {pattern!r}")
        return []
    look = process_table.table()
    return stop(
        look,
        lambda: [p for p in orphans.unprotected(look) if expression.search(look.command(p.pid))],
    )


def kill_port(port: int, *, box: bool | None = None) -> list[str]:
    """Stop whoever listens on a port; return what was stopped.

    Off the box only what a dead run left; other holders are named. Never itself, its ancestors,
    pid 1 or a live run. `box` overrides the setting.
    """
    look = process_table.table()
    candidates = orphans.unprotected if _on_box(box) else orphans.find

    def holders() -> list[Proc]:
        pids = {listener.pid for listener in ports.listeners(port)}
        return [p for p in candidates(look) if p.pid in pids] if pids else []

    stopped = stop(look, holders)
    for listener in ports.listeners(port):
        who = redact.of_environment()(str(listener))
        print(f"still held, {who}; stop it, or give its job another port (CI_PORT_…)")
    return stopped


def cleanup_processes(*, box: bool | None = None) -> list[str]:
    """Stop what dead runs left, and on the box what is known to linger; return what was done.

    `box` overrides the setting.
    """
    look = process_table.table()
    done = stop(look, lambda: orphans.find(look))
    if not _on_box(box):
        return done
    done += ci_pkill("|".join(f"(?:{pattern})" for pattern in STALE_PATTERNS), box=True)
    for port in _job_ports():
        done += kill_port(port, box=True)
    if orphans.of_live_runs(look):
        print("a run is live: its files are not told from stale ones, so all of them stay")
        return done
    done += _remove_stale(Path("/tmp"), STALE_FILES)
    if home := settings.home(os.environ):
        done += _remove_stale(home, STALE_HOME)
    return done


def sweep_state(state_dir: Path) -> None:
    """Remove what writers that died have left half-written where this run will not write itself.

    All else is swept by the next that writes there; a run of another commit has logs elsewhere.
    """
    logs: list[tuple[float, Path]] = []
    with contextlib.suppress(FileNotFoundError), os.scandir(state_dir / "logs") as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):  # removed since
                if entry.is_dir(follow_symlinks=False):
                    logs.append((entry.stat(follow_symlinks=False).st_mtime, Path(entry.path)))
    latest = [path for _, path in heapq.nlargest(LATEST, logs)]
    for directory in (state_dir / "runs", *latest):
        files.sweep(directory)


def _job_ports() -> list[int]:
    config = settings.load_anywhere()
    single = {getattr(config, field) for field in settings.PORTS}
    return sorted({*single, *(config.port_jupyter + n for n in range(config.jupyter_parallel))})


def stop(look: ProcessTable, find: Callable[[], Iterable[Proc]]) -> list[str]:
    """TERM, a grace, then KILL, until `find` finds nobody; return descriptions of the stopped.

    What cannot be stopped is named in the output.
    """
    seen: dict[tuple[int, int], str] = {}
    began = time.monotonic()
    while left := _alive(find) or (_alive_after_a_moment(find) if seen else []):
        waited = time.monotonic() - began
        if waited > GIVE_UP:
            for process in left:
                print(f"could not be stopped: {process_table.describe(look, process)}")
                seen.pop((process.pid, process.started), None)
            break
        for process in left:
            identity = (process.pid, process.started)
            fresh = identity not in seen
            seen.setdefault(identity, process_table.describe(look, process))
            if fresh or waited > GRACE:
                _signal(look, process, signal.SIGKILL if waited > GRACE else signal.SIGTERM)
        interrupts.sleep(0.02 if waited < 0.2 else 0.1)
    return list(seen.values())


def _alive(find: Callable[[], Iterable[Proc]]) -> list[Proc]:
    return [process for process in find() if process.alive]


def _alive_after_a_moment(find: Callable[[], Iterable[Proc]]) -> list[Proc]:
    """Look once more before it is believed that nobody is left.

    In the middle of an execve(2) a process shows neither its words nor its environment, and one
    that is forked during a look may not be in it.
    """
    time.sleep(CONFIRM)
    return _alive(find)


def _signal(look: ProcessTable, process: Proc, number: int) -> None:
    # to one that is not ours it is no use, and `stop` names it in the end
    with contextlib.suppress(PermissionError):
        process_table.send(look, process, number)
        process_table.send(look, process, signal.SIGCONT)


def _remove_stale(root: Path, patterns: Sequence[str]) -> list[str]:
    removed = []
    for pattern in patterns:
        for path in root.glob(pattern):
            try:
                tree_copy.remove(path)
                removed.append(f"removed {path}")
            except OSError as error:
                print(f"could not remove {path}: {error}")
    return removed


def snapshot_container_state(label: str, outfile: str | Path) -> None:
    """Append the state of the machine to a file: processes, ports, /tmp, memory, descriptors.

    For comparing before and after a run by eye or with diff. Raises OSError.
    """
    look = process_table.table()
    processes = sorted(look.all())
    text = [f"=== {label} {time.strftime('%Y-%m-%dT%H:%M:%S')} pid {os.getpid()}", "--- processes"]
    text += [
        f"{p.pid} {p.ppid} {p.state} {redact.shorten(look.command(p.pid), 300)}" for p in processes
    ]
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
    before = b""
    with contextlib.suppress(FileNotFoundError):
        before = files.read(path)
    new = "\n".join(text) + "\n"
    files.atomic_write(path, before + new.encode(errors="surrogateescape"))


def _on_box(box: bool | None) -> bool:
    return settings.load_anywhere().box if box is None else box


USAGE = "usage: cleanup.py port PORT | processes | pkill PATTERN | snapshot LABEL FILE"


def main(arguments: Sequence[str]) -> int:
    """Do one of the above for a script; 0 when done, 1 when a port is still held, 2 for misuse."""
    try:
        with console.forgiving():  # what is to be stopped is stopped, whoever reads of it
            return _main(arguments)
    except (ValueError, OSError) as error:
        print(f"cleanup.py: {error}", file=sys.stderr)
        return 2


def _main(arguments: Sequence[str]) -> int:
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
