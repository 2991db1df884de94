"""A branch stays one word where a shell reads the command of an entry: behind ssh, in a script.

Strangers name branches, and git takes all of these. A program named `ssh` stands for the real one:
it joins its words with blanks and has a shell read them (ssh(1)).
"""

from __future__ import annotations

import shlex
import unittest

from tests.support.worker_case import FIELDS, WorkerCase

BRANCHES = (
    *("$(touch${IFS}run)", ";touch${IFS}run", "`touch${IFS}run`"),
    *("a'b", '"', "a&b", "#1", "!"),
)
SCRIPT = """
    echo "20260101T000000Z-${sha:0:7}" >"$name_to"
    printf '%s\\n' "$branch" "$place" >>"$root/told"
"""


class Shells(WorkerCase):
    def test_behind_ssh(self) -> None:
        ssh = self.root / "ssh"
        ssh.write_text('#!/bin/bash\nshift\nexec sh -c "$*"\n')
        ssh.chmod(0o755)
        self.is_told(f"{shlex.quote(str(ssh))} box {self.template}")

    def test_in_a_script(self) -> None:
        self.is_told(f"bash -c {shlex.quote(f'bash {shlex.quote(str(self.script))} {FIELDS}')}")

    def is_told(self, command: str) -> None:
        """Check that the command gets each branch as one word, and nothing else is run."""
        for number, branch in enumerate(("", *BRANCHES)):
            self.push(f"{number}" * 40, branch)
        self.once(SCRIPT, CI_QUEUE_COMMAND=command)
        told = (self.root / "told").read_text().splitlines()
        self.assertEqual(told[::2], ["", *BRANCHES])
        self.assertEqual({*told[1::2]}, {"1"})
        self.assertFalse((self.root / "run").exists(), "a branch was run")


if __name__ == "__main__":
    unittest.main()
