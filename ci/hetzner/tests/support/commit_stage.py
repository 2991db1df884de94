"""A small stage for whole runs of pipeline.py: a repository, job bodies that take no time, GitHub.

The bodies and the tools are stand-ins, since these tests are about what happens around the jobs;
everything else is real: git, processes, locks, sockets. The demo shows the real bodies.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pipeline
from lib.buckaroo import preparation, pythons, settings
from lib.run_directories.run_store import RunStore
from tests.support.github_server import TOKEN, GitHub

HETZNER = Path(__file__).resolve().parents[2]
TABLE = pipeline.job_table(settings.load_anywhere({}, {}))
JOBS = len(TABLE)  # of a whole run
# those among them that have nothing to prepare, since the stage has no lock files
PREPARE = {job.name for job in TABLE if preparation.prepares(job.name)}
CLEARED = ("CI_", "GITHUB_", "GIT_", "LOG_URL", "JUPYTER_", "PYTEST_", "UV_", "XDG_")
BODY = r"""
mkdir -p "$CI_WORK_DIR"
body=$(basename "$0" .sh)
case $body in
  build_js)
    mkdir -p packages/buckaroo-js-core/dist
    echo "$RANDOM" >packages/buckaroo-js-core/dist/index.es.js
    ;;
  build_wheel)
    rm -rf "$CI_WORK_DIR/wheel"
    mkdir -p "$CI_WORK_DIR/wheel/static"
    touch "$CI_WORK_DIR/wheel/b.whl" "$CI_WORK_DIR/wheel/static/widget.js"
    ;;
  node_modules)
    mkdir -p packages/node_modules
    { git hash-object --no-filters packages/pnpm-lock.yaml && echo packages; } \
      >packages/node_modules/.ci-installed
    ;;
  jupyter_warmup)
    for output in venv servers; do echo "$RANDOM" >"$CI_WORK_DIR/jupyter-$output"; done
    exec "$STAGE_PYTHON" -S -E -c "$STAGE_SERVER" "$CI_PORT_JUPYTER"
    ;;
esac
seq 30
if [[ $body == test_js && -n ${STAGE_JUNIT:-} ]]; then
  mkdir -p "$CI_WORK_DIR/junit" && echo "$STAGE_JUNIT" >"$CI_WORK_DIR/junit/test-js.xml"
fi
[[ -z ${STAGE_SLEEP:-} || $body != "${STAGE_SLEEP}" ]] || { touch "$STAGE_STARTED" && sleep 1000; }
[[ $body != "${STAGE_FAIL:-}" && ! -e $CI_STATE_DIR/../broken-$body ]] || exit 3
"""


SERVER = """
import socket, sys, time
server = socket.socket()
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()
time.sleep(1000)
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Ran:
    """The end of a run of pipeline.py, and its output."""

    code: int
    out: str
    errors: str


