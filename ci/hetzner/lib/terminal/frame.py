"""The lines of the live view: a pure function of what is known and of the size of the screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from lib.common import plain_time
from lib.terminal import cells
from lib.terminal.cells import BOLD, DIM, GREEN, RED, YELLOW, Look, Part
from lib.terminal.keys import Mode
from lib.terminal.progress import SILENT, RunningJob

NAME = 30  # cells of the name of a job, at most
NARROW = 60  # columns: on fewer, names come before the last lines of logs
LEAST = 12  # cells: a last line with fewer is left out
BAR = 30  # cells of the bar, at most
KEYS = "t jobs · l log · c cancel · q stop"


class Picture(NamedTuple):
    """What the live view shows of a run at one moment; times are seconds.

    `left` is the time to the expected end, None if it is not known. `said` has the last lines of
    the logs, the last one last: one for each running job, more for the one that is followed;
    `silent` are the seconds since these logs were written to. `rows` are those of all jobs, if they
    are asked for. Without `keys` no key is heeded.
    """

    now: float
    total: int
    running: Sequence[RunningJob]
    done: int
    failed: int
    cancelled: int = 0
    skipped: int = 0
    left: float | None = None
    said: Mapping[str, Sequence[str]] = {}
    silent: Mapping[str, float] = {}
    mode: Mode = Mode()
    rows: Sequence[Sequence[Part]] = ()
    note: str = ""  # of the run itself: "being cut off"
    keys: bool = True


def clock(seconds: float) -> str:
    """Return a length of time in few characters: `0:05`, `12:34`, `1:02:03`."""
    minutes, rest = divmod(int(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def most_rows(rows: int) -> int:
    """Return the greatest number of lines between the status and the keys."""
    return max(0, min(rows - 4, 2 * rows // 3))


def draw(picture: Picture, columns: int, rows: int, look: Look) -> list[str]:
    """Return the lines of the view; each takes fewer cells than the screen has."""
    room = most_rows(rows)
    match picture.mode.kind:
        case "all":
            body = _all(picture, room)
        case "log":
            body = _log(picture, room)
        case _:
            body = _running(picture, rows, columns)
    lines = [*body, _status(picture, columns)]
    if picture.keys and rows >= 6:
        lines.append([Part(_prompt(picture.mode), DIM)])
    return [cells.line(each, columns - 1, look) for each in lines[-max(1, rows - 1) :]]


# ---- the jobs that run


def visible(running: Sequence[RunningJob], mode: Mode, rows: int) -> Sequence[RunningJob]:
    """Return the running jobs that have a line on a screen of so many rows.

    These are the first to have started, or those around the job that is being chosen.
    """
    if mode.kind in ("all", "log"):
        return ()
    room = most_rows(rows)
    fitting = room if len(running) <= room else max(0, room - 1)
    places = [place for place, job in enumerate(running) if job.name == mode.job]
    first = max(0, places[0] - fitting + 1) if places else 0
    return running[first : first + fitting]


def _running(picture: Picture, rows: int, columns: int) -> list[list[Part]]:
    shown = visible(picture.running, picture.mode, rows)
    times = [_times(job, picture.now) for job in shown]
    longest = max(map(len, times), default=0)
    room = columns // 3 if columns >= NARROW else max(0, columns - longest - 4)
    names = min(NAME, room, max((cells.width(job.name) for job in shown), default=0))
    lines = [
        _row(job, time.rjust(longest), names, columns, picture)
        for job, time in zip(shown, times, strict=True)
    ]
    if len(picture.running) > len(shown) > 0:
        lines.append([Part(f"  and {len(picture.running) - len(shown)} more that run", DIM)])
    return lines


def _times(job: RunningJob, now: float) -> str:
    known = job.usual is not None and job.usual >= 1 and job.doing != "serves"
    usual = f"/{clock(job.usual or 0.0)}" if known else ""
    return f"{clock(now - job.started)}{usual}"


def _row(job: RunningJob, time: str, names: int, columns: int, picture: Picture) -> list[Part]:
    marked = job.name == picture.mode.job
    slow = picture.now >= job.slow_at
    rest = columns - 1 - 2 - names - 1 - len(time) - 2
    said = picture.said.get(job.name, ())
    text = ": ".join(part for part in (job.doing, *said[-1:]) if part)
    silent = min(picture.silent.get(job.name, 0.0), picture.now - job.started)
    quiet = silent >= SILENT and job.doing != "serves" and rest >= LEAST
    return [
        Part("> " if marked else "▸ ", BOLD if marked else ""),
        Part(cells.pad(job.name, names), BOLD),
        Part(f" {time}", YELLOW if slow else ""),
        Part(f"  silent {clock(silent)}" if quiet else "", YELLOW),
        Part(f"  {text}" if text and rest >= LEAST else "", DIM),
    ]


# ---- the other views


def _all(picture: Picture, room: int) -> list[list[Part]]:
    page = max(0, room - 1)
    first = min(picture.mode.place, max(0, len(picture.rows) - page))
    last = min(first + page, len(picture.rows))
    head = [Part(f"jobs {first + 1} to {last} of {len(picture.rows)}", BOLD)]
    return [head, *map(list, picture.rows[first:last])]


def _log(picture: Picture, room: int) -> list[list[Part]]:
    job = picture.mode.job
    running = next((each for each in picture.running if each.name == job), None)
    state = _times(running, picture.now) if running else "runs no more"
    said = picture.said.get(job, ())
    kept = list(said)[-(room - 1) :] if room > 1 else []
    return [[Part(f"log of {job} ", BOLD), Part(f"({state})")], *([Part(text)] for text in kept)]


def _prompt(mode: Mode) -> str:
    match mode.kind:
        case "pick log":
            return f"follow the log of {mode.job}? Enter: yes · ↑ ↓ another · Esc no"
        case "pick cancel":
            return f"cancel {mode.job}? Enter: yes · ↑ ↓ another · Esc no"
        case "all":
            return "↑ ↓ and space move · t or Esc back"
        case "log":
            return "l or Esc back"
    return KEYS


# ---- the line on the whole run


def _status(picture: Picture, columns: int) -> list[Part]:
    """Return the bar and the counts; what does not fit is left out, the least needed first."""
    running = len(picture.running)
    waiting = max(0, picture.total - picture.done - running)
    texts = [  # in their order, each with its need: the least is the most needed
        (0, Part(f"{picture.done}/{picture.total} done")),
        (1, Part(f"{picture.failed} failed" if picture.failed else "", RED)),
        (3, Part(f"{picture.cancelled} cancelled" if picture.cancelled else "", YELLOW)),
        (3, Part(f"{picture.skipped} skipped" if picture.skipped else "", YELLOW)),
        (3, Part(f"{running} running")),
        (4, Part(f"{waiting} waiting" if waiting else "")),
        (2, Part(clock(picture.now))),
        (2, Part(picture.note, YELLOW)),
        (2, Part(_expected(picture.left))),
    ]
    kept = [each for each in texts if each[1].text]
    while len(kept) > 1 and _width(kept) > columns - 1:
        kept.remove(max(kept, key=lambda each: each[0]))
    bar = min(BAR, columns - 1 - _width(kept) - 3)
    parts = _bar(picture, bar) if bar >= 8 else []
    for _, part in kept:
        parts += [Part(", " if part is not kept[0][1] else ""), part]
    return parts


def _width(kept: Sequence[tuple[int, Part]]) -> int:
    return sum(cells.width(part.text) + 2 for _, part in kept) - 2


def _expected(left: float | None) -> str:
    if left is None:
        return ""
    if left <= 0:
        return f"{plain_time.about(-left)} over the expected end"
    return f"about {plain_time.about(left)} left"


def _bar(picture: Picture, size: int) -> list[Part]:
    total = max(1, picture.total)
    share: Callable[[int], int] = lambda count: min(size, count * size // total)  # noqa: E731
    failed = max(share(picture.failed), min(1, picture.failed))
    count = picture.failed + picture.cancelled + picture.skipped
    bad = max(failed, share(count), min(1, count))
    done = max(bad, share(picture.done))
    active = min(size - done, max(share(len(picture.running)), min(1, len(picture.running))))
    return [
        Part("█" * failed, RED),
        Part("█" * (bad - failed), YELLOW),
        Part("█" * (done - bad), GREEN),
        Part("▒" * active, YELLOW),
        Part("░" * (size - done - active), DIM),
        Part("  "),
    ]
