"""Stops the processes that earlier runs left behind, and frees ports.

Killing by pattern and freeing a port by force happen only where the settings say that the machine
is a CI box. Elsewhere only processes with the tag of a dead run are stopped, and their
descendants. Processes of a live run are never touched, on a box either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from lib.common import interrupts, redact, tree_copy
from lib.configuration import settings
from lib.processes import kill, orphans, ports, process_table
from lib.processes.process_table import Proc, ProcessTable


class KnownLeftovers(NamedTuple):
    """Leftovers that runs of the repository under test are known to leave on a box.

    `patterns` match command lines; `files` are patterns of paths below a directory.
    """

    patterns: Sequence[str] = ()
    ports: Sequence[int] = ()
    files: Mapping[Path, Sequence[str]] = MappingProxyType({})


NOTHING = KnownLeftovers()


def ci_pkill(pattern: str, *, box: bool | None = None) -> list[str]:
    """Stop every process whose command line matches, on a CI box; return descriptions.

    Elsewhere it does nothing and says so. It never stops itself, its ancestors, pid 1 or a live
    run. `box` overrides the setting. Raises ValueError for a pattern that is none, or matches all.
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
    """Stop the processes that listen on a port; return descriptions.

    Off the box it stops only those of dead runs, and names other holders. It never stops itself,
    its ancestors, pid 1 or a live run. `box` overrides the setting.
    """
    look = process_table.table()
    candidates = orphans.unprotected if _on_box(box) else orphans.find

    def holders() -> list[Proc]:
        pids = {listener.pid for listener in ports.listeners(port)}
        return [p for p in candidates(look) if p.pid in pids] if pids else []

    stopped = stop(look, holders)
    for listener in ports.listeners(port):
        who = redact.of_environment()(str(listener))
        print(f"still held, {who}; stop it, or give its job another port")
    return stopped


def cleanup_processes(known: KnownLeftovers = NOTHING, *, box: bool | None = None) -> list[str]:
    """Stop the processes of dead runs, and on a box stop and remove the known leftovers.

    Return a description of each action. `box` overrides the setting.
    """
    look = process_table.table()
    done = stop(look, lambda: orphans.find(look))
    if not _on_box(box):
        return done
    if known.patterns:
        done += ci_pkill("|".join(f"(?:{pattern})" for pattern in known.patterns), box=True)
    for port in known.ports:
        done += kill_port(port, box=True)
    if known.files and orphans.of_live_runs(look):
        print("a run is live: its files are not told from stale ones, so all of them stay")
        return done
    for directory, patterns in known.files.items():
        done += _remove_stale(directory, patterns)
    return done


def stop(look: ProcessTable, find: kill.Find) -> list[str]:
    """Stop the processes that `find` returns; print survivors, return the others."""
    stopped = kill.stop(look, find, grace=kill.GRACE, sleep=interrupts.sleep)
    for description in stopped.survivors:
        print(f"could not be stopped: {description}")
    return stopped.ended


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


def _on_box(box: bool | None) -> bool:
    return settings.load_anywhere().box if box is None else box
