"""Reads single settings and collects their problems: expected, found, remedy.

Knows forms (a port, a URL, seconds), not what a setting is for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from lib.common import redact

ALIASES = {"repo_dir": "repo"}  # fields whose flag on the command line is shorter


class SettingsError(ValueError):
    """Settings that cannot be used; the message lists every one with its remedy."""


class Reader:
    """Reads one setting after the other: argument, then environment, then the default.

    A value that cannot be used counts as its default until `finish` refuses them all at once.
    `environ` and `cwd` are those that it was made with.
    """

    def __init__(
        self, arguments: Mapping[str, object], environ: Mapping[str, str], cwd: Path
    ) -> None:
        self._arguments = arguments
        self.environ = environ
        self.cwd = cwd
        self._problems: list[str] = []

    def refuse(self, problems: Iterable[str]) -> None:
        """Add problems of several settings together."""
        self._problems += problems

    def finish(self) -> None:
        """Raise SettingsError if there was a problem."""
        if self._problems:
            raise SettingsError("\n".join(self._problems))

    def text(self, name: str, default: str) -> str:
        """Return a variable as it is; an empty one counts as not set."""
        return self.environ.get(name) or default

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return whether a variable is 1, not 0; unset and empty mean the default."""
        value = self.environ.get(name, "")
        if value not in ("", "0", "1"):
            self._wrong(name, "1 or 0", value)
        return value == "1" or (default and value != "0")

    def matching(self, name: str, pattern: str, form: str, default: str) -> str:
        """Return a variable that has to match all of a pattern, shown to people as `form`."""
        value = self.text(name, default)
        if value and not re.fullmatch(pattern, value, re.ASCII):
            self._wrong(name, f"a value of the form {form}", value)
            return default
        return value

    def number(self, field: str, name: str, default: int, low: int, high: int) -> int:
        """Return a whole number between two bounds; without a `name` no variable sets it."""
        source, value = self._given(field, name)
        if not value:
            return default
        if not re.fullmatch(r"[0-9]{1,16}", value) or not low <= int(value) <= high:
            self._wrong(source, f"a whole number from {low} to {high}", value)
            return default
        return int(value)

    def seconds(self, field: str, name: str, default: float, unit: str = "seconds") -> float:
        """Return a time in seconds, or in another unit, more than none."""
        source, value = self._given(field, name)
        if not value:
            return default
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value) or float(value) == 0:
            self._wrong(source, f"{unit}, more than 0, such as {default:g}", value)
            return default
        return float(value)

    def path(self, field: str, name: str, default: str | Path | None) -> Path:
        """Return an absolute path; a relative one starts at the current directory.

        None stands for a default in the home of the user where that is not known.
        """
        source, value = self._given(field, name)
        if not value and default is not None:
            return Path(default)
        if not value:
            home = self.environ.get("HOME", "")
            found = f"HOME={home!r}" if home else "no HOME and no home in the list of users"
            self._problems.append(
                f"{name}: expected a directory, or an absolute HOME to have one in, "
                f"found {found}: set {name}, or HOME"
            )
            return Path("/nonexistent")
        try:
            given = Path(value).expanduser()
        except RuntimeError:
            self._wrong(source, "a path whose ~user exists", value)
            return Path(default or "/nonexistent")
        return Path(os.path.normpath(self.cwd / given))

    def checkout(self) -> Path:
        """Return the top of the checkout around --repo, CI_REPO_DIR or the current directory.

        A named directory outside of any checkout is taken as it is: commands without a commit work
        there, and git reports the missing repository to others.
        """
        from lib.git.checkout import CheckoutError, enclosing_checkout  # late: a box asks no git

        source, value = self._given("repo_dir", "CI_REPO_DIR")
        path = self.path("repo_dir", "CI_REPO_DIR", self.cwd)
        if not path.is_dir():
            self._wrong(source, "the directory of a checkout", value or str(path))
            return path
        try:
            return enclosing_checkout(path)
        except CheckoutError as error:
            if not value:
                self._problems.append(f"repository: {error}")
            return path

    def url(self, name: str, default: str) -> str:
        """Return an http(s) URL without a slash at its end."""
        value = self.text(name, default)
        if value and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", value, re.ASCII):
            self._wrong(name, "a URL such as https://example.org/logs", value)
            return default
        return value.rstrip("/")

    def token(self, name: str) -> str:
        """Return a secret that fits into an HTTP header; no message shows a wrong one."""
        value = self.text(name, "").strip()  # the last newline of a file is often copied, too
        if not re.fullmatch(r"[!-~]*", value):
            self._problems.append(
                f"{name}: expected printable ASCII without blanks, found {len(value)} characters "
                "that hold others: set it again"
            )
            return ""
        return value

    def secret(self, name: str, shortest: int) -> str:
        """Return a secret that strangers may guess at; no message shows a wrong one."""
        value = self.text(name, "").strip()  # the last newline of a file is often copied, too
        if value and (len(value) < shortest or not value.isprintable()):
            self._problems.append(
                f"{name}: expected {shortest} printable characters or more, found {len(value)}: "
                "set it to the output of `openssl rand -hex 32`"
            )
            return ""
        return value

    def names(self, name: str) -> tuple[str, ...]:
        """Return names of environment variables from a list with commas."""
        return self.listed(name, r"[A-Za-z_]\w*", "names of variables")

    def listed(self, name: str, pattern: str, form: str, default: str = "") -> tuple[str, ...]:
        """Return the parts of a list with commas, each of which has to match all of a pattern."""
        found = [part for part in re.split(r"[,\s]+", self.text(name, default)) if part]
        bad = [part for part in found if not re.fullmatch(pattern, part, re.ASCII)]
        if bad:
            self._wrong(name, f"{form} with commas between them", ", ".join(bad))
        return tuple(found)

    def words(self, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """Return the words of a command, split as a shell does."""
        import shlex  # late: few programs read commands

        value = self.text(name, "")
        try:
            found = tuple(shlex.split(value))
        except ValueError as error:
            self._wrong(name, f"the words of a command ({error})", value)
            return default
        return found or default

    def _given(self, field: str, name: str) -> tuple[str, str]:
        """Return the source of a value, and the value: '' if there is none."""
        for argument in (field, ALIASES.get(field, field)):
            value = self._arguments.get(argument)
            if value is not None:
                return f"--{ALIASES.get(field, field).replace('_', '-')}", str(value)
        return name, self.environ.get(name, "") if name else ""

    def _wrong(self, source: str, expected: str, found: str) -> None:
        shown = redact.shorten(found, 200)
        self._problems.append(
            f"{source}: expected {expected}, found {shown!r}: correct or unset it"
        )