@dataclass
class Stage:
    """A checkout with one commit, pushed to its origin; state and tools beside it."""

    root: Path
    github: GitHub | None = None
    variables: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=_free_port)  # of the server of notebooks
    stdin: int = subprocess.DEVNULL  # of pipeline.py: a descriptor

    @property
    def repo(self) -> Path:
        """The developer's checkout."""
        return self.root / "repo"

    @property
    def state(self) -> Path:
        """CI_STATE_DIR."""
        return self.root / "state"

    def prepare(self) -> None:
        """Make all of it."""
        runner, tools = self.root / "runner", self.root / "tools"
        (runner / "jobs").mkdir(parents=True)
        for body in (HETZNER / "jobs").glob("*.sh"):
            (runner / "jobs" / body.name).write_text(BODY)
        tools.mkdir()
        stand_ins = dict.fromkeys(("uv", "node", "pnpm", "lsof", "curl", "chromium"), "1")
        stand_ins |= {f"python{version}": f"{version} $0" for version in pythons.VERSIONS}
        for tool, said in stand_ins.items():
            (tools / tool).write_text(f"#!/bin/sh\necho {said}\n")
            (tools / tool).chmod(0o755)
        self.git(self.root, "init", "-q", "--bare", "-b", "main", "origin.git")
        self.git(self.root, "init", "-q", "-b", "main", "repo")
        (self.repo / "packages" / "buckaroo-js-core").mkdir(parents=True)
        (self.repo / "packages" / "buckaroo-js-core" / "package.json").write_text("{}\n")
        (self.repo / ".gitignore").write_text("node_modules\n")
        self.git(self.repo, "remote", "add", "origin", str(self.root / "origin.git"))
        self.commit("first")

    def commit(self, text: str) -> str:
        """Commit and push a change; return its SHA."""
        (self.repo / "file").write_text(text)
        self.git(self.repo, "add", "--all")
        self.git(self.repo, "commit", "-qm", text)
        self.git(self.repo, "push", "-q", "origin", "HEAD")
        return self.git(self.repo, "rev-parse", "HEAD")

    def git(self, where: Path, *arguments: str) -> str:
        """Run git with a neutral user; return its output."""
        who = ("-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgSign=false")
        done = subprocess.run(
            ["git", *who, *arguments],
            cwd=where,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def gate(self, body: str) -> tuple[Path, Path]:
        """Let a body wait while the first of two files is there; it makes the second meanwhile."""
        closed, waits = self.root / "closed", self.root / "waits"
        path = self.root / "runner" / "jobs" / f"{body}.sh"
        loop = f"while [ -e {closed} ]; do touch {waits}; sleep 0.1; done\n"
        path.write_text(loop + path.read_text())
        return closed, waits

    def wait_for_version_of_git(self, body: str) -> None:
        """Let a body wait until git has told its version: it is asked at the lowest priority."""
        tool, git, told = self.root / "tools" / "git", shutil.which("git"), self.root / "told"
        asked = f"if [[ $1 == --version ]]; then {git} --version && touch {told}; exit; fi"
        tool.write_text(f'#!/bin/bash\n{asked}\nexec {git} "$@"\n')
        tool.chmod(0o755)
        path = self.root / "runner" / "jobs" / f"{body}.sh"
        path.write_text(f"until [[ -e {told} ]]; do sleep 0.01; done\n{path.read_text()}")

    def before_checkout(self, body: str) -> None:
        """Let the git that puts the commit into its tree run this first, in bash."""
        tool, git = self.root / "tools" / "git", shutil.which("git")
        checks_out = '[[ " $* " == *" checkout "* ]]'
        tool.write_text(f'#!/bin/bash\nif {checks_out}; then\n{body}\nfi\nexec {git} "$@"\n')
        tool.chmod(0o755)

    def environment(self, **extra: str) -> dict[str, str]:
        """Return the environment of pipeline.py; nothing of the caller's settings is in it."""
        caller = {n: v for n, v in os.environ.items() if not n.startswith(CLEARED)}
        made = {
            **{name: v for name, v in caller.items() if not name.lower().endswith("_proxy")},
            "HOME": str(self.root / "home"),
            "PATH": f"{self.root / 'tools'}{os.pathsep}{os.environ['PATH']}",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "CI_STATE_DIR": str(self.state),
            "CI_RUNNER_DIR": str(self.root / "runner"),
            "CI_TIMEOUT": "120",
            "CI_GROUP_STATUSES": "0",  # tests of these turn them on
            "CI_PORT_JUPYTER": str(self.port),
            "JUPYTER_PARALLEL": "1",
            "STAGE_PYTHON": sys.executable,
            "STAGE_SERVER": SERVER,
        }
        if self.github is not None:
            made |= {"GITHUB_TOKEN": TOKEN, "GITHUB_REPO": "o/n", "GITHUB_API_URL": self.github.url}
        return made | self.variables | extra

    def start(
        self, *words: str, program: str = "", through: Sequence[str] = (), **extra: str
    ) -> subprocess.Popen[str]:
        """Start pipeline.py, or a program that stands for it, in the checkout.

        `through` is a command that runs the one which follows, such as `prlimit`.
        """
        argv = ["-c", program] if program else [str(HETZNER / "pipeline.py")]
        return subprocess.Popen(
            [*through, sys.executable, *argv, *words],
            cwd=self.repo,
            env=self.environment(**extra),
            stdin=self.stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )

    def run(self, *words: str, program: str = "", through: Sequence[str] = (), **extra: str) -> Ran:
        """Run pipeline.py to its end."""
        with self.start(*words, program=program, through=through, **extra) as process:
            out, errors = process.communicate(timeout=120)
        return Ran(process.returncode, out, errors)

    def log_dir(self, name: str = "") -> Path:
        """Return the directory of the newest run of a commit (default: HEAD).

        Without such a run it is the link of the commit, which is not there.
        """
        sha = name or self.git(self.repo, "rev-parse", "HEAD")
        runs = RunStore(self.state).runs()
        paths = [run.path for run in runs if run.key.commit == sha[:7]]
        return paths[0] if paths else self.state / "logs" / sha

    def log(self, name: str = "") -> str:
        """Return ci.log of a commit."""
        return (self.log_dir(name) / "ci.log").read_text()

    def outcomes(self, name: str = "") -> dict[str, str]:
        """Return the outcomes, from summary.json of a commit (default: HEAD).

        Those of jobs that had nothing to prepare are left out.
        """
        summary = json.loads((self.log_dir(name) / "summary.json").read_text())
        found = {job["name"]: job["outcome"] for job in summary["jobs"]}
        nothing = {(name, "restored") for name in PREPARE}
        return {name: outcome for name, outcome in found.items() if (name, outcome) not in nothing}


class OnStage(unittest.TestCase):
    """A test with a stage of its own; it is made once and copied."""

    def setUp(self) -> None:
        self.stage = self.make()

    def make(self) -> Stage:
        """Return a fresh stage, gone when the test ends."""
        root = self.enterContext(tempfile.TemporaryDirectory())
        stage = Stage(Path(root).resolve())
        self.addCleanup(shutil.rmtree, stage.state, ignore_errors=True)
        stage.prepare()
        return stage
