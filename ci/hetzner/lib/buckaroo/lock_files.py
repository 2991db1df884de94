"""Rebuilds the dependencies of the repository under test when its lock files have changed.

A rebuild is recorded only after all of its steps succeeded, so a failed one is done again. A run
whose rebuild fails is red. Unaware of jobs and of the content of lock files: the tool that reads a
broken one reports it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lib.buckaroo import settings
from lib.buckaroo.install_step import InstallStep, LockcheckError
from lib.buckaroo.pythons import VERSIONS, find, version_of
from lib.buckaroo.settings import Settings
from lib.common import files, tree_copy

UV_LOCK, PNPM_LOCK = "uv.lock", "packages/pnpm-lock.yaml"
LOCK_FILES = (UV_LOCK, PNPM_LOCK, "pyproject.toml")
# wiping only one of them leaves a broken tree
NODE_MODULES = (
    "packages/node_modules",
    *(f"packages/{p}/node_modules" for p in ("js", "buckaroo-js-core")),
)
JS_CORE = "packages/buckaroo-js-core"
# the versions of pnpm's lock file write it `playwright-core@1`, `/playwright-core@1`, `…-core/1`
PLAYWRIGHT = re.compile(r"^ +'?/?playwright-core[@/](\d[^:'(]*)", re.MULTILINE)
BROWSERS_STAMP = ".installed-for"  # beside the browsers: the locked versions of Playwright
STAMP = ".built-for.json"  # in an environment: the record that it was built for
STEP_TIMEOUT = 900.0  # seconds


@dataclass(frozen=True)
class Lockcheck:
    """The dependencies of one checkout.

    `tree` has the lock files, `log` gets the output of the steps, `pythons` are the wanted
    versions, `say` prints progress; `step_timeout` is seconds.
    """

    config: Settings
    tree: Path
    log: Path
    pythons: Sequence[str] = VERSIONS
    say: Callable[[str], None] = print
    step_timeout: float = STEP_TIMEOUT
    absent: list[str] = field(default_factory=list)  # Python versions that the machine lacks

    def reason(self) -> str:
        """Return the reason of a rebuild; '' if none is needed. Raises OSError."""
        if not _read(self._recorded):
            return "nothing was built before"
        if changed := self._changed():
            return f"{', '.join(changed)} changed"
        missing = self._lacking_modules()
        elsewhere: list[str] = []
        for version in self._stale():
            taken = self._built_for_another(version)
            (elsewhere if taken else missing).append(f"Python {version} environment")
        if version := self._lacking_browsers():
            missing.append(f"browsers of Playwright {version}")
        return "; ".join(
            f"{what}: {', '.join(names)}"
            for what, names in (("missing", missing), ("built for another checkout", elsewhere))
            if names
        )

    def valid(self) -> bool:
        """Whether the installed dependencies match the lock files. Raises OSError."""
        return not self.reason()

    def hashes(self) -> dict[str, str]:
        """Return the SHA-256 of each lock file, '' for one that an old commit does not have."""
        return {name: self._hash(name) for name in LOCK_FILES}

    def update(self) -> None:
        """Record the installed dependencies as those of the lock files. Raises OSError."""
        self._record(self.hashes())

    def rebuild(self) -> None:
        """Install missing and stale dependencies anew, then record them.

        These are all dependencies if the lock files changed, or if nothing is missing or stale.
        Raises LockcheckError when a step fails; its dependencies then do not count as built. Raises
        OSError.
        """
        hashes = self.hashes()  # a lock file that changes from now on does not count as built
        pythons, modules = list(self.pythons), True
        if not self._changed():
            stale, lacking = self._stale(), self._lacking_modules()
            if stale or lacking or self._lacking_browsers():
                pythons, modules = stale, bool(lacking)
        if modules:
            self._recorded.unlink(missing_ok=True)
        if self._has(UV_LOCK):
            for version in pythons:
                self._sync(version)
        else:
            self.say(f"no {UV_LOCK} in this commit: no Python environment is built")
        if not self._has(PNPM_LOCK):
            self.say(f"no {PNPM_LOCK} in this commit: no node_modules are installed")
        elif modules:
            self._install_node_modules()
        if versions := self._lacking_browsers():
            self._install_browsers(versions)
        self._record(hashes)

    def _changed(self) -> list[str]:
        """Return the lock files that differ from the record; all of them without a record."""
        record = _read(self._recorded)
        return [name for name, value in self.hashes().items() if record.get(name) != value]

    def _lacking_modules(self) -> list[str]:
        """Return the node_modules of the record that are gone."""
        record = _read(self._recorded)
        return [name for name in NODE_MODULES if record.get(name) and not self._has(name)]

    def _stale(self) -> list[str]:
        """Return the versions whose environments do not fit this checkout."""
        return [v for v in self.pythons if self._has(UV_LOCK) and not self._serves(v)]

    @property
    def _recorded(self) -> Path:
        return settings.work_dir(self.config, self.tree).with_suffix(".locks.json")

    def _record(self, hashes: Mapping[str, str]) -> None:
        # pnpm makes none for a package without dependencies, so the record lists those it made
        modules = {name: "there" for name in NODE_MODULES if self._has(name)}
        for version in self.pythons:
            if self._has(UV_LOCK) and version_of(self._python(version)) == version:
                files.atomic_write(self._environment(version) / STAMP, self._stamp(hashes))
        self._recorded.parent.mkdir(parents=True, exist_ok=True)
        files.atomic_write(self._recorded, json.dumps({**hashes, **modules}, indent=2))

    def _stamp(self, hashes: Mapping[str, str]) -> str:
        """Return the record of an environment: its checkout and lock files.

        Checkouts share the environments, and the latest one has its code in them.
        """
        return json.dumps({"tree": str(self.tree), **hashes}, indent=2)

    def _serves(self, version: str) -> bool:
        """Whether an environment works for this checkout, or is impossible on this machine."""
        stamp = _read(self._environment(version) / STAMP)
        if stamp == json.loads(self._stamp(self.hashes())):
            return version_of(self._python(version)) == version
        return not self._available(version)

    def _built_for_another(self, version: str) -> bool:
        """Whether an environment holds the code of another checkout."""
        tree = _read(self._environment(version) / STAMP).get("tree", str(self.tree))
        return tree != str(self.tree) and version_of(self._python(version)) == version

    def _available(self, version: str) -> str:
        """Return the interpreter of a version; if there is none, say so once."""
        python = find(version)
        if not python and version not in self.absent:
            self.absent.append(version)
            self.say(f"no Python {version} on this machine: its job will say how to get it")
        return python

    def _sync(self, version: str) -> None:
        python = self._available(version)
        if not python:
            return
        environment = self._environment(version)
        (environment / STAMP).unlink(missing_ok=True)
        argv = ["uv", "sync", "--locked", "--dev", "--all-extras", "--python", python]
        self._step(argv, self.tree, {"UV_PROJECT_ENVIRONMENT": str(environment)})
        found = version_of(self._python(version))
        if found != version:
            raise LockcheckError(
                f"{environment}: expected Python {version}, found {found or 'none'}: remove it, "
                "then run again"
            )

    def _install_node_modules(self) -> None:
        for name in NODE_MODULES:
            tree_copy.remove(self.tree / name)
        self._step(["pnpm", "install", "--frozen-lockfile"], self.tree / "packages", {})

    def _lacking_browsers(self) -> str:
        """Return the locked versions of Playwright if a box lacks their browsers, or ''.

        Each version wants browsers of its own, and an installation removes those of others.
        """
        if not self.config.box or not self.config.browsers_path or not self._has(PNPM_LOCK):
            return ""
        lock = files.read((self.tree / PNPM_LOCK).resolve()).decode(errors="replace")
        locked = " ".join(sorted(set(PLAYWRIGHT.findall(lock))))
        installed = ""
        with contextlib.suppress(FileNotFoundError, files.NotAFileError):
            stamp = files.read(Path(self.config.browsers_path, BROWSERS_STAMP))
            installed = stamp.decode(errors="replace")
        return locked if locked != installed else ""

    def _install_browsers(self, versions: str) -> None:
        directory = Path(self.config.browsers_path)
        (directory / BROWSERS_STAMP).unlink(missing_ok=True)
        install = ["pnpm", "exec", "playwright", "install", "chromium"]
        self._step(install, self.tree / JS_CORE, {})
        directory.mkdir(parents=True, exist_ok=True)
        files.atomic_write(directory / BROWSERS_STAMP, versions)

    def _step(self, argv: Sequence[str], cwd: Path, extra: Mapping[str, str]) -> None:
        step = InstallStep(argv, cwd, {**self._step_environment(), **extra}, self.log)
        self.say(f"{step} (in {cwd})")
        step.run(self.step_timeout)

    def _step_environment(self) -> dict[str, str]:
        """Return the environment of a step: a job's, without variables that mislead a tool."""
        env = settings.job_environment(self.config, os.environ)
        for name in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"):
            env.pop(name, None)  # an activated environment is another one
        # with CI pnpm asks nothing; a Python that uv fetches by itself is not the wanted one
        return env | {"CI": "1", "UV_PYTHON_DOWNLOADS": "never"}

    def _environment(self, version: str) -> Path:
        return self.config.venvs_dir / version

    def _python(self, version: str) -> Path:
        return self._environment(version) / "bin" / "python"

    def _has(self, name: str) -> bool:
        return (self.tree / name).exists()

    def _hash(self, name: str) -> str:
        try:
            return hashlib.sha256(files.read((self.tree / name).resolve())).hexdigest()
        except FileNotFoundError:
            return ""


def _read(path: Path) -> dict[str, object]:
    """Return a record, an empty one if there is none that can be read. Raises OSError."""
    try:
        found = json.loads(files.read(path))
    except (FileNotFoundError, files.NotAFileError, NotADirectoryError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
