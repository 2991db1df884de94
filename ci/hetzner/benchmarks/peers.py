"""The programs that are compared, each with the files that a user would write for it.

Every program runs the same `bash -c COMMAND` with its output in a file of its own, and is taken
as it comes: no flag makes it faster or slower.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.workloads import Task, Workload, as_lines

HERE = Path(__file__).resolve().parent
FLOOR, OURS, POOL = "floor", "this runner", "thread pool"
PINNED = ("doit==0.37.0", "snakemake==9.27.1", "go-task-bin==3.54.0", "ninja==1.13.2")


class SetupError(Exception):
    """A tool that every measurement needs is missing."""


@dataclass(frozen=True)
class Peer:
    """A program: how it is started for a workload, and with which files.

    `how` tells people what the recipe is. `slow` ones run once, whatever the number of rounds.
    `plan` are the arguments that have it plan without running (None: it has no such thing).
    """

    name: str
    how: str
    argv: Callable[[Workload], list[str]]
    files: Callable[[Workload], Mapping[str, str]]
    plan: Callable[[Workload], list[str]] | None = None
    slow: bool = False


def tasks_file(workload: Workload) -> Mapping[str, str]:
    """Return the files that the programs of this directory read."""
    return {"tasks.tsv": as_lines(workload)}


def recipe(task: Task) -> str:
    """Return a task as a line of shell whose output goes to its own file."""
    return f"bash -c {shlex.quote(task.command)} > logs/{task.name}.log 2>&1"


def makefile(workload: Workload) -> Mapping[str, str]:
    """Return phony targets: like the jobs of the runner they run each time."""
    names = " ".join(task.name for task in workload.tasks)
    rules = "".join(
        f"{t.name}: {' '.join(t.needs)}\n\t@{recipe(t).replace('$', '$$')}\n"
        for t in workload.tasks
    )
    return {"Makefile": f".PHONY: all {names}\nall: {names}\n{rules}"}


def ninja_file(workload: Workload) -> Mapping[str, str]:
    """Return build statements whose outputs are never written, so that they run each time."""
    edges = "".join(
        f"build {t.name}: sh {' '.join(t.needs)}\n  c = {recipe(t).replace('$', '$$')}\n"
        for t in workload.tasks
    )
    return {"build.ninja": f"rule sh\n  command = $c\n{edges}"}


def dodo(workload: Workload) -> Mapping[str, str]:
    """Return a task generator for doit."""
    code = (
        "import shlex\n"
        "def task_all():\n"
        "    for line in open('tasks.tsv'):\n"
        "        name, needs, command = line.rstrip('\\n').split('\\t')\n"
        "        action = f'bash -c {shlex.quote(command)} > logs/{name}.log 2>&1'\n"
        "        needed = [f'all:{need}' for need in needs.split()]\n"
        "        yield {'name': name, 'actions': [action], 'task_dep': needed}\n"
    )
    return {"dodo.py": code, **tasks_file(workload)}


def snakefile(workload: Workload) -> Mapping[str, str]:
    """Return a rule for each task; its output is a mark beside the log."""
    marks = ", ".join(f"'done/{task.name}'" for task in workload.tasks)
    rules = "".join(
        f"rule {t.name.replace('-', '_').replace('.', '_')}:\n"
        f"    input: {', '.join(f'{chr(39)}done/{need}{chr(39)}' for need in t.needs)}\n"
        f"    output: touch('done/{t.name}')\n"
        f"    shell: {recipe(t)!r}\n"
        for t in workload.tasks
    )
    return {"Snakefile": f"rule all:\n    input: {marks}\n{rules}"}


def taskfile(workload: Workload) -> Mapping[str, str]:
    """Return go-task's YAML; a dependency of several tasks is to run once."""
    names = ", ".join(task.name for task in workload.tasks)
    tasks = "".join(
        f"  {t.name}:\n    deps: [{', '.join(t.needs)}]\n    cmds: ['{quoted(recipe(t))}']\n"
        for t in workload.tasks
    )
    return {
        "Taskfile.yml": f"version: '3'\nrun: once\nsilent: true\ntasks:\n"
        f"  default:\n    deps: [{names}]\n{tasks}"
    }


