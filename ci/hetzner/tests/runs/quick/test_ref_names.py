"""Our verdict on the name of a branch is the one of the git on this machine."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
import unittest
import zlib
from collections.abc import Iterable
from pathlib import Path

from lib.common.ref_names import is_branch
from tests.support.ref_names import BAD, GOOD, OURS, drawn

EMPTY = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"  # the empty blob


class AsGitSays(unittest.TestCase):
    def test_table_is_the_one_of_git(self) -> None:
        for name in (*GOOD, *OURS, *BAD):
            done = subprocess.run(["git", "check-ref-format", f"refs/heads/{name}"], check=False)
            self.assertEqual(done.returncode == 0, name not in BAD, name)

    def test_random_names(self) -> None:
        names = {name for name in drawn(12, 4000) if not name.startswith("-") and "\n" not in name}
        place = self.enterContext(tempfile.TemporaryDirectory())
        refused = refused_by_git(Path(place), names)
        self.assertGreater(len(refused), 500)
        self.assertGreater(len(names - refused), 200)
        self.assertEqual({name for name in names if not is_branch(name)}, refused)


def refused_by_git(directory: Path, names: Iterable[str]) -> set[str]:
    """Return the names that git refuses. One process: `git fsck` judges the names of many tags."""
    subprocess.run(["git", "init", "--quiet", directory], check=True)
    keep(directory, b"blob", b"")
    tags = {}
    for name in names:
        text = f"object {EMPTY}\ntype blob\ntag {name}\ntagger a <a> 0 +0000\n\n"
        tags[keep(directory, b"tag", os.fsencode(text))] = name
    told = subprocess.run(
        ["git", "-C", directory, "fsck", "--no-dangling"],
        check=False,
        capture_output=True,
        text=True,
    )
    lines = [line.split(": ") for line in told.stderr.splitlines() if ": badTagName: " in line]
    return {tags[line[0].split()[-1]] for line in lines}


def keep(directory: Path, kind: bytes, content: bytes) -> str:
    """Write an object as git does, without a check; return its name."""
    data = b"%s %d\0%s" % (kind, len(content), content)
    name = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    path = directory / ".git" / "objects" / name[:2] / name[2:]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(zlib.compress(data, 1))
    return name
