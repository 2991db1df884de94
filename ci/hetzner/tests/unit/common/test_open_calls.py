"""Files that a job can reach are opened by lib/common/files.py alone: a pipe may be in the way."""

from __future__ import annotations

import ast
import unittest
from collections.abc import Callable
from pathlib import Path

from tests.support.sources import nodes_of

OPENS = {"open", "read_text", "read_bytes", "write_text", "write_bytes"}
# modules that open files which no job can reach, or open them as carefully, with the reason
MAY_OPEN = {
    "common/files": "it is the careful one",
    "dashboard/log_stream": "a directory, without following a link",
    "dashboard/file_answers": "opens as carefully, below a directory that it holds",
    "outputs/path_follower": "does not wait, and reads nothing",
    "common/console": "/dev/null",
    "leftovers/snapshot": "/proc",
    "processes/timeout_report": "/proc",
    "common/machine": "/proc and /sys",
    "commit_queue/wake": "a pipe, without waiting or following a link",
    "machine/place": "a directory, without following a link",
    "processes/launch": "by the logs of jobs, which are as careful",
    "processes/own_children": "/proc",
    "processes/ports": "/proc",
    "processes/spawn": "/dev/null",
    "machine/load": "/proc",
    "machine/state": "/proc",
    "processes/process_table": "/proc",
    "sampling/job_processes": "/proc",
    "sampling/machine_use": "/proc",
    "buckaroo/demo": "files that it makes itself",
    "processes/exiting": "/proc",
    "github/client": "no file, but an address",
    "buckaroo/jest_junit": "runs within a job, whose timeout ends it",
    "buckaroo/test_report": "runs within a job, whose timeout ends it",
    "storage/cache_store": "writes into directories that it has just made",
    "common/tree_copy": "makes new files",
}

# modules that read an open file to its end without a bound, with the reason
MAY_READ_ALL = {
    "processes/cache_protocol": "a file without a name, which two of our own processes share",
    "processes/command": "a file without a name, for the output of git, uv and pnpm",
}


class Opened(unittest.TestCase):
    def test_files_that_a_job_can_reach_are_opened_in_one_place(self) -> None:
        self.assertEqual(_with(_opens), MAY_OPEN.keys(), "use files.open_file, read or begin")

    def test_readers_of_open_files_name_a_bound(self) -> None:
        self.assertEqual(_with(_reads_all), MAY_READ_ALL.keys(), "use files.read, or read(most)")


def _with(call: Callable[[ast.AST], bool]) -> set[str]:
    """Return the modules that have such a call."""
    library = Path(__file__).resolve().parents[3] / "lib"
    return {
        str(path.relative_to(library).with_suffix(""))
        for path in library.glob("*/*.py")
        if any(map(call, nodes_of(path)))
    }


def _reads_all(node: ast.AST) -> bool:
    """Whether this is `file.read()`: open files are called so."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="file"), attr="read"), args=[]):
            return True
    return False


def _opens(node: ast.AST) -> bool:
    """Whether this is a call that opens a file by its path."""
    if not isinstance(node, ast.Call):
        return False
    called = node.func
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name in OPENS


if __name__ == "__main__":
    unittest.main()
