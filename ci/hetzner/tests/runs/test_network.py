"""The hosts of a page are tried first, in bounded time, and named."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from lib.buckaroo import network
from lib.processes import command
from lib.processes.process_table import TAG
from tests.bodies.body_stage import git
from tests.support.waiting import PATIENCE


class Hosts(unittest.TestCase):
    """A curl that answers for the hosts it is told, and notes whom it was asked for."""

    def setUp(self) -> None:
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.repo = self.root / "repo"
        self.repo.mkdir()
        git(self.root, "init", "--quiet", "repo")
        (self.root / "curl").write_text(
            '#!/bin/sh\nfor host; do :; done\necho "$host" >>"$ASKED"\n'
            '[ "$host" != "$DOWN" ] || { echo "curl: (6) no such host" >&2; exit 6; }\n'
        )
        (self.root / "curl").chmod(0o755)

    def out_of_reach(self, files: dict[str, str], down: str = "") -> tuple[str, list[str]]:
        """Return the unreachable hosts for a commit of these files, and the tried ones."""
        for name, text in files.items():
            path = self.repo / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        git(self.repo, "add", "--all")
        git(self.repo, "commit", "--quiet", "-m", "files")
        for name in files:  # what counts is the commit
            (self.repo / name).unlink()
        asked = self.root / "asked"
        asked.unlink(missing_ok=True)
        search = f"{self.root}{os.pathsep}{os.environ['PATH']}"
        env = os.environ | {"ASKED": str(asked), "DOWN": down, "PATH": search}
        why = network.out_of_reach(self.repo, "HEAD", env)
        return why, sorted(asked.read_text().split()) if asked.exists() else []

    def test_hosts_are_those_of_the_commit(self) -> None:
        page = {"packages/page": '<script src="https://cdn.example.org/pyodide/v1/p.js"></script>'}
        self.assertEqual(self.out_of_reach(page), ("", ["https://cdn.example.org"]))

    def test_page_that_names_none_loads_from_where_marimo_does(self) -> None:
        self.assertEqual(self.out_of_reach({"packages/x": ""}), ("", [network.MARIMO]))

    def test_commit_that_brings_all_of_it_along_needs_no_network(self) -> None:
        files = {"packages/core/package.json": '{"devDependencies": {"pyodide": "1"}}'}
        self.assertEqual(self.out_of_reach(files), ("", []))

    def test_host_that_does_not_answer_is_named_with_curls_error(self) -> None:
        why, _ = self.out_of_reach({"packages/x": ""}, down=network.MARIMO)
        self.assertIn(f"expected {network.MARIMO} to answer", why)
        self.assertIn("no such host", why)

    def git_is(self, script: str) -> None:
        git = self.root / "git"
        git.write_text(f"#!/bin/sh\n{script}\n")
        git.chmod(0o755)

    def test_git_that_does_not_tell_in_time_leaves_it_to_the_specs(self) -> None:
        self.git_is("exec sleep 60")
        with mock.patch.object(network, "GREP_PATIENCE", 0.1):
            self.assertEqual(self.out_of_reach({"x": ""}, down=network.MARIMO), ("", []))

    def test_git_that_cannot_be_started_leaves_it_to_the_specs(self) -> None:
        with mock.patch.object(command, "run", side_effect=FileNotFoundError("git")):
            self.assertEqual(self.out_of_reach({"x": ""}), ("", []))

    def test_both_programs_are_tagged_as_helpers(self) -> None:
        log = self.root / "tags"
        self.git_is(f'echo "git ${TAG}" >>{log}')
        (self.root / "curl").write_text(f'#!/bin/sh\necho "curl ${TAG}" >>{log}\n')
        self.out_of_reach({"x": ""})
        tagged = {line.split()[0] for line in log.read_text().split("\n") if "/helper" in line}
        self.assertEqual(tagged, {"git", "curl"})
        self.assertEqual(log.read_text().count("\n"), log.read_text().count("/helper"))


class Silence(unittest.TestCase):
    """The real curl, against a server that takes a connection and stays silent."""

    def test_host_that_says_nothing_is_out_of_reach_before_the_specs_would_have_begun(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            root = Path(self.enterContext(tempfile.TemporaryDirectory()))
            git(root, "init", "--quiet")
            (root / "packages").mkdir()
            (root / "packages" / "page").write_text(f"https://127.0.0.1:{port}/pyodide.js")
            git(root, "add", "--all")
            argv = ["python3", network.__file__, str(root)]
            done = subprocess.run(
                argv, capture_output=True, text=True, timeout=PATIENCE, check=False
            )
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"expected https://127.0.0.1:{port} to answer", done.stderr)


if __name__ == "__main__":
    unittest.main()
