"""What the result of a job depends on beside its tree: names, each with a digest of the value.

Two runs of one tree with equal fingerprints have done the same. Values are digested, so that a file
of them tells nobody's settings. Reads programs and scripts outside of the tree; starts nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from lib.common import files, redact, version
from lib.model.job import Job
from lib.processes import job_directory, programs
from lib.processes.process_table import TAG
from lib.proof import command_files

BYTES = 8  # of a digest: they tell many thousands of values apart
SMALL = 1024 * 1024  # bytes of a file whose content is read; of others size and time are compared
# fields that decide when a job runs and what its failure means, not whether it passes
OF_THE_ORDER = frozenset(
    {
        "name",
        "nice",
        "delay",
        "fast_fail",
        "allow_failure",
        "resources",
        "retry_alone",
        "group",
        "cache",
    }
)
# variables of a terminal, a login or a service, other ones in each session
OF_A_SESSION = re.compile(
    r"_|SHLVL|PWD|OLDPWD|TERM|TERM_PROGRAM(_VERSION)?|TERM_SESSION_ID|COLORTERM|COLUMNS|LINES"
    r"|SSH_(CLIENT|CONNECTION|TTY|AUTH_SOCK|AGENT_PID)|XDG_SESSION_\w+|XDG_VTNR|XDG_SEAT"
    r"|WINDOWID|TMUX(_PANE)?|STY|HIST(FILE|SIZE|FILESIZE|CONTROL|IGNORE|TIMEFORMAT)|PS\d"
    r"|PROMPT_COMMAND|LS_COLORS|LESS|LESS(OPEN|CLOSE|KEY)|PAGER|EDITOR|VISUAL"
    r"|DBUS_SESSION_BUS_ADDRESS|INVOCATION_ID|JOURNAL_STREAM|SYSTEMD_EXEC_PID|MANAGERPID|GPG_TTY"
    rf"|VSCODE_\w+|{TAG}|LOG_URL"
)
# a credential may be another one in each run, and opens what it opened before; whether there is
# one decides what a job can do; a value that is too short for one is a switch
CREDENTIAL = re.compile(r".*(TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|API_KEY)", re.IGNORECASE)
# a program in a script: at the begin of a command, behind variables of its own
PROGRAM = re.compile(
    r"(?:^|[;&|({\n]|\$\()\s*(?:\w+=\S*\s+)*(?:(?:exec|env|nice|time)\s+)?"
    r"([\w./+-]+)(?:[^\S\n]+([\w./+-]+))?"
)
INTERPRETER = re.compile(r"(?:ba|da|z|k)?sh|python[\d.]*|node|perl|ruby|source|\.")

WORDS = {  # how a change of a field is told
    "cmd": "its command",
    "env": "its variables",
    "depends_on": "its dependencies",
    "outputs": "its outputs",
    "requires": "the programs that it requires",
}


def digest(text: str) -> str:
    """Return a short digest of a text."""
    content = text.encode(errors="surrogateescape")
    return hashlib.blake2b(content, digest_size=BYTES).hexdigest()


def of_run(env: Mapping[str, str], cwd: Path, inputs: Mapping[str, str]) -> dict[str, str]:
    """Return what all jobs of a run depend on, by words for people.

    `env` are the variables that reach all jobs, `inputs` are further texts by name.
    """
    found = {
        f"the variable {name}": digest("set" if _is_credential(name, value) else value)
        for name, value in env.items()
        if not OF_A_SESSION.fullmatch(name)
    }
    found["the umask"], found["the limits of processes"] = map(digest, _limits())
    found["the working directory"] = digest(str(cwd))
    found["the version of the runner"] = digest(version.full())
    return found | {name: digest(text) for name, text in inputs.items()}


def _is_credential(name: str, value: str) -> bool:
    return len(value) >= redact.SHORTEST and CREDENTIAL.fullmatch(name) is not None


def _limits() -> tuple[str, str]:
    """Return the umask and the soft limits that jobs inherit."""
    import resource  # late: only a run in a store needs it

    names = sorted(name for name in vars(resource) if name.startswith("RLIMIT_"))
    soft = [f"{name}={resource.getrlimit(getattr(resource, name))[0]}" for name in names]
    return f"{_umask():o}", " ".join(soft)


def _umask() -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):  # Linux tells it (proc(5))
        status = files.read("/proc/self/status").decode(errors="replace")
        return int(status.partition("\nUmask:")[2].split()[0], 8)
    found = os.umask(0o077)  # elsewhere it can only be asked by setting it (umask(2))
    os.umask(found)
    return found


class JobFingerprints:
    """Makes the fingerprints of jobs that run with `env` in `cwd`, as their files are now."""

    def __init__(
        self, env: Mapping[str, str], cwd: Path, outputs: Collection[str] = frozenset()
    ) -> None:
        """Take the `outputs` that jobs promise, paths from `cwd` on: others compare these."""
        self._env = env
        self._cwd = cwd
        self._outputs = [Path(os.path.normpath(cwd / path)) for path in outputs]
        self._usual = vars(Job("job", "true"))
        self._files: dict[str, str] = {}  # by path
        self._found: dict[tuple[str, str, Path], str | None] = {}  # by PATH, name and directory

    def of(self, job: Job) -> dict[str, str]:
        """Return what a job depends on beside all that `of_run` tells, by words for people."""
        found = {
            WORDS.get(field, f"its {field}"): digest(_text(value))
            for field, value in vars(job).items()
            if field not in OF_THE_ORDER and (value != self._usual.get(field) or field == "cmd")
        }
        search = job.env.get("PATH", self._env.get("PATH", os.defpath))
        place = job_directory.of(job, self._cwd)
        programs, scripts = _named(job.cmd)
        paths = [self._program(name, search, place) for name in (*job.requires, *programs)]
        paths += [path for name in scripts if (path := str(place / name)) and _is_file(path)]
        paths += command_files.outside(job.cmd, {**self._env, **job.env}, place, self._cwd)
        for path in dict.fromkeys(filter(None, paths)):
            if not self._is_output(path):
                found[f"the file {path}"] = self._file(path)
        return found

    def _program(self, name: str, search: str, place: Path) -> str | None:
        if name.startswith("/"):
            return name
        asked = (search, name, place)
        if asked not in self._found:
            self._found[asked] = programs.find(name, {"PATH": search}, place)
        return self._found[asked]

    def _is_output(self, path: str) -> bool:
        file = Path(os.path.normpath(self._cwd / path))
        return any(file.is_relative_to(output) for output in self._outputs)

    def _file(self, path: str) -> str:
        if path not in self._files:
            self._files[path] = _of_file(self._cwd / path)
        return self._files[path]


def difference(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Return what has changed, as `its command changed`; '' for nothing."""
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    if not names:
        return ""
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{names[0]}{more} changed"


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return repr(sorted(value.items()))
    if isinstance(value, (frozenset, set)):
        return repr(sorted(value))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return repr(list(value))
    return repr(value)


