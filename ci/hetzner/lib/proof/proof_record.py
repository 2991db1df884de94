"""`jobs.json` of a run: what its jobs have proven, and on what. Written line by line, read whole.

The first line tells of the run. Each job that ends adds a line. Lines on the outputs and the end
follow when the verdict is known: without the end, which tells whether the tree stayed as it was, a
run has proven something only in a tree of the runner's own. A line that is damaged proves nothing.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from lib.common import files, tree_copy
from lib.model import events, graph
from lib.model.job import Job
from lib.model.result import Result
from lib.proof.fingerprint import JobFingerprints

NAME = "jobs.json"
SCHEMA = 1
MOST_READ = 64 * 1024 * 1024  # bytes: a longer file is none of ours
CUT_OFF = "it was cut off, so nothing tells whether files of its tree changed while it ran"
MOST_DIGESTED = 128 * 1024 * 1024  # bytes of one output: a larger one is not compared


class JobProof(NamedTuple):
    """How a job ended in a run, and what its result depends on.

    `run` is the run in which it really ran, '' for the run itself; `outputs` are digests by name.
    """

    outcome: str
    cause: str
    run: str
    depends: Mapping[str, str]
    outputs: Mapping[str, str]


class RunProof(NamedTuple):
    """What a run has proven.

    `depends` is what all of its jobs depend on, `names` are the jobs that it was to run. `faults`
    are what makes its results doubtful.
    """

    tree: str
    depends: Mapping[str, str]
    names: Collection[str]
    jobs: Mapping[str, JobProof]
    faults: Sequence[str]


class ProofRecord:
    """Writes the record of one run. A listener; `finish` is to be called after the verdict."""

    def __init__(
        self,
        log_dir: Path,
        tree: str,
        jobs: Sequence[Job],
        cwd: Path,
        depends: Mapping[str, str],
        fingerprints: JobFingerprints,
        made: Callable[[str], Mapping[str, str]],
        *,
        own_tree: bool = False,
    ) -> None:
        """Look at the programs of the jobs as they are now. Raises OSError.

        What a job has `made` outside of the tree is asked when it has ended. `own_tree`: nobody but
        the runner and its jobs writes to the tree.
        """
        self._made = made
        self._jobs = {job.name: job for job in jobs}
        self._cwd = cwd
        self._of_job = {job.name: fingerprints.of(job) for job in jobs}
        self._proven: dict[str, Result] = {}
        self._file: IO[bytes] = os.fdopen(files.begin(log_dir / NAME), "wb", buffering=0)
        names = list(self._jobs)
        head = {"schema": SCHEMA, "tree": tree, "own_tree": own_tree}
        self._line({**head, "depends": dict(depends), "names": names})

    def __call__(self, event: events.Event) -> None:
        """Note a job that has ended. Raises OSError."""
        if isinstance(event, events.Finished) and not event.again and event.job in self._jobs:
            result = self._proven[event.job] = event.result
            self._line(
                {
                    "job": event.job,
                    "outcome": str(result.outcome),
                    "cause": str(result.cause),
                    "run": result.earlier.run if result.earlier else "",
                    "depends": {**self._of_job[event.job], **self._made(event.job)},
                }
            )

    def finish(self, faults: Sequence[str]) -> None:
        """Note the outputs that other jobs need, and the end of the run. Raises OSError."""
        with self._file:
            for name in self._with_users():
                if (result := self._proven.get(name)) and result.acceptable:
                    self._line({"outputs": name, "digests": self._digests(name, result)})
            self._line({"end": True, "faults": list(faults)})
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file as it is."""
        self._file.close()

    def _with_users(self) -> list[str]:
        dependents = graph.dependents_of(self._jobs)
        return [n for n, job in self._jobs.items() if dependents[n] and not job.service]

    def _digests(self, name: str, result: Result) -> dict[str, str]:
        if result.earlier:  # they need not be there now
            return dict(result.earlier.outputs)
        outputs = self._jobs[name].outputs
        return {output: digest_of(self._cwd / path) for output, path in outputs.items()}

    def _line(self, content: object) -> None:
        import json  # late: only runs of a known tree need it

        self._file.write(f"{json.dumps(content)}\n".encode())


def digest_of(path: Path) -> str:
    """Return a digest of an output; '' for one that is not there or too large to compare."""
    with contextlib.suppress(OSError, RecursionError):
        if not path.is_symlink() and tree_copy.size(path) <= MOST_DIGESTED:
            return tree_copy.digest(path)
    return ""


def read(run: Path) -> RunProof:
    """Read the record of a run. Raises ValueError, with the reason, if there is none to trust."""
    try:
        lines = files.read(run / NAME, MOST_READ).splitlines()
    except files.TooLongError:
        raise ValueError(f"{NAME} is larger than any run writes") from None
    except FileNotFoundError:
        raise ValueError(f"it has no {NAME}") from None
    except OSError as error:
        raise ValueError(f"{NAME} cannot be read: {error.strerror}") from None
    head, *rest = [_parsed(line) for line in lines] or [{}]
    if head.get("schema") != SCHEMA:
        raise ValueError(f"{NAME} is damaged, or of another version")
    jobs: dict[str, JobProof] = {}
    faults: list[str] = []
    ended = False
    for line in rest:
        match line:
            case {"job": str(name), "outcome": str(outcome), "cause": str(cause), "run": str(ran)}:
                jobs[name] = JobProof(outcome, cause, ran, _texts(line.get("depends")), {})
            case {"outputs": str(name), "digests": dict(digests)} if name in jobs:
                jobs[name] = jobs[name]._replace(outputs=_texts(digests))
            case {"end": True, "faults": list(found)}:
                ended = True
                faults += map(str, found)
    if not (ended or head.get("own_tree") is True):
        faults.append(CUT_OFF)
    names = [name for name in _list(head.get("names")) if isinstance(name, str)]
    return RunProof(str(head.get("tree")), _texts(head.get("depends")), names, jobs, faults)


def _parsed(line: bytes) -> dict[str, Any]:
    from lib.common import json_text

    with contextlib.suppress(ValueError):
        found = json_text.parse(line)
        if isinstance(found, dict):
            return found
    return {}


def _texts(value: object) -> dict[str, str]:
    """Return a mapping of texts; {} for anything else, which equals no fingerprint."""
    if isinstance(value, dict) and all(isinstance(each, str) for each in value.values()):
        return value
    return {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
