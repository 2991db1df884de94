"""Runs that never were, as records: what pages of runs are tested with."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.report.run_inputs import RunInputs
from lib.sampling.samples import JobSamples, Samples
from lib.test_results.test_case import FAILED, PASSED, TestCase
from lib.timeline.run_record import AttemptSpan, JobRecord, RunRecord

BEGAN = 1796047510.0  # 30 November 2026
BEFORE = 1.4  # seconds before the first job
SHA = "4d3bbddcef5869a30ecc1b15cc823e5593b3a37d"
# name: (needs, seconds, usual seconds, output and its second, seconds that it waited for a place)
JOBS: Mapping[str, tuple[str, float, float, tuple[str, float] | None, float]] = {
    "node-modules": ("", 6.2, 6.0, None, 0),
    "python-3.11": ("", 4.1, 4.4, None, 0),
    "python-3.12": ("", 4.4, 4.4, None, 0),
    "python-3.13": ("", 5.0, 4.4, None, 0),
    "lint-python": ("python-3.13", 2.1, 2.2, None, 0),
    "test-js": ("node-modules", 19.4, 18.5, None, 0),
    "build-js": ("node-modules", 11.8, 12.1, ("dist", 10.9), 0),
    "test-python-3.11": ("python-3.11", 41.0, 39.2, None, 2.6),
    "test-python-3.12": ("python-3.12", 33.3, 38.7, None, 3.1),
    "test-python-3.13": ("python-3.13", 44.5, 40.1, None, 1.2),
    "build-wheel": ("build-js:dist", 6.3, 6.1, ("wheel", 5.8), 0),
    "storybook": ("build-js:dist", 31.2, 12.3, None, 0),
    "test-wheel": ("build-wheel:wheel", 8.8, 8.1, None, 0.4),
    "server": ("build-wheel:wheel", 40.0, 2.0, None, 0),
    "playwright-server": ("server storybook", 27.4, 26.0, None, 0),
    "playwright-jupyter": ("build-wheel:wheel", 38.2, 33.0, None, 11.0),
}
RED = "test-python-3.12"
LOG = tuple(
    """\
