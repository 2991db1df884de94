"""Rebuilds the dependencies of the repository under test when its lock files have changed.

The hashes are stored only after every step of the rebuild succeeded, so a rebuild that failed is
done again. A run whose rebuild fails is red.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lib import command, files, settings, treecopy
from lib.pythons import VERSIONS, find, version_of
from lib.settings import Settings

LOCK_FILES = ("uv.lock", "packages/pnpm-lock.yaml", "pyproject.toml")
# wiping only one of them leaves a broken tree
NODE_MODULES = tuple(
    Path("packages", package, "node_modules") for package in ("", "js", "buckaroo-js-core")
)
STEP_TIMEOUT = 900.0  # seconds


class LockcheckError(Exception):
    """A step of the rebuild failed: which one, how, and where its output is."""


@dataclass(frozen=True)
class Lockcheck:
    """The dependencies of one checkout: `tree` is where the lock files are."""

    config: Settings
    tree: Path
    log: Path
    pythons: Sequence[str] = VERSIONS
    say: Callable[[str], None] = print
    absent: list[str] = field(default_factory=list)  # Python versions that the machine lacks

    @property
    def _stored(self) -> Path:
        return self.config.work_dir.with_suffix(".locks.json")

    def hashes(self) -> dict[str, str]:
        """Return the SHA-256 of each lock file, '' for one that an old commit does not have."""
        found = {}
        for name in LOCK_FILES:
            path = self.tree / name
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""
        return found

    def reason(self) -> str:
        """Return why a rebuild is needed; '' when it is not. Raises OSError."""
        try:
            stored = json.loads(self._stored.read_text())
        except FileNotFoundError:
            return "nothing was built before"
        except ValueError:
            return f"{self._stored} is not readable"
        changed = [name for name, value in self.hashes().items() if stored.get(name) != value]
        if changed:
            return f"{', '.join(changed)} changed"
        lacking = [str(path) for path in self._node_modules() if not (self.tree / path).is_dir()]
        lacking += [
            str(self._environment(version))
            for version in self._present()
            if version_of(self._environment(version) / "bin" / "python") != version
        ]
        return f"missing: {', '.join(lacking)}" if lacking else ""

    def valid(self) -> bool:
        """Whether what the lock files ask for is what is installed."""
        return not self.reason()

    def update(self) -> None:
        """Store the hashes of the lock files as they are. Raises OSError."""
        self._stored.parent.mkdir(parents=True, exist_ok=True)
        files.atomic_write(self._stored, json.dumps(self.hashes(), indent=2))

    def rebuild(self) -> None:
        """Install all that the lock files ask for, then store their hashes.

        Raises LockcheckError when a step fails; the hashes then stay as they were.
        """
        self._stored.unlink(missing_ok=True)
        if (self.tree / "uv.lock").exists():
            for version in self._present():
                self._sync(version)
        else:
            self.say("no uv.lock in this commit: no Python environment is built")
        if (self.tree / "packages" / "pnpm-lock.yaml").exists():
            self._install_node_modules()
        else:
            self.say("no packages/pnpm-lock.yaml in this commit: no node_modules are installed")
        self.update()

    def _present(self) -> list[str]:
        """Return the asked-for Python versions that the machine has; the others are said once."""
        present = []
        for version in self.pythons:
            if find(version):
                present.append(version)
            elif version not in self.absent:
                self.absent.append(version)
                self.say(f"no Python {version} on this machine: its job will say how to get it")
        return present

    def _node_modules(self) -> list[Path]:
        if not (self.tree / "packages" / "pnpm-lock.yaml").exists():
            return []
        return [p for p in NODE_MODULES if (self.tree / p.parent / "package.json").exists()]

    def _environment(self, version: str) -> Path:
        return self.config.venvs_dir / version

    def _sync(self, version: str) -> None:
        environment = self._environment(version)
        python = find(version)
        argv = ["uv", "sync", "--locked", "--dev", "--all-extras", "--python", python]
        self._step(argv, self.tree, {"UV_PROJECT_ENVIRONMENT": str(environment)})
        found = version_of(environment / "bin" / "python")
        if found != version:
            raise LockcheckError(
                f"{environment}: expected Python {version}, found {found or 'none'}: remove it, "
                "then run again"
            )

    def _install_node_modules(self) -> None:
        for path in NODE_MODULES:
            if (self.tree / path).exists():
                treecopy.remove(self.tree / path)
        self._step(["pnpm", "install", "--frozen-lockfile"], self.tree / "packages", {})

    def _step(self, argv: Sequence[str], cwd: Path, extra: dict[str, str]) -> None:
        shown = " ".join(argv)
        self.say(f"{shown} (in {cwd})")
        env = settings.job_environment(self.config, os.environ) | extra
        self.log.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self.log.open("ab") as log:
                log.write(f"$ {shown}\n".encode())
                log.flush()
                program = shutil.which(argv[0], path=env["PATH"]) or argv[0]
                done = command.run(
                    [program, *argv[1:]], cwd=cwd, env=env, timeout=STEP_TIMEOUT, log=log
                )
        except FileNotFoundError as error:
            raise LockcheckError(f"{shown}: {argv[0]} is not on PATH: install it") from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise LockcheckError(f"{shown}: {error}") from error
        if done.code != 0:
            raise LockcheckError(f"{shown}: exit code {done.code}, see {self.log}")


def _here(tree: Path | None) -> Lockcheck:
    config = settings.load()
    log = config.work_dir / "rebuild.log"
    return Lockcheck(config, tree or config.repo_dir, log)


def lockcheck_valid(tree: Path | None = None) -> bool:
    """Whether, with the settings of the environment, the dependencies match the lock files."""
    return _here(tree).valid()


def lockcheck_update(tree: Path | None = None) -> None:
    """Store the hashes of the lock files. Raises OSError."""
    _here(tree).update()


def rebuild_deps(tree: Path | None = None) -> None:
    """Install what the lock files ask for, then store their hashes. Raises LockcheckError."""
    _here(tree).rebuild()
