"""Makes a push or a deletion of GitHub's event, or says why there is none. Pure.

Source of the fields: docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

from typing import NamedTuple

from lib.commit_queue.entry import Deletion, Push, Ref
from lib.common import plain_text, redact, ref_names
from lib.receiver.payload import Payload, PayloadError

# a draft runs as well, as in GitHub Actions: ready_for_review brings no commit of its own
ACTIONS = frozenset({"opened", "synchronize", "reopened", "ready_for_review"})
BRANCH, TAG = "refs/heads/", "refs/tags/"
LONGEST = 100  # characters of a name in an answer


class Rules(NamedTuple):
    """The settings that decide which events queue a commit."""

    repository: str  # owner/name
    forks: tuple[str, ...] = ()  # owner/name of those whose pull requests run
    tags: bool = False


class Ignored(NamedTuple):
    """An event that says nothing to the queue, and why."""

    why: str


def change_of(event: str, payload: Payload, rules: Rules) -> Push | Deletion | Ignored:
    """Return the push or the deletion that an event tells of. Raises PayloadError."""
    if event not in ("push", "pull_request"):
        return Ignored(f"the event {_shown(event)} starts no run")
    name = payload.inner("repository").text("full_name")
    if not _same(name, rules.repository):
        return Ignored(f"the repository is {_shown(name)}, GITHUB_REPO is {rules.repository}")
    return _pushed(payload, rules) if event == "push" else _requested(payload, rules)


def _pushed(payload: Payload, rules: Rules) -> Push | Deletion | Ignored:
    ref, deleted = payload.text("ref"), payload.flag("deleted")
    if ref.startswith(BRANCH):
        branch = _branch("ref", ref.removeprefix(BRANCH))
        after = _commit("after", payload.text("after"))
        if deleted or not after.strip("0"):  # zeros stand for none, whatever `deleted` says
            return Deletion(Ref(branch), _before(payload))
        return Push(after, Ref(branch), "webhook", before=_before(payload))
    if not ref.startswith(TAG):
        return Ignored(f"{_shown(ref)} is neither a branch nor a tag")
    if deleted:
        return Ignored(f"{_shown(ref)} was deleted")
    if not rules.tags:
        return Ignored(f"{_shown(ref)} is a tag; CI_TAGS=1 lets tags run")
    commit = payload.inner_or_null("head_commit")  # `after` may be the tag's own object
    if commit is None:
        return Ignored(f"{_shown(ref)} names no commit")
    return Push(_commit("head_commit.id", commit.text("id")), Ref(""), "webhook")


def _requested(payload: Payload, rules: Rules) -> Push | Ignored:
    action = payload.text("action")
    if action not in ACTIONS:
        return Ignored(f"the action {_shown(action)} brings no commit")
    head = payload.inner("pull_request").inner("head")
    number = payload.number("number")
    commit = _commit("pull_request.head.sha", head.text("sha"))
    branch = _branch("pull_request.head.ref", head.text("ref"))
    origin = head.inner_or_null("repo")
    if origin is None:
        return Ignored("the repository of the pull request was deleted")
    name = origin.text("full_name")
    if _same(name, rules.repository):
        return Push(commit, Ref(branch, number), "webhook", before=_before(payload))
    allowed = next((fork for fork in rules.forks if _same(fork, name)), "")
    if not allowed:
        return Ignored(f"{_shown(name)} is a fork; CI_FORKS names those that may run")
    return Push(commit, Ref(branch, number, allowed), "webhook", before=_before(payload))


def _same(one: str, other: str) -> bool:
    """Whether two names are those of one repository; GitHub heeds no case."""
    return one.lower() == other.lower()


def _commit(where: str, text: str) -> str:
    if not ref_names.is_commit(text):
        raise PayloadError(f"{where}: expected a commit of 40 or 64 digits, found {_shown(text)}")
    return text


def _before(payload: Payload) -> str:
    """Return the commit where the branch was before, '' if that is not told.

    Of pull requests only the action `synchronize` tells it. Zeros stand for a new branch.
    """
    return _commit("before", payload.text("before")) if payload.has("before") else ""


def _branch(where: str, text: str) -> str:
    if not ref_names.is_branch(text):
        raise PayloadError(f"{where}: expected the name of a branch, found {_shown(text)}")
    return text


def _shown(text: str) -> str:
    return plain_text.one_line(redact.shorten(text, LONGEST))
