"""Reads the scripts of jobs before anything starts: syntax errors, and line ends of another system.

bash itself checks the scripts, with `-n`: it reads commands and runs none (bash(1), set). One
process reads all scripts; only if it finds an error, halves are read, down to the one. A script
that may hold a here-document is read alone: a later script could end an open one.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path

from lib.common import files
from lib.model.bash_command import OPEN_DOCUMENT
from lib.model.job import Job

PATIENCE = 60.0  # seconds
MOST = 100_000  # bytes in one argument, of 131,072 on Linux (execve(2))
HEAD = 65_536  # bytes of a script that are read
# a command of plain words has no syntax error, unless the first is a word of the grammar
PLAIN = re.compile(r"[\w./=:@%+,-]+(?: +[\w./=:@%+,-]+)*", re.ASCII)
GRAMMAR = frozenset(
    {
        *("if", "then", "else", "elif", "fi", "case", "esac", "for", "select", "while", "until"),
        *("do", "done", "in", "function", "time", "coproc"),
    }
)
# an open construct of a script swallows this, or stumbles over it, in quotes of either kind
BETWEEN = "\n: \"& |\"\n: '& |'\n"
DOCUMENT = re.compile(r"(?<!<)<<(?!<)")
SHELLS = frozenset({"bash", "sh", "dash", "ksh", "zsh"})
CRLF = (
    "its lines end with CRLF, and the shell takes the CR for a part of the last word: save it "
    "with LF alone"
)


def syntax_errors(jobs: Collection[Job], bash: str) -> dict[str, str]:
    """Return the errors of bash, a path, for the jobs whose command it cannot read, by name."""
    texts = {job.name: job.cmd for job in jobs if isinstance(job.cmd, str)}
    odd = [text for text in dict.fromkeys(texts.values()) if not _is_plain(text)]
    try:
        found = _errors([text for text in odd if not DOCUMENT.search(text)], bash)
        for text in filter(DOCUMENT.search, odd):
            found |= _errors([text], bash)
    except (OSError, subprocess.SubprocessError):
        return {}  # bash cannot start: the jobs will fail by the same error, and report it
    return {name: found[text] for name, text in texts.items() if text in found}


def line_ends(jobs: Collection[Job], cwd: Path) -> list[str]:
    """Return a sentence for each existing script whose lines end with CRLF."""
    users: dict[str, list[str]] = {}
    for job in jobs:
        if isinstance(job.cmd, str) and "\r\n" in job.cmd:
            users.setdefault(f"the command of {job.name}", [])
        elif script := _script(job.cmd):
            users.setdefault(str(Path(job.cwd, script)), []).append(job.name)
    return [
        f"{what}{f' of {names[0]}' if names else ''}: {CRLF}"
        for what, names in users.items()
        if not names or _has_crlf(cwd / what)
    ]


def _is_plain(text: str) -> bool:
    return PLAIN.fullmatch(text) is not None and text.split()[0] not in GRAMMAR


def _errors(texts: Sequence[str], bash: str) -> dict[str, str]:
    """Return the error of each of these texts; a text without one is left out."""
    if not texts:
        return {}
    if len(texts) == 1:
        said = _one(texts[0], bash)
        return {texts[0]: said} if said else {}
    whole = "".join(f"{{ if :; then :\n{text}\nfi; }}{BETWEEN}" for text in texts)
    if len(os.fsencode(whole)) <= MOST and not _read(whole, bash):
        return {}
    half = len(texts) // 2
    return _errors(texts[:half], bash) | _errors(texts[half:], bash)


def _one(text: str, bash: str) -> str:
    """Return bash's own words for one script, '' if it can be read."""
    said = _complaint(text, bash)
    # a script may change the grammar for its later lines: shopt(1)
    if not said or "expand_aliases" in text or not _complaint(text, bash, "-O", "extglob"):
        return ""
    lines = [re.sub(r"^\S*bash: (-c: )?", "", line) for line in said.splitlines()]
    ends = f"; {CRLF}" if "\r\n" in text else ""
    return f"syntax error in its command, as bash reads it: {'; '.join(lines)}{ends}"


def _complaint(text: str, bash: str, *options: str) -> str:
    """Return bash's error for one script, except for a here-document that takes nothing in."""
    said = _read(text, bash, *options)
    if not said or not all(OPEN_DOCUMENT.search(line) for line in said.splitlines()):
        return said
    # bash closes `$(cat <<EOF … EOF)`, and warns; an open one takes in a `)` too many
    more = _read(f"{text}\n)", bash, *options)
    return said if all(OPEN_DOCUMENT.search(line) for line in more.splitlines()) else ""


def _read(text: str, bash: str, *options: str) -> str:
    """Return bash's error for a script that it only reads, '' if there is none."""
    done = subprocess.run(
        [bash, "--norc", *options, "-n", "-c", text],
        env={"PATH": os.defpath},  # no BASH_ENV, SHELLOPTS or functions of the caller
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        errors="replace",
        timeout=PATIENCE,
        check=False,
    )
    # bash only warns of an end of file in a here-document, and takes everything up to there
    lines = done.stderr.splitlines()
    said = [line for line in lines if ": warning: " not in line or OPEN_DOCUMENT.search(line)]
    return "\n".join(said) or ("syntax error" if done.returncode else "")


def _script(cmd: str | Sequence[str]) -> str:
    """Return the path of the script that a plain command runs, '' if it names none."""
    if isinstance(cmd, str) and not _is_plain(cmd):
        return ""
    words = cmd.split() if isinstance(cmd, str) else list(cmd)
    if os.path.basename(words[0]) not in SHELLS:  # noqa: PTH119 - a name may be no path
        return words[0] if "/" in words[0] else ""
    rest = [word for word in words[1:] if not word.startswith("-")]
    return rest[0] if rest and "-c" not in words[1:] else ""


def _has_crlf(path: Path) -> bool:
    """Whether a file is a script whose lines end with CRLF."""
    try:
        handle = files.open_file(path.resolve(), os.O_RDONLY)
    except OSError:
        return False
    try:
        head = os.read(handle, HEAD)
    finally:
        os.close(handle)
    return b"\0" not in head and b"\r\n" in head
