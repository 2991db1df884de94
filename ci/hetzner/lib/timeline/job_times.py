"""Tells when the needs of a job were met, by the ends, outputs and phases before it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lib.model.declared_job import DeclaredJob

PHASE, ALL_ELSE = "the phase before", "all else"  # needs that are no dependency


class JobTimes:
    """The times that free jobs. A job takes one look back for each of its dependencies."""

    def __init__(self) -> None:
        self._jobs: dict[str, DeclaredJob] = {}
        self._met: dict[str, float] = {}  # by dependency: `job` or `job:output`
        self._began = 0.0  # when the first jobs could start
        self._phases: list[float] = []
        self._last_end = 0.0  # of the jobs that are not at the end

    def declare(self, jobs: Sequence[DeclaredJob]) -> None:
        """Take the jobs of the run."""
        self._jobs.update({job.name: job for job in jobs})

    def outputs(self, name: str) -> tuple[str, ...]:
        """Return the names of the outputs that a job promises."""
        job = self._jobs.get(name)
        return job.outputs if job else ()

    def begin(self, at: float) -> None:
        """Note that jobs without needs may start."""
        self._began = at

    def phase_began(self, at: float) -> None:
        """Note that the next phase begins."""
        self._phases.append(at)

    def wrote(self, job: str, output: str, at: float) -> None:
        """Note an output; a later attempt writes it again."""
        self._met[f"{job}:{output}"] = at

    def serves(self, job: str, at: float) -> None:
        """Note that a service is ready."""
        self._met[job] = at

    def ended(self, job: str, at: float) -> None:
        """Note the end of a job; of two passes the first frees others."""
        self._met.setdefault(job, at)
        declared = self._jobs.get(job)
        if declared is None or not declared.at_the_end:
            self._last_end = max(self._last_end, at)

    def ready(self, name: str, started: float) -> tuple[str, float]:
        """Return the need of a job that was met last before it started, and when that was."""
        job = self._jobs.get(name)
        if job is None:
            return "", started
        needs = [(self._time(need), need) for need in job.depends_on]
        if 0 < job.phase < len(self._phases):
            needs.append((self._phases[job.phase], PHASE))
        if job.at_the_end:
            needs.append((self._last_end, ALL_ELSE))
        at, need = max(needs, default=(0.0, ""))
        return (need, min(at, started)) if at > self._began else ("", min(self._began, started))

    def _time(self, need: str) -> float:
        """Return when a need was met: 0 for one that is no job of this run."""
        return self._met.get(need, self._met.get(need.partition(":")[0], 0.0))
