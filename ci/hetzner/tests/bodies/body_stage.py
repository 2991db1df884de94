"""A small stage for the job bodies: a tree that has the files they look for, and stand-ins.

The stand-ins replace the tools (uv, pnpm, npx, …) so that each call of each body can be made to
fail, one at a time and within milliseconds. That the real tools fail the same way is shown by the
red commits of the demo, and the bodies with the real tools by test_failures.py and the demo.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from lib.buckaroo import environments, settings
from tests.support.waiting import PATIENCE, wait_for, wait_until

Case = TypeVar("Case")
Result = TypeVar("Result")

HETZNER = Path(settings.__file__).resolve().parents[2]
JOBS, BODY_LIB = HETZNER / "jobs", HETZNER / "lib" / "body.sh"
STAND_IN = HETZNER / "tests" / "bodies" / "stand_in.sh"
BODIES = (  # those that come to an end: jupyter_warmup stays
    "build_js",
    "build_wheel",
    "install_wheel",
    "lint_python",
    "pw_jupyter",
    "pw_marimo",
    "pw_server",
    "pw_storybook",
    "pw_wasm_marimo",
    "smoke_test_extras",
    "test_js",
    "test_mcp_wheel",
    "test_python 3.13",
    "prepare_python 3.13",
    "node_modules",
)
EXTRAS = ("base", "polars", "mcp", "marimo", "jupyterlab", "notebook")

TOOLS = ("uv", "pnpm", "npx", "node", "lsof", "curl", "python3.13", "script", "full_build.sh")
NOTEBOOKS = ("buckaroo_widget", "polars_widget", "infinite_scroll_transcript")
FILES = (
    "uv.lock",
    "pyproject.toml",
    "buckaroo/__init__.py",
    "packages/package.json",
    "packages/pnpm-lock.yaml",
    "packages/js/package.json",
    "packages/buckaroo-js-core/package.json",
    "tests/unit/server/test_mcp_uvx_install.py",
    "tests/unit/server/test_mcp_server_integration.py",
    "scripts/smoke_test.py",
    *(f"tests/integration_notebooks/test_{name}.ipynb" for name in NOTEBOOKS),
    "packages/buckaroo-js-core/pw-tests/integration.spec.ts",
    "packages/buckaroo-js-core/pw-tests/infinite-scroll-transcript.spec.ts",
)
CONFIGS = ("", ".server", ".marimo", ".wasm-marimo", ".integration")
TARGETS = ("storybook", "server", "marimo", "wasm_marimo")
MISSING = tuple(
    f"test_{name}"
    for name in (
        "buckaroo_infinite_widget",
        "polars_infinite_widget",
        "dfviewer",
        "dfviewer_infinite",
        "polars_dfviewer",
        "polars_dfviewer_infinite",
    )
)


@dataclass(frozen=True)
class Done:
    """The end of a body, its output, and its calls of the stand-ins."""

    code: int
    text: str
    calls: list[str]


@dataclass(frozen=True)
class Stage:
    """The tree `repo`, the stand-ins, and everything that a body may write, below one directory."""

    root: Path

    @property
    def repo(self) -> Path:
        """The checkout under test."""
        return self.root / "repo"

    @property
    def work(self) -> Path:
        """CI_WORK_DIR."""
        return self.root / "work"

    @property
    def venvs(self) -> Path:
        """CI_VENVS_DIR."""
        return self.root / "venvs"

    @property
    def environment_3_13(self) -> Path:
        """The shared environment that is ready."""
        return self.venvs / "3.13-0123456789ab"

    @property
    def jupyter(self) -> Path:
        """The environment of the servers."""
        return self.work / "venvs" / "jupyter"

    def files(self) -> dict[str, bytes]:
        """Return names and contents of the files in the tree that jobs share.

        Without node_modules, which the jobs install together, and git's own files.
        """
        return {
            str(path.relative_to(self.repo)): path.read_bytes()
            for path in sorted(self.repo.rglob("*"))
            if path.is_file() and not {"node_modules", ".git"} & {*path.parts}
        }

    def environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of a body in a run, with `extra` over it."""
        variables = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("CI_", "UV_", "JUPYTER_", "PLAYWRIGHT_", "GIT_"))
        }
        ports = {f"CI_{name.upper()}": str(20000 + n * 10) for n, name in enumerate(settings.PORTS)}
        return {
            **variables,
            # the tests' interpreter before wrappers of it, which change PATH for their children
            "PATH": os.pathsep.join(
                [str(self.root / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
            ),
            "STAGE": str(self.root),
            "PYENV_ROOT": "/nowhere",  # no interpreters but the stand-in
            "UV_PYTHON_INSTALL_DIR": "/nowhere",
            "CI_RUN_ID": "r1",
            "CI_REPO_DIR": str(self.repo),
            "CI_RUNNER_DIR": str(HETZNER),
            "CI_STATE_DIR": str(self.root),
            "CI_WORK_DIR": str(self.work),
            "CI_VENVS_DIR": str(self.venvs),
            "JUPYTER_PARALLEL": "2",
            "JUPYTER_TOKEN": "token",
            "JUPYTER_PYTHON": "3.13",
            "PYTEST_WORKERS": "2",
            **ports,
            **extra,
        }

    def command(self, body: str) -> list[str]:
        """Return how a body is started."""
        script, *arguments = body.split()
        return ["bash", str(JOBS / f"{script}.sh"), *arguments]

    @contextmanager
    def start(self, body: str, extra: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
        """Start a body as the leader of a group, which is gone afterwards."""
        with (self.root / "log").open("wb") as log:
            process = subprocess.Popen(
                self.command(body),
                cwd=self.repo,
                env=self.environment(extra),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
            )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):  # it left nothing
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def run(self, body: str, **extra: str) -> Done:
        """Run a body to its end. Raises subprocess.TimeoutExpired."""
        with self.start(body, extra) as process:
            process.wait(PATIENCE)
        return self.done(process.returncode)

    def done(self, code: int) -> Done:
        """Return what happened so far."""
        calls = self.root / "calls"
        text = (self.root / "log").read_text(errors="replace")
        return Done(code, text, calls.read_text().splitlines() if calls.exists() else [])


@functools.cache
def _history() -> Path:
    """Return a repository of one commit without files; each stage begins with a copy."""
    root = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    git(root, "init", "--quiet", "--template=")
    git(root, "commit", "--quiet", "--allow-empty", "-m", "before everything")
    return root


def git(repo: Path, *arguments: str) -> None:
    """Call git in a repository of a test. Raises subprocess.CalledProcessError."""
    who = [f"GIT_{role}_{n}" for role in ("AUTHOR", "COMMITTER") for n in ("NAME", "EMAIL")]
    env = {n: v for n, v in os.environ.items() if not n.startswith("GIT_")}
    env |= {**dict.fromkeys(who, "tests@localhost"), "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", *arguments], cwd=repo, env=env, check=True, capture_output=True)


def make(root: Path) -> Stage:
    """Make a stage on which every body passes."""
    stage = Stage(root)
    shutil.copytree(_history() / ".git", stage.repo / ".git")
    tools = root / "bin"
    tools.mkdir(parents=True)
    (tools / "stand-in").symlink_to(STAND_IN)
    for name in TOOLS:
        (tools / name).symlink_to("stand-in")
    scripts = {f"scripts/test_playwright_{target}.sh": "exec script $0\n" for target in TARGETS}
    scripts["scripts/full_build.sh"] = "exec full_build.sh\n"
    configs = [f"packages/buckaroo-js-core/playwright.config{name}.ts" for name in CONFIGS]
    texts = {**dict.fromkeys([*FILES, *configs], "any text\n"), **scripts}
    texts["packages/buckaroo-js-core/package.json"] = '{"scripts": {"test": "jest"}}\n'
    for name, text in texts.items():
        path = stage.repo / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    wheel = stage.work / "wheel" / "buckaroo-1-py3-none-any.whl"
    wheel.parent.mkdir(parents=True)
    wheel.write_text("a wheel")
    (wheel.parent / "static").mkdir()
    (wheel.parent / "static" / "widget.js").write_text("built")
    (stage.repo / ".gitignore").write_text("node_modules\ndist\nbuckaroo/static\n")
    for environment in (stage.environment_3_13, stage.jupyter):
        (environment / "bin").mkdir(parents=True)
        (environment / "lib" / "python3" / "site-packages").mkdir(parents=True)
        (environment / "version").write_text("3.13\n")
        for program in ("python", "ruff", "pytest"):
            (environment / "bin" / program).symlink_to(tools / "stand-in")
    environments.stamp(stage.environment_3_13, stage.repo)
    (stage.work / "jupyter-venv").write_text(f"{stage.jupyter}\n")
    (stage.work / "jupyter-servers").write_text("http://127.0.0.1:1\nhttp://127.0.0.1:2\n")
    return stage


class OnStage(unittest.TestCase):
    """Runs bodies, each test on a fresh stage."""

    def setUp(self) -> None:
        """Set the stage."""
        self.stage = self.make()

    def make(self) -> Stage:
        """Return another stage, which is removed after the test."""
        root = self.enterContext(tempfile.TemporaryDirectory())
        return make(Path(root).resolve())

    def passes(self, body: str, *, on: Stage | None = None, **extra: str) -> Done:
        """Run a body that has to pass."""
        done = (on or self.stage).run(body, **extra)
        self.assertEqual(done.code, 0, f"{body}: {done.text}")
        return done

    def fails(self, body: str, expected: str, *, on: Stage | None = None, **extra: str) -> Done:
        """Run a body that has to fail with a message that matches."""
        done = (on or self.stage).run(body, **extra)
        self.assertNotIn(done.code, (0, 5), f"{body}: {done.text}")
        self.assertRegex(done.text, expected, body)
        return done

    def each(self, turn: Callable[[Stage, Case], Result], cases: Iterable[Case]) -> list[Result]:
        """Take a turn with each case, side by side and each on a stage of its own."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(lambda case: turn(self.make(), case), cases))

    @contextmanager
    def warm(self, **extra: str) -> Iterator[subprocess.Popen[bytes]]:
        """Start the servers of the notebooks."""
        (self.stage.work / "jupyter-servers").unlink()
        with self.stage.start("jupyter_warmup", extra) as process:
            yield process

    def calls_of_warm_servers(self, **extra: str) -> list[str]:
        """Return all calls until the servers are promised and each of them has been started."""
        with self.warm(**extra):
            wait_for(self.stage.work / "jupyter-servers")
            wait_until(lambda: "--port=20050" in self.told(), "a first server")
            wait_until(lambda: "--port=20051" in self.told(), "a second server")
            return self.stage.done(0).calls

    def told(self) -> str:
        """Return the calls so far as one text."""
        return "\n".join(self.stage.done(0).calls)

    def warmed(self, **extra: str) -> Done:
        """Run servers that have to end by themselves, on a fresh stage."""
        self.stage = self.make()
        with self.warm(**extra) as process:
            process.wait(PATIENCE)
        return self.stage.done(process.returncode)
