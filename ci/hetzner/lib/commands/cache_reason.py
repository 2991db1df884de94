"""Tells why the cache of a job had no entry for it: the parts of its key against the last hit."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from lib.common.plain_text import printable
from lib.diagnosis import key_differences
from lib.model.result import CacheState
from lib.processes import key_record
from lib.run_directories.stored_run import StoredRun

MOST = 100  # earlier runs that are looked at
FOUND = (CacheState.HIT, CacheState.STORED)  # the store held an entry for the key, in the end
PLAIN = {
    CacheState.HIT: "hit, so it was restored",
    CacheState.OFF: "off, since a part of its test cases runs",
    CacheState.NO_KEY: "no key, since its key command failed: its log has the words of that",
    CacheState.UNUSABLE: "not usable: its log has the reason",
}


def lines(run: StoredRun, runs: Iterable[StoredRun], job: str, state: str) -> list[str]:
    """Return lines on the cache of a job in a run; none without a cache.

    `runs` are those of the store, the newest first; `state` is that of the cache in this run.
    """
    if state not in set(CacheState):
        return []
    if state in PLAIN:
        return [f"its cache: {PLAIN[CacheState(state)]}"]
    earlier = itertools.islice((each for each in runs if each.key < run.key), MOST)
    last = next((each for each in earlier if _state(each, job) in FOUND), None)
    if last is None:
        return ["its cache: missed, no earlier run has stored an entry"]
    old, new = key_record.read(last.path, job), key_record.read(run.path, job)
    if not old or not new:
        return [f"its cache: missed; the key of its last entry, of {last.name}, is not recorded"]
    if differing := key_differences.differences(old, new):
        head = f"its cache: missed; since its last entry, of {last.name}, these changed:"
        return [head, *(f"  {printable(line)}" for line in differing)]
    return [f"its cache: missed; its key is that of {last.name}, so the entry was removed since"]


def _state(run: StoredRun, name: str) -> str:
    """Return the state of a job's cache as summary.json has it, '' without one."""
    jobs = run.summary.get("jobs")
    for job in jobs if isinstance(jobs, list) else ():
        if isinstance(job, dict) and job.get("name") == name:
            state = job.get("cache")
            return state if isinstance(state, str) and state in set(CacheState) else ""
    return ""
