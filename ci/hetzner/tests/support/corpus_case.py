"""A corpus of real commits, run by pipeline.py with a stand-in for the program of one commit.

The stand-in answers as `pipeline.py --json` does, with the outcomes that a file in `plans` names
for the commit; its other words make it misbehave. Everything else is real: processes, git, files.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.support.git_case import GitCase, commit

PROGRAM = Path(__file__).resolve().parents[2] / "pipeline.py"
STAND_IN = r"""
import json, os, pathlib, select, subprocess, sys, time
plans, sha = pathlib.Path(sys.argv[1]), sys.argv[2]
with (plans / "ran").open("a") as ran:
    ran.write(f"{sha}\n")
with (plans / "environments").open("a") as seen:  # its own, and that of the corpus
    both = dict(os.environ), pathlib.Path(f"/proc/{os.getppid()}/environ").read_bytes()
    seen.write(f"{both}\n")
plan = json.loads((plans / sha).read_text()) if (plans / sha).exists() else {}
if plan.get("waits"):
    (plans / "waits").touch()
    if sys.stdin.read() == "" and not plan.get("deaf"):  # until its standard input ends
        (plans / "ended").touch()
        sys.exit(143)
if plan.get("silent"):
    sys.exit(0)
if plan.get("leaves"):
    left = subprocess.Popen(["sleep", "1000"], start_new_session=True, stdout=subprocess.DEVNULL)
    (plans / "left").write_text(str(left.pid))
if plan.get("shm"):
    pathlib.Path("/dev/shm", f"{plan['shm']}-{time.time()}").touch()
jobs = plan.get("jobs", {"lint": "passed", "test": "passed"})
code = plan.get("code", int(any(found != "passed" for found in jobs.values())))
answer = {"exit_code": code, "sha": sha, "sentence": os.environ.get("GITHUB_TOKEN"), "run": "r"}
print("noise")
print(json.dumps({**answer, "jobs": [{"name": n, "outcome": o} for n, o in jobs.items()]}))
sys.exit(code)
"""


class CorpusCase(GitCase):
    """A repository with three commits, and the file of a corpus with all of them."""

    def setUp(self) -> None:
        super().setUp()
        self.third = commit(self.repo, "a", "three")
        self.plans = self.home / "plans"
        self.plans.mkdir()
        self.stand_in = self.home / "stand_in.py"
        self.stand_in.write_text(STAND_IN)
        self.state = self.home / "state"
        self.through: tuple[str, ...] = ()  # a command that runs the one which follows
        self.file = self.home / "three.toml"
        self.write("")

    def write(self, expect: str) -> None:
        """Write the file of the corpus; `expect` are the expected outcomes of the second commit."""
        runner = f"{sys.executable} -S -E {self.stand_in} {self.plans} {{sha}}"
        self.file.write_text(
            f'runner = "{runner}"\n[commits.one]\nsha = "{self.first}"\n'
            f'[commits.two]\nsha = "{self.second}"\n{expect}\n[commits.three]\nsha = "main"\n'
        )

    def plan(self, sha: str, **plan: object) -> None:
        """Have the stand-in do something else on a commit."""
        (self.plans / sha).write_text(json.dumps(plan))

    @property
    def ran(self) -> list[str]:
        """The commits for which the stand-in was started, in their order."""
        path = self.plans / "ran"
        return path.read_text().split() if path.exists() else []

    def words(self, *words: str) -> list[str]:
        """Return the words of a call."""
        called = [sys.executable, str(PROGRAM), "corpus", *words]
        return [*self.through, *called, "--state-dir", str(self.state)]

    def corpus(self, *words: str, code: int) -> str:
        """Call `corpus`; return its output."""
        done = subprocess.run(
            self.words(*words or (str(self.file),)),
            cwd=self.repo,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.assertEqual(done.returncode, code, done.stdout)
        return done.stdout