def _named(cmd: str | Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the programs that a command starts, and what may be scripts of interpreters."""
    if isinstance(cmd, str):
        found = PROGRAM.findall(cmd)
    else:
        found = [(cmd[0], next((word for word in cmd[1:] if not word.startswith("-")), ""))]
    interpreted = [s for program, s in found if INTERPRETER.fullmatch(Path(program).name) and s]
    return [program for program, _ in found if program], interpreted


def _is_file(path: str) -> bool:
    try:
        return os.path.isfile(path)  # noqa: PTH113 - no Path for each word of a script
    except ValueError:
        return False


def _of_file(path: Path) -> str:
    """Return a digest of a program or script; '' for none.

    A program in a virtual environment is so much as the packages there.
    """
    packages = _packages(path.parent.parent)
    try:
        status = path.stat()
        if status.st_size > SMALL:
            return digest(f"{status.st_size} {status.st_mtime_ns} {packages}")
        return digest(files.read(os.path.realpath(path)).hex() + packages)
    except OSError:
        return ""


def _packages(environment: Path) -> str:
    """Return the packages of a virtual environment with their versions, '' if it is none."""
    if not (environment / "pyvenv.cfg").is_file():
        return ""
    installed = environment.glob("lib/python*/site-packages/*.dist-info")
    return " ".join(sorted(each.name for each in installed))
