"""Starts the process of a step: its log, its environment, its command. Watches nothing.

The body of a job runs its own command, the steps before and after it run the program of the cache.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lib.common import log_bytes, redact
from lib.model import bash_command
from lib.model.job import Job
from lib.outputs.tracker import OutputTracker
from lib.processes import cache_protocol, job_directory, key_record, not_executable
from lib.processes.cache_protocol import CacheRequest
from lib.processes.environment import Environment, Environments
from lib.processes.job_logs import JobLogs
from lib.processes.log_bound import LogBound
from lib.processes.spawn import ANYWHERE, Placement, Spawner, absolute
from lib.scheduler.protocol import StartError, Step, StepKind

LONGEST_ANSWER = 500  # characters of a cache's answer that are shown


class Place(NamedTuple):
    """The directories, the environment and the grace of all steps of a run."""

    cwd: Path
    log_dir: Path
    env: Mapping[str, str]
    grace: float = 5.0  # seconds from TERM to KILL
    redact: Callable[[str], str] = str  # removes secrets from descriptions of processes
    tree_now: Callable[[], str] | None = None  # hashes the files in `cwd`; '' if it cannot
    log_bytes: int = log_bytes.DEFAULT  # bound of a job's log


class RunningStep:
    """A step whose tree of processes is not gone. `pid` is that of its first process."""

    def __init__(self, step: Step, pid: int, request: CacheRequest | None) -> None:
        self.step = step
        self.pid = pid
        self.request = request
        self.exited = False
        self.by_itself = True  # nothing stopped the leader or, after its end, its leftovers


class Launcher:
    """Starts the processes of one run. `close` must be called when none of them is left."""

    def __init__(
        self,
        place: Place,
        run_id: str,
        outputs: OutputTracker,
        pytest_workers: int,
        remark: Callable[[str], None],
    ) -> None:
        self.logs = JobLogs(place.log_dir, remark)
        self.log_bound = LogBound(self.logs, place.log_bytes)
        self._place = place
        self._outputs = outputs
        self._environments = Environments(
            place.env, run=run_id, cwd=place.cwd, pytest_workers=pytest_workers
        )
        self._remark = remark
        self._bash = absolute("bash", place.env.get("PATH", os.defpath))
        self._keys: dict[str, str] = {}  # by node: the key that its cache has answered with
        self._spawner = Spawner()

    def start(self, step: Step) -> RunningStep:
        """Watch the outputs of a step, then start its process. Raises StartError."""
        self._outputs.check_expected(step)
        self._outputs.note(step)
        try:
            self._outputs.follow(step)
            return self._start(step)
        except BaseException as error:
            self.leave(step)
            if isinstance(error, OSError):
                raise StartError(f"could not watch for its outputs: {error}") from error
            raise

    def leave(self, step: Step) -> None:
        """Forget a step of which no process is left."""
        self._outputs.leave(step)
        self.log_bound.leave(step.node.job.name)

    def _start(self, step: Step) -> RunningStep:
        job, request = step.node.job, None
        env = self._environments.of(step.node)
        begun = self.logs.status(job.name)
        log = self._open_log(step)
        self.log_bound.follow(job)
        command, cwd = _command(job), job_directory.of(job, self._place.cwd)
        try:
            if step.kind is not StepKind.BODY:
                request = self._request(step, env, begun)
                command, env = request.command, Environment.of(request.env)
                cwd = self._place.cwd  # in which the paths of a cache begin
            spawned = self._spawner.spawn(
                command,
                cwd=str(cwd),
                env=env,
                log=log,
                placement=Placement(job.nice, job.cpus) if job.nice or job.cpus else ANYWHERE,
                program=self._program(command[0], env),
                keep=[request.handle] if request else (),
            )
        except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: no more threads
            if request:
                request.close()
            why = _why_not(command, error, env.variables, cwd)
            raise StartError(f"could not start {command[0]}: {why}") from error
        finally:
            os.close(log)
        for refusal in spawned.refused:
            self._remark(f"not permitted, so jobs run without it: {refusal}")
        return RunningStep(step, spawned.pid, request)

    def answer(self, step: Step, request: CacheRequest) -> str:
        """Return the answer of the cache to the request of a step that ended, and keep its key."""
        answer = request.answer()
        self._keys[step.node.key] = answer.key
        if step.kind is StepKind.RESTORE:
            self._record_key(step.node.job, answer.key)
        return redact.shorten(answer.note, LONGEST_ANSWER, self._place.redact)

    def _record_key(self, job: Job, key: str) -> None:
        """Keep the parts of a key for people; a record that cannot be written is a remark."""
        place = self._place
        try:
            key_record.write(place.log_dir, job, key, place.redact)
        except OSError as error:
            self._remark(f"the key of {job.name} is not recorded: {error}")

    def hint(self, step: Step, code: int, missing: Sequence[str]) -> str:
        """Return an explanation of a body's failure that is not in its log, or ''."""
        job, place = step.node.job, self._place
        with contextlib.suppress(OSError):
            if code not in job.ok_codes:
                log = Path(self.logs.path(job.name))
                env = self._environments.of(step.node).variables
                directory = job_directory.of(job, place.cwd)
                return not_executable.after(code, log, env, directory, place.redact)
            if missing:
                return self._outputs.near(step, missing, place.log_dir)
        return ""

    def close(self) -> None:
        """Close the spawner."""
        self._spawner.close()

    def _open_log(self, step: Step) -> int:
        """Return the log of an attempt, a new one for its first step. Raises StartError."""
        name = step.node.job.name
        first = step.kind is (StepKind.RESTORE if step.node.cached else StepKind.BODY)
        try:
            return self.logs.open(name, new=first)
        except OSError as error:
            path = self.logs.path(name)
            raise StartError(f"could not open its log {path}: {error.strerror}") from error

    def _request(self, step: Step, env: Environment, begun: os.stat_result | None) -> CacheRequest:
        """Return the request to a cache; `begun` is the status of the log at the step before."""
        job, key, said, stale = step.node.job, "", "", False
        if step.kind is StepKind.STORE and begun is not None:
            key = self._keys.pop(step.node.key, "")
            said = cache_protocol.said(self.logs.path(job.name), begun, self._place.redact)
            stale = self._outputs.left_alone(step)
        return CacheRequest(job, env.variables, step.kind.value, key=key, said=said, stale=stale)

    def _program(self, name: str, env: Environment) -> str | None:
        """Return the path of the usual shell, unless the job's PATH has another."""
        same = name == "bash" and env.get("PATH") == self._place.env.get("PATH")
        return self._bash if same else None


def _why_not(command: Sequence[str], error: Exception, env: Mapping[str, str], cwd: Path) -> str:
    """Return the reason why a command could not be started, with a hint if there is one."""
    with contextlib.suppress(OSError):
        if isinstance(error, OSError):
            return not_executable.to_start(command, error, env, cwd)
    return str(error)


def _command(job: Job) -> Sequence[str]:
    return bash_command.argv(job.cmd) if isinstance(job.cmd, str) else list(job.cmd)
