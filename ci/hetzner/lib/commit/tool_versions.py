"""Asks the tools of a run for their versions."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Mapping

from lib.common import interrupts
from lib.processes import environment, kill

VERSION_OF = ("git", "uv", "node", "pnpm", "bash")


class ToolVersions:
    """Asks the tools of a run for their versions, all at once and while other steps go on."""

    def __init__(self) -> None:
        self._asked: list[tuple[str, subprocess.Popen[str]]] = []
        self._missing: list[str] = []

    def ask(self, env: Mapping[str, str]) -> None:
        """Start to ask the tools on the PATH of this environment. Raises OSError."""
        for name in VERSION_OF:
            program = shutil.which(name, path=env.get("PATH"))
            if program is None:
                self._missing.append(name)
                continue
            process = subprocess.Popen(
                [program, "--version"],
                env=environment.tagged(env, "version"),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            self._asked.append((name, process))

    def answers(self) -> str:
        """Return one line for each tool. Raises Interrupted."""
        lines = []
        for name, process in self._asked:
            output = ""
            with contextlib.suppress(subprocess.TimeoutExpired), interrupts.cut_short():
                output, _ = process.communicate(timeout=20)
            lines.append(f"{name}: {(output.splitlines() or ['no answer'])[0]}")
        lines += [f"{name}: not on PATH" for name in self._missing]
        return "\n".join([f"python: {sys.version.split()[0]}", *lines]) + "\n"

    def close(self) -> None:
        """Stop those that have not answered. To be called once, after any end of the run."""
        for _, process in self._asked:
            if process.poll() is None:
                kill.kill_group(process.pid)
            process.wait()
            if process.stdout:
                process.stdout.close()
