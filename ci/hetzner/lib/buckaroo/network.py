"""Tries in about a second whether the hosts that a page loads from can be reached.

A browser test whose page waits for an unreachable host fails only after minutes, without a reason.
So the hosts are tried first: by the job that tests the page, and by a run on a developer's machine,
which leaves that job out.

As a program: `network.py REPO` tries the hosts of the tree there; it exits with 1 and the reason if
one is out of reach.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

if __name__ == "__main__":
    # Python puts a program's own directory on the path, and with -P none
    sys.path[: not sys.flags.safe_path] = [str(Path(__file__).resolve().parents[2])]

from lib.processes import command

NEEDS_NETWORK = "playwright-wasm-marimo"  # the job whose page loads pyodide
MARIMO = "https://cdn.jsdelivr.net"  # pages that marimo exports load it from here
# name, connection and handshake in a second; any answer will do, since the specs test what the page
# loads (curl(1): --connect-timeout covers the look-up of the name, too)
CURL = ("curl", "--silent", "--show-error", "--head", "--output", os.devnull)
LIMITS = ("--connect-timeout", "1", "--max-time", "3")
GREP_PATIENCE, CURL_PATIENCE = 10.0, 4.0  # seconds


def out_of_reach(repo: Path, revision: str = "", env: Mapping[str, str] = os.environ) -> str:
    """Return the reason why the page of a commit ('': of the tree as it is) cannot load, or ''.

    If git does not find the hosts in time, the answer is '': the specs will show it.
    """
    try:
        hosts = _hosts(repo, revision, env)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    with ThreadPoolExecutor(max(1, len(hosts))) as pool:
        return "; ".join(why for why in pool.map(partial(_try, env=env), hosts) if why)


def _hosts(repo: Path, revision: str, env: Mapping[str, str]) -> Sequence[str]:
    """Return the hosts that the page loads from; none if the commit contains all of it."""

    def grep(*words: str) -> list[str]:
        argv = ["git", "grep", "-I", "-h", *words[:-1], *([revision] if revision else []), "--"]
        argv += words[-1].split()
        return command.run(argv, cwd=repo, env=env, timeout=GREP_PATIENCE).output.splitlines()

    urls = grep("-o", "-E", r"https://[^\"'`<> )]*pyodide", "packages scripts :!*lock*")
    hosts = {"/".join(url.split("/")[:3]) for url in urls}
    if not hosts and not grep("-F", '"pyodide":', "packages/*package.json"):
        hosts.add(MARIMO)
    return sorted(host for host in hosts if re.fullmatch(r"https://[\w.:-]+", host))


def _try(host: str, env: Mapping[str, str]) -> str:
    try:
        argv = [*CURL, *LIMITS, host]
        done = command.run(argv, cwd=Path("/"), env=env, timeout=CURL_PATIENCE)
        said = done.errors.strip() or f"curl: exit code {done.code}"
    except (OSError, subprocess.TimeoutExpired) as error:
        said = str(error)
    else:
        if done.code == 0:
            return ""
    return f"expected {host} to answer (the page loads from it), it is out of reach: {said}"


def main(arguments: Sequence[str]) -> int:
    """Try the hosts of the page of a tree; see the module."""
    if len(arguments) != 1:
        print("usage: network.py REPO", file=sys.stderr)
        return 2
    why = out_of_reach(Path(arguments[0]))
    if why:
        print(f"{why}: check the network", file=sys.stderr)
    return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
