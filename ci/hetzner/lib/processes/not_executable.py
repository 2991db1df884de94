"""Explains why a program could not be executed: 126 or 127 of a shell, an errno of exec(3).

Reads the file itself if the message of a shell names it. Decides nothing.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from lib.common import files, redact
from lib.processes import programs

CANNOT, NOT_FOUND = (
    126,
    127,
)  # of bash(1), EXIT STATUS, and of env(1), nice(1), timeout(1), xargs(1)
LOOKED_AT, READ = 20, 16 * 1024  # lines of a log, from its end, and bytes
LONGEST = 1000  # characters of a line, from its end: the time of SAID grows with their square
EXECUTING = (errno.ENOENT, errno.EACCES, errno.ENOEXEC, errno.ENOTDIR, errno.EPERM, errno.ELOOP)
LONGEST_LINE = 255  # bytes of a first line that the kernel reads (execve(2), Interpreter scripts)
LONGEST_PATH = 300  # characters of a PATH that are shown
PROGRAM = r"[‘'\"]?(?P<name>(?:\$'\\r'|[^‘’'\":])+?)[’'\"]?"
SAID = (
    re.compile(rf"^(?:.*: )?{PROGRAM}: [^:]*: bad interpreter\b"),  # bash before 5.2
    re.compile(
        rf"^(?:.*(?:: |command |execute |open ))?{PROGRAM}: (?:command )?(?:not found|"
        r"No such file(?: or directory)?|Permission denied|Is a directory|"
        r"required file not found|cannot execute\b.*|Exec format error)$"
    ),
)
WINDOWS = "has the line ends of Windows (CR LF): sed -i 's/\\r$//' it"


def after(
    code: int,
    log: Path,
    env: Mapping[str, str],
    cwd: Path,
    mask: Callable[[str], str] | None = None,
) -> str:
    """Return why a shell ended with 126 or 127, by the last lines of its log; '' for other codes.

    Programs are looked up with `env` and `cwd` of the job. `mask` masks secrets
    (default: those of this process' environment). Raises OSError.
    """
    if code not in (CANNOT, NOT_FOUND):
        return ""
    for line in reversed(_last_lines(log, mask)):
        if "\\r': command not found" in line or "^M: bad interpreter" in line:
            return f"{line.partition(':')[0]} {WINDOWS}"
        end = redact.shorten_start(line, LONGEST, mask).replace(": cannot execute: ", ": ")
        for form in SAID:
            if found := form.search(end):
                name = found["name"]
                if name.endswith("\\r"):  # as env(1) shows it
                    return f"what names {name[:-2]} in its first line {WINDOWS}"
                return why(name, env, cwd)
    if code == CANNOT:
        return "a program was found but cannot be executed: chmod +x it, or mend its first line"
    return f"a program was not found: neither as a path from {cwd} nor on PATH ({_path(env)})"


def to_start(argv: Sequence[str], error: OSError, env: Mapping[str, str], cwd: Path) -> str:
    """Return why a list command could not be started. Raises OSError."""
    if error.filename in (cwd, str(cwd)):
        return f"its working directory {cwd} cannot be entered: {error.strerror}"
    text = error.strerror or str(error)
    return f"{text}: {why(argv[0], env, cwd)}" if error.errno in EXECUTING else text


def why(name: str, env: Mapping[str, str], cwd: Path) -> str:
    """Return the reason why a program cannot be executed, and the remedy. Raises OSError."""
    if "/" in name:
        return f"{name} {_of_file(cwd / name, env, cwd)}"
    found = programs.find(name, env, cwd)
    if found:
        return f"{found} {_of_file(Path(found), env, cwd)}"
    for entry in env.get("PATH", os.defpath).split(os.pathsep):
        if (path := cwd / entry / name).is_file():
            return f"{path} {_of_file(path, env, cwd)}"
    here = f"; there is ./{name}: call it so" if (cwd / name).is_file() else ""
    return f"{name} was not found on PATH ({_path(env)}){here}"


def _last_lines(log: Path, mask: Callable[[str], str] | None) -> list[str]:
    most = READ + redact.LONGEST_SECRET
    with os.fdopen(files.open_file(log, os.O_RDONLY), "rb") as file:
        before = max(0, os.fstat(file.fileno()).st_size - most)
        file.seek(before)
        text = file.read(most).decode(errors="replace")
    lines = (redact.masked_end(text, mask) if before else text).split("\n")
    return [line.rstrip() for line in lines if line.strip()][-LOOKED_AT:]


def _of_file(path: Path, env: Mapping[str, str], cwd: Path) -> str:
    if path.is_symlink() and not path.exists():
        return f"is a link to nothing: {path.readlink()}"
    if not path.exists():
        return f"was not found in {path.parent}{_alike(path)}"
    if path.is_dir():
        return "is a directory"
    if not os.access(path, os.X_OK):
        noexec = path.stat().st_mode & 0o111
        if noexec:
            return "may not be executed: by its owner, its directories or its file system (noexec)"
        return f"is not executable: chmod +x {path}"
    return _of_first_line(path, env, cwd)


def _of_first_line(path: Path, env: Mapping[str, str], cwd: Path) -> str:
    try:
        with os.fdopen(files.open_file(path, os.O_RDONLY), "rb") as file:
            first = file.readline(LONGEST_LINE)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if first.startswith(b"\x7fELF"):
        return "is a program for another system, or its loader is not there: see `file` and `ldd`"
    if not first.startswith(b"#!"):
        return "has no first line #!… that names its interpreter"
    if first.endswith(b"\r\n"):
        return WINDOWS
    words = os.fsdecode(first[2:]).split()
    if not words:
        return "has a first line #! that names no interpreter"
    interpreter = cwd / words[0]
    if not interpreter.exists():
        return f"names an interpreter in its first line that is not there: {words[0]}"
    if not os.access(interpreter, os.X_OK) or interpreter.is_dir():
        return f"names an interpreter in its first line that is not executable: {words[0]}"
    wanted = [word for word in words[1:] if not word.startswith("-") and "=" not in word][:1]
    if interpreter.name == "env" and wanted and not programs.find(wanted[0], env, cwd):
        return f"wants the interpreter {wanted[0]}, which was not found on PATH ({_path(env)})"
    return "was found and may be executed: its interpreter, or a program that it calls, may not be"


def _alike(path: Path) -> str:
    from difflib import get_close_matches  # late: only for a failure

    try:
        names = sorted(entry.name for entry in os.scandir(path.parent))
    except OSError:
        return ", which is not there"
    near = get_close_matches(path.name, names, 1)
    return f"; there is {near[0]}" if near else ""


def _path(env: Mapping[str, str]) -> str:
    return redact.shorten(env.get("PATH", os.defpath), LONGEST_PATH)
