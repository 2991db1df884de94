"""Starts a process as `subprocess.Popen` does, for a third of its cost. Knows no job.

`Popen` takes 0.16 ms of the runner's time a process, the function below it 0.06. That function is
private to Python, so only versions with known arguments call it. Others call `Popen`, and so does a
start that failed: `Popen` then raises the error.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Callable, Sequence

from lib.processes.environment import Environment

try:
    import _posixsubprocess

    _fork_exec: Callable[..., int] | None = _posixsubprocess.fork_exec
except (ImportError, AttributeError):
    _fork_exec = None
KNOWN = sys.implementation.name == "cpython" and sys.version_info < (3, 14)
NONE = -1  # no such descriptor, group or mask

_path = functools.lru_cache(os.fsencode)  # most jobs start the same few programs


def start(
    argv: Sequence[str],
    *,
    program: str | None,
    cwd: str,
    env: Environment,
    null: int,
    log: int,
    keep: Sequence[int] = (),
) -> int:
    """Start a process as the leader of a new session; return its pid, which the caller reaps.

    It reads from the descriptor `null`, writes to `log`, and inherits those in `keep` as well.
    `program` is the path of `argv[0]`, if it is known. Raises OSError and ValueError.
    """
    program = program or (argv[0] if "/" in argv[0] else None)
    if KNOWN and _fork_exec is not None and program is not None:
        sys.audit("subprocess.Popen", program, argv, cwd, env.variables)  # as Popen itself does
        pid = _start(_fork_exec, argv, program, cwd, env, null, log, keep)
        if pid is not None:
            return pid
    process = subprocess.Popen(
        argv,
        executable=program,
        stdin=null,
        stdout=log,
        stderr=log,
        cwd=cwd,
        env=env.variables,
        pass_fds=keep,
        start_new_session=True,
    )
    process.returncode = 0  # or its destructor would reap it
    return process.pid


def _start(
    fork_exec: Callable[..., int],
    argv: Sequence[str],
    program: str,
    cwd: str,
    env: Environment,
    null: int,
    log: int,
    keep: Sequence[int],
) -> int | None:
    """Return the pid of a process that runs the program, None if the start failed."""
    # for an error before the program runs; the start of the program closes it
    reader, writer = os.pipe()
    try:
        try:
            if writer < 3:  # it would be in the place of a standard stream
                return None
            pid = fork_exec(
                argv,
                (_path(program),),
                True,  # close all other descriptors
                tuple(sorted((*keep, writer))) if keep else (writer,),
                cwd,
                env.encoded,
                *(null, NONE, NONE, log, NONE, log, reader, writer),
                True,  # signals that Python ignores have their default action
                True,  # a new session
                *(NONE, None, None, None, NONE),  # the same groups and user
                None,  # no Python code before it
                True,  # vfork(2), where the system has it
            )
        finally:
            os.close(writer)
        if not os.read(reader, 1):
            return pid
    finally:
        os.close(reader)
    _reap(pid)
    return None


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        return  # the host program ignores SIGCHLD
