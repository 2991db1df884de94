"""The last verdict on a branch as a small picture, for a README."""

from __future__ import annotations

from lib.commit_queue.queue_reader import QueueReader
from lib.commit_queue.states import VERDICTS, State
from lib.common.ref_names import is_branch
from lib.dashboard import answers
from lib.dashboard.answers import SVG, Answer
from lib.page.markup import tag

WORDS = {State.PASSED: "passing", State.FAILED: "failing"}
GREEN, RED, AMBER, GREY = "#14743a", "#c0271d", "#8a5a00", "#565e6c"
COLOURS = {State.PASSED: GREEN, State.FAILED: RED, State.ERROR: RED, State.CUT_OFF: AMBER}
LABEL = "ci"
WIDE, HIGH, MARGIN = 6.7, 20, 7  # pixels: of a character, of the badge, beside a text
# what keeps a picture from being kept: proxies of GitHub do that otherwise
FRESH = [("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate"), ("Expires", "0")]


def answer(queue: QueueReader, branch: str) -> Answer:
    """Return the badge of a branch of the repository itself. Raises OSError."""
    found = queue.entries(states=VERDICTS, branch=branch, limit=1) if is_branch(branch) else []
    state = found[0].state if found else None
    word = WORDS.get(state, state.value) if state else "unknown"
    return answers.whole(
        picture(word, COLOURS[state] if state else GREY), SVG, answers.STYLED, more=FRESH
    )


def picture(word: str, colour: str) -> str:
    """Return the badge as SVG; the texts fit whatever font a reader has."""
    left, right = (2 * MARGIN + WIDE * len(text) for text in (LABEL, word))
    wide = left + right
    return tag(
        "svg",
        tag("title", f"{LABEL}: {word}"),
        tag("rect", width=wide, height=HIGH, rx=3, fill="#2b2f36"),
        tag("path", d=_right_part(left, wide), fill=colour),
        _text(LABEL, left / 2),
        _text(word, left + right / 2),
        xmlns="http://www.w3.org/2000/svg",
        width=wide,
        height=HIGH,
        role="img",
        aria_label=f"{LABEL}: {word}",
        font_family="Verdana, DejaVu Sans, Geneva, sans-serif",
        font_size=11,
        fill="#fff",
        text_anchor="middle",
    )


def _right_part(left: float, wide: float) -> str:
    return f"M{left:g} 0H{wide - 3:g}q3 0 3 3V17q0 3-3 3H{left:g}z"


def _text(word: str, middle: float) -> str:
    return tag("text", word, x=middle, y=14, textLength=f"{WIDE * len(word):g}")
