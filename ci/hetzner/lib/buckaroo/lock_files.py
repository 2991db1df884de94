"""Prepares the dependencies of a checkout outside of a run, as the jobs of a run do.

It runs the bodies of those jobs, one after the other, with their output in a log. What is prepared
is recorded only when it is whole, so a failed step is done again.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lib.buckaroo import environments, node_modules, preparation, settings
from lib.buckaroo.install_step import InstallStep
from lib.buckaroo.pythons import VERSIONS, find, version_of
from lib.buckaroo.settings import Settings
from lib.common import locks

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
        return "; ".join(self._lacking().values())

    def valid(self) -> bool:
        """Whether the installed dependencies match the lock files. Raises OSError."""
        return not self.reason()

    def update(self) -> None:
        """Record the dependencies, which the caller has installed whole. Raises OSError.

        An environment that a run makes at this moment stays as it is: that run records it.
        """
        if (self.tree / node_modules.NODE_MODULES[0]).is_dir():
            node_modules.record(self.tree)
        for version in self.pythons:
            if python := find(version):
                made = environments.place(self.config.venvs_dir, self.tree, version, python)
                if version_of(made / "bin" / "python") == version:
                    with (
                        contextlib.suppress(locks.LockTimeoutError),
                        locks.lock(environments.lock_of(made), "records it", timeout=0),
                    ):
                        environments.stamp(made, self.tree)

    def rebuild(self) -> None:
        """Prepare what is missing. Raises LockcheckError when a step fails, OSError."""
        for name, reason in self._lacking().items():
            self.say(f"{reason}: {name}")
            InstallStep(self._body(name), self.tree, self._environment(), self.log).run(
                self.step_timeout
            )

    def _lacking(self) -> dict[str, str]:
        """Return the jobs that have something to prepare, with the reasons."""
        names = [preparation.MODULES, *(f"{preparation.PYTHON}{v}" for v in self._available())]
        found = {name: preparation.lacking(self.config, self.tree, name) for name in names}
        return {name: reason for name, reason in found.items() if reason}

    def _available(self) -> Iterator[str]:
        """Yield the wanted versions; of one that the machine lacks, say so once."""
        for version in self.pythons:
            if environments.find(self.config.venvs_dir, self.tree, version) or find(version):
                yield version
            elif version not in self.absent:
                self.absent.append(version)
                self.say(f"no Python {version} on this machine: its job will say how to get it")

    def _body(self, name: str) -> list[str]:
        return preparation.body(self.config.runner_dir / "jobs", name)

    def _environment(self) -> dict[str, str]:
        """Return the environment of a job body on this tree."""
        return settings.job_environment(self.config, os.environ) | {
            "CI_REPO_DIR": str(self.tree),
            "CI_WORK_DIR": str(settings.work_dir(self.config, self.tree)),
            "CI_RUN_ID": "rebuild",  # a body without one asks for the settings
        }