^[1m======================= test session starts ========================^[0m
platform linux -- Python 3.12.1, pytest-8.3.4, pluggy-1.5.0
collected 612 items

tests/unit/test_basic.py ^[32m..^[0m^[31mF^[0m^[32m..................^[0m^[31m [ 41%]^[0m

============================== FAILURES ===============================
^[31m^[1m___________________ test_summary_of_an_empty_frame ___________________^[0m

    ^[94mdef^[39;49;00m ^[92mtest_summary_of_an_empty_frame^[39;49;00m():
        df = pd.DataFrame({^[33m'a'^[39;49;00m: []})^[90m^[39;49;00m
>       ^[94massert^[39;49;00m summary(df)[^[33m'a'^[39;49;00m].mean == ^[94m0^[39;49;00m
^[1m^[31mE       AssertionError: assert nan == 0^[0m
^[1m^[31mE        +  where nan = Summary(count=0, mean=nan).mean^[0m

^[1m^[31mtests/unit/test_basic.py^[0m:48: AssertionError
^[36m^[1m====================== short test summary info =======================^[0m
^[31mFAILED^[0m tests/unit/test_basic.py::^[1mtest_summary_of_an_empty_frame^[0m - assert nan == 0
^[31m============= ^[1m1 failed^[0m, ^[32m611 passed^[0m^[31m in 31.80s ==============^[0m
 ^[41m FAIL ^[49m ^[7m src/table.test.ts ^[27m ^[2m3 ms^[22m""".replace("^[", "\x1b[").splitlines()
)
ENVIRONMENT = {
    "schema": 1,
    "system": "Debian GNU/Linux 12 (bookworm)",
    "kernel": "Linux 6.18.44",
    "processors": 16,
    "memory_mib": 24105,
    "locale": {"LANG": "C.UTF-8"},
    "runner": "0.6.0",
    "tools": {
        "git": {"path": "/usr/bin/git", "version": "git version 2.39.5"},
        "uv": {"path": "/usr/bin/uv", "version": "uv 0.13.9"},
        "pnpm": {"path": "/usr/bin/pnpm", "version": None},
    },
    "packages": {"3.12": {f"package-{n}": f"{n}.0" for n in range(60)}},
}


def job(name: str, ended: Mapping[str, float], *, red: bool) -> JobRecord:
    """Return a job of the table JOBS; `ended` are the moments at which what it needs was there."""
    needs, seconds, usual, output, queued = JOBS[name]
    freed_by = max(needs.split(), key=ended.__getitem__, default="")
    ready = ended[freed_by] if freed_by else 0.0
    started = ready + queued
    outcome = "failed" if red else "passed"
    cause = "exit code" if red else ""
    tried = AttemptSpan(1, started, started + seconds, outcome, cause, int(red))
    return JobRecord(
        name,
        tuple(needs.split()),
        {"port:8889": 1} if name == "playwright-jupyter" else {},
        180.0,
        service=name == "server",
        served_at=started + usual if name == "server" else None,
        usual=usual,
        outcome=outcome,
        cause=cause,
        reason="exit code 1" if red else "",
        attempts=(tried,),
        ready_at=ready,
        freed_by=freed_by,
        outputs={output[0]: started + output[1]} if output else {},
        waited_for=("port:8889" if queued > 5 else "cpu") if queued else freed_by,
        started=started,
        ended=started + seconds,
        log=f"{name}.log",
        rerun=("python3", "ci/hetzner/pipeline.py", "--only", name),
    )


def record(*, red: bool = False) -> RunRecord:
    """Return a run of the jobs in JOBS: green, or red by RED and a job that needs it."""
    ended: dict[str, float] = {}
    jobs = []
    for name in JOBS:
        one = job(name, ended, red=red and name == RED)
        ended[name] = one.served_at or one.ended or 0.0
        ended |= {f"{name}:{output}": at for output, at in one.outputs.items()}
        jobs.append(one)
    if red:
        skipped = JobRecord(
            "publish", (RED,), outcome="skipped", cause="dependency", reason=f"needs {RED}"
        )
        jobs = [*sorted(jobs, key=lambda one: one.started or 0.0), skipped]
    seconds = BEFORE + max(one.ended or 0.0 for one in jobs) + 0.3
    verdict = f"failed in {seconds:.0f} s: {RED}" if red else f"16 jobs passed in {seconds:.0f} s"
    header = {"sha": SHA, "branch": "empty-frames", "dirty": red, "whole": True}
    return RunRecord(
        "20261130T140510Z-4d3bbdd",
        header,
        BEGAN,
        BEFORE,
        seconds,
        exit_code=int(red),
        verdict=verdict,
        jobs=tuple(sorted(jobs, key=lambda one: math.inf if one.started is None else one.started)),
        notes=("NOTE  a leak: test-js left 1 process",) if red else (),
    )


def inputs(*, red: bool = False) -> RunInputs:
    """Return what the page of that run is made from."""
    made = record(red=red)
    tests = {RED: [_case("test_basic.py::test_summary_of_an_empty_frame", FAILED)]}
    return RunInputs(
        made,
        Path("run"),
        environment=ENVIRONMENT,
        samples=samples(made),
        tests={**tests, "test-js": [_case("a", PASSED)]} if red else {},
        coloured={RED: LOG} if red else {},
    )


def _case(name: str, outcome: str) -> TestCase:
    return TestCase(RED, f"tests/unit/{name}", outcome, 0.1)


def samples(run: RunRecord) -> Samples:
    """Return samples each 0.1 s of the machine, and each second of the jobs."""
    at = [n / 10 for n in range(int(run.end * 10))]
    busy = [sum(1 for j in run.jobs if (j.started or 0) <= t < (j.ended or 0)) / 9 for t in at]
    cpu = [min(1.0, load * (0.9 + 0.1 * math.sin(t * 3))) for t, load in zip(at, busy, strict=True)]
    jobs = {one.name: _job_samples(one) for one in run.jobs if one.started is not None}
    return Samples(
        tuple(at),
        tuple(cpu),
        tuple(0.15 if t < 5 else 0.01 for t in at),
        tuple(int(2e9 + 9e9 * load) for load in busy),
        int(24e9),
        16,
        jobs,
    )


def _job_samples(one: JobRecord) -> JobSamples:
    seconds = range(max(2, int(one.seconds or 0)))
    return JobSamples(
        tuple((one.started or 0.0) + n for n in seconds),
        tuple(n * (1.2 + 0.4 * math.sin(n)) for n in seconds),
        tuple(int(2e8 + 1e7 * n) for n in seconds),
        tuple(3 + n % 4 for n in seconds),
    )


def hostile() -> RunInputs:
    """Return a run in which each text tries to become markup."""
    script = "<script>alert(1)</script>"
    image = '"><img src=x onerror=alert(1)>'
    made = inputs(red=True)
    name = f"a{script}{image}"
    bad = JobRecord(
        name,
        (f"b{image}",),
        outcome="failed",
        reason=script,
        attempts=(AttemptSpan(1, 1.0, 9.0, "failed", reason=script),),
        ready_at=0.5,
        freed_by=image,
        waited_for=script,
        started=1.0,
        ended=9.0,
        outputs={image: 5.0},
        log="javascript:alert(1)//.log",
        earlier_run=script,
        rerun=("sh", "-c", script),
    )
    other = bad._replace(name=f"b{image}", outcome=script, depends_on=(f"{name}:{image}",))
    other = other._replace(depends_on=(), outputs={})
    needs = bad._replace(name="c", depends_on=(f"{name}:{image}",))
    header = {"sha": image, "branch": f"\u202e{script}", "dirty": script, "whole": False}
    record = made.record._replace(
        run=image,
        header=header,
        verdict=f"{script}; {image}",
        jobs=(bad, other, needs),
        notes=(script, image),
        interruption=script,
    )
    return made._replace(
        record=record,
        environment={script: image, "tools": {image: {"version": script}}, "list": [image] * 20},
        samples=samples(record),
        tests={name: [TestCase(name, f"{script}{image}", FAILED, 0.1)]},
        excerpts={name: [f"FAILED {script}{image}"]},
        coloured={name: [f"\x1b[31m{script}\x1b]8;;javascript:alert(1)\x07{image}"]},
    )


def wide(count: int, failed: Sequence[int] = (7, 1200)) -> RunRecord:
    """Return a run of so many jobs, 16 at a time; those with the numbers `failed` fail."""
    slots = [0.0] * 16
    jobs = []
    for number in range(count):
        slot = slots.index(min(slots))
        started = slots[slot]
        seconds = 0.4 + (number * 7919 % 97) / 40
        slots[slot] = started + seconds
        bad = number in failed
        outcome = "failed" if bad else "passed"
        jobs.append(
            JobRecord(
                f"shard-{number:04}",
                (f"shard-{number - 400:04}",) if number >= 400 else (),
                usual=1.5,
                outcome=outcome,
                cause="exit code" if bad else "",
                reason="exit code 1" if bad else "",
                attempts=(AttemptSpan(1, started, started + seconds, outcome),),
                ready_at=max(0.0, started - 30),
                freed_by=f"shard-{number - 400:04}" if number >= 400 else "",
                waited_for="cpu",
                started=started,
                ended=started + seconds,
                log=f"shard-{number:04}.log",
            )
        )
    header = {"sha": SHA, "branch": "main", "dirty": False, "whole": True}
    end = max(slots)
    return RunRecord(
        "20261130T140510Z-4d3bbdd",
        header,
        BEGAN,
        0.5,
        end + 0.7,
        exit_code=1,
        jobs=tuple(jobs),
        verdict=f"failed in {end:.0f} s: shard-0007, shard-1200",
    )
