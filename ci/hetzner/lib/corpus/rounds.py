"""The rounds of a corpus: each runs all its commits, and has a directory with a journal.

No crash damages a journal. It has a line of JSON for each beginning (of the program, so several if
it was interrupted), for each run that has ended, and for the end of all. A line that was half
written is passed over.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lib.common import files, json_text, tree_copy
from lib.common.plain_text import utc
from lib.corpus.ended_run import EndedRun

JOURNAL = "journal.jsonl"
KEPT = 20  # rounds
BEGIN, END, DONE = "begin", "end", "done"


class Round:
    """One round: the runs that have ended so far, by the name of the commit; the latest counts."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.name = directory.name
        self.runs: dict[str, EndedRun] = {}
        self.complete = False
        self.before: dict[str, Mapping[str, int]] = {}  # the machine, by the name of a run: when
        self._amounts: Mapping[str, int] = {}  # the program began that has started this run
        for entry in _entries(directory / JOURNAL):
            self._heed(entry)

    def _heed(self, entry: Mapping[str, Any]) -> None:
        if entry.get("kind") == BEGIN and isinstance(entry.get("amounts"), dict):
            self._amounts = entry["amounts"]
        if entry.get("kind") == DONE:
            self.complete = True
        if entry.get("kind") == END:
            fields = {name: entry[name] for name in EndedRun._fields if name in entry}
            lists = {n: tuple(v) for n, v in fields.items() if isinstance(v, list)}
            with contextlib.suppress(TypeError):  # fields are missing: no run that counts
                run = EndedRun(**{**fields, **lists})
                self.runs[run.name] = run
                self.before[run.name] = self._amounts

    def begin(self, amounts: Mapping[str, int]) -> None:
        """Note that the program begins, or goes on. Raises OSError."""
        self._add({"kind": BEGIN, "at": time.time(), "amounts": dict(amounts)})

    def end(self, run: EndedRun) -> None:
        """Note the end of a run. Raises OSError."""
        self._add({"kind": END, "at": time.time(), **run._asdict()})

    def done(self) -> None:
        """Note that each commit has run. Raises OSError."""
        self._add({"kind": DONE, "at": time.time()})

    def _add(self, entry: Mapping[str, Any]) -> None:
        """Append a line, on the disk before we go on; a half-written one before it is closed."""
        line = f"\n{json.dumps(entry)}\n".encode()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        handle = files.open_file(self.directory / JOURNAL, flags)
        try:
            os.write(handle, line)
            os.fsync(handle)
        finally:
            os.close(handle)
        self._heed(json_text.parse(line))


def all_of(corpus: Path) -> list[Round]:
    """Return the rounds that the directory of a corpus holds, the newest first. Raises OSError."""
    names = sorted(_names(corpus), reverse=True)
    return [Round(corpus / name) for name in names]


def new(corpus: Path) -> Round:
    """Begin another round, and remove the oldest beyond those that are kept. Raises OSError."""
    corpus.mkdir(parents=True, exist_ok=True)
    stamp = utc(time.time(), "%Y%m%dT%H%M%SZ")
    taken = _names(corpus)
    number = next(n for n in range(1, len(taken) + 2) if _name(stamp, n) not in taken)
    made = corpus / _name(stamp, number)
    made.mkdir()
    for name in sorted(taken)[: 1 - KEPT]:
        tree_copy.remove(corpus / name)
    return Round(made)


def last_complete(rounds: Sequence[Round]) -> Round | None:
    """Return the newest round in which each commit has run, None if there is none."""
    return next((each for each in rounds if each.complete), None)


def _name(stamp: str, number: int) -> str:
    return stamp if number == 1 else f"{stamp}-{number}"


def _names(corpus: Path) -> list[str]:
    try:
        with os.scandir(corpus) as entries:
            return [e.name for e in entries if e.name[:1].isdigit() and e.is_dir()]
    except FileNotFoundError:
        return []


def _entries(journal: Path) -> Iterator[Mapping[str, Any]]:
    try:
        text = files.read(journal).decode(errors="replace")
    except FileNotFoundError:
        return
    for line in text.splitlines():
        try:
            entry = json_text.parse(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            yield entry