def quoted(text: str) -> str:
    """Return a text as it stands between single quotes in YAML."""
    return text.replace("'", "''")


def build_floor(tools: Path) -> Path:
    """Compile the floor. Raises SetupError."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise SetupError("the floor is a C program, and there is no cc on PATH: install a compiler")
    tools.mkdir(parents=True, exist_ok=True)
    program = tools / "floor"
    command = [compiler, "-O2", "-o", str(program), str(HERE / "floor.c")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetupError(f"the floor could not be compiled: {done.stderr.strip()}")
    return program


def install(
    tools: Path, python: str, pins: Sequence[str], say: Callable[[str], None]
) -> dict[str, str]:
    """Make the environment of the Python programs; return the failed packages, and why.

    This runner is measured in it as well, so that all of them start the same interpreter.
    """
    environment = tools / "venv"
    if not (environment / "bin" / "python").exists():
        subprocess.run([python, "-m", "venv", "--clear", environment], check=True)
    missing = {}
    for pin in pins:
        stamp = environment / f".{pin}"
        if stamp.exists():
            continue
        say(f"installing {pin}")
        command = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", pin]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["no word of why"]
            missing[pin.partition("==")[0]] = lines[-1]
        else:
            stamp.touch()
    return missing


def environment(tools: Path) -> dict[str, str]:
    """Return the environment of the programs: the peers on PATH, and this project's modules."""
    path = f"{tools / 'venv' / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    kept = {n: v for n, v in os.environ.items() if n in ("HOME", "LANG", "TMPDIR", "USER")}
    return {**kept, "PATH": path, "PYTHONPATH": str(HERE.parent)}


def all_peers(tools: Path, env: Mapping[str, str]) -> tuple[list[Peer], list[str]]:
    """Return the installed peers, the floor and this runner first, and the missing ones."""
    python = str(tools / "venv" / "bin" / "python")

    def ours(workload: Workload, *mode: str) -> list[str]:
        return [python, str(HERE / "run_tasks.py"), str(workload.parallel), *mode]

    def pool(workload: Workload, *mode: str) -> list[str]:
        return [python, str(HERE / "thread_pool.py"), str(workload.parallel), *mode]

    def flag(*words: str, last: Sequence[str] = ()) -> Callable[[Workload], list[str]]:
        return lambda workload: [*words, str(workload.parallel), *last]

    found = [
        Peer(FLOOR, "posix_spawn and waitpid, in C", flag(str(tools / "floor")), tasks_file),
        Peer(OURS, "a Pipeline of Jobs", ours, tasks_file, lambda w: ours(w, "plan")),
        Peer(
            POOL,
            "ThreadPoolExecutor and graphlib, twenty lines",
            pool,
            tasks_file,
            lambda w: pool(w, "plan"),
        ),
        Peer(
            "make",
            "phony targets, `bash -c … > log`",
            flag("make", "-s", "-j"),
            makefile,
            flag("make", "-n", "-j"),
        ),
        Peer(
            "ninja",
            "`bash -c … > log`",
            flag("ninja", "--quiet", "-j"),
            ninja_file,
            flag("ninja", "-n", "-j"),
        ),
        Peer("doit", "`bash -c … > log`", flag("doit", "-n"), dodo),
        Peer("go-task", "`bash -c … > log`", flag("task", "-C"), taskfile),
        Peer(
            "snakemake",
            "`bash -c … > log`, a touched file as output",
            flag("snakemake", "--quiet", "all", "-c"),
            snakefile,
            slow=True,
        ),
    ]
    nothing = Workload("", "", (), 1)
    programs = {peer.name: peer.argv(nothing)[0] for peer in found}
    absent = [n for n, p in programs.items() if shutil.which(p, path=env["PATH"]) is None]
    return [peer for peer in found if peer.name not in absent], absent
