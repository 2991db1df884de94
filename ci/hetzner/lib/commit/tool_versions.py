"""Asks the tools of a run for their versions; nothing waits for an answer."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping

from lib.processes import environment, kill

VERSION_OF = ("git", "uv", "node", "pnpm", "bash")
LOWEST = 19  # the priority of a question: pnpm takes as long to answer as a short job


class ToolVersions:
    """The questions to the tools of a run, and their answers. `end` must be called."""

    def __init__(self) -> None:
        self._asked: dict[str, subprocess.Popen[bytes]] = {}
        self._paths: dict[str, str | None] = {}

    def ask(self, env: Mapping[str, str], more: Mapping[str, str]) -> None:
        """Start to ask the tools on the PATH of this environment, and `more` programs by name.

        Raises OSError.
        """
        for name, command in {**{name: name for name in VERSION_OF}, **more}.items():
            program = self._paths[name] = shutil.which(command, path=env.get("PATH"))
            if program is None:
                continue
            process = self._asked[name] = subprocess.Popen(
                [program, "--version"],
                env=environment.tagged(env, "version"),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            with contextlib.suppress(OSError):  # it has ended
                os.setpriority(os.PRIO_PROCESS, process.pid, LOWEST)

    def end(self) -> dict[str, dict[str, str | None]]:
        """Stop those that have not answered; return path and version of each tool, None if unknown.

        To be called once, after any end of the run.
        """
        return {
            name: {"path": path, "version": self._answer(self._asked.get(name))}
            for name, path in self._paths.items()
        }

    def _answer(self, process: subprocess.Popen[bytes] | None) -> str | None:
        if process is None or process.stdout is None:
            return None
        with process, process.stdout as output:
            ended = process.poll() is not None
            if not ended:
                kill.kill_group(process.pid)
            os.set_blocking(output.fileno(), False)  # a child of it may hold the other end
            line, whole, _ = (output.read() or b"").partition(b"\n")
            # it may have answered, and not have come to its end
            return line.decode(errors="replace").rstrip("\r") if whole or (ended and line) else None


def lines(tools: Mapping[str, Mapping[str, str | None]]) -> str:
    """Return a line for each tool, and one for this interpreter."""
    found = {"python": sys.version.split()[0]}
    for name, tool in tools.items():
        found[name] = tool["version"] or ("no answer" if tool["path"] else "not on PATH")
    return "".join(f"{name}: {version}\n" for name, version in found.items())
