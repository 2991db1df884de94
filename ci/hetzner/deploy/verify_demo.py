"""What verify.sh asks on a developer's machine: `left-out` and `processes`, each with a state
directory."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib.commit_queue.states import ENDED
from lib.commit_queue.store import CommitQueue
from lib.common import console, files
from lib.processes import orphans, process_table
from lib.queue_worker import command_process
from lib.run_directories import run_name
from lib.run_directories.stored_run import StoredRun

LEFT_OUT = re.compile(r"(?m)^\[[0-9:]+\] NOTE  ([\w.-]+) was left out: ")  # in ci.log


def left_out(state_dir: Path) -> list[str]:
    """Return the jobs that this machine cannot run, by the newest run of a queue.

    [] if that run is not green but for them, or leaves none out. Raises OSError.
    """
    with contextlib.closing(CommitQueue(state_dir)) as queue:
        newest = queue.entries(states=ENDED, limit=1)
    name = run_name.parse(newest[0].run) if newest else None
    if name is None:
        return []
    run = StoredRun(state_dir / run_name.RUNS / newest[0].run, name)
    summary = run.summary
    if summary.get("exit_code") != 0 or summary.get("asked_for_all") is not True:
        return []
    return LEFT_OUT.findall(files.read(run.path / "ci.log").decode(errors="replace"))


def processes(state_dir: Path) -> list[str]:
    """Return the command lines of the processes that came of the runs of a queue."""
    table = process_table.table()
    found = orphans.of_keys(table, command_process.key_prefix(state_dir))
    return [table.command(each.pid) for each in found]


def main(arguments: Sequence[str]) -> int:
    """Print what is asked for; return 1 if no job is left out, 2 for bad usage."""
    match list(arguments):
        case ["left-out", state_dir]:
            found = left_out(Path(state_dir))
            return console.put(", ".join(found)) if found else 1
        case ["processes", state_dir]:
            return console.put("\n".join(processes(Path(state_dir))))
    print("usage: verify_demo.py left-out STATE_DIR | processes STATE_DIR", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
