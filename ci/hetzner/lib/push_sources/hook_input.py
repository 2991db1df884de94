"""The pushes that git tells its hook of, as pushes for the queue. Pure.

Source: githooks(5), post-receive. Unaware of the queue's rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from lib.commit_queue.entry import Deletion, Push, Ref
from lib.common import redact
from lib.common.plain_text import one_line
from lib.common.ref_names import is_branch, is_commit

HEADS = "refs/heads/"
# Stands where the name of a fork would: such a branch neither supersedes the one of the same name
# on GitHub nor tells of its state. No fork has a name without a slash.
PRIVATE = "pushed"
MOST_OPTIONS = 100


def pushes(lines: Iterable[str]) -> Iterator[Push | Deletion | str]:
    """Yield what each line `OLD NEW REF` does to a branch, a sentence for a strange line.

    Tags are left out.
    """
    for line in lines:
        words = line.removesuffix("\n").split(" ", 2)
        if len(words) != 3:
            yield f"expected a line `OLD NEW REF` of git, found {_shown(line)}"
            continue
        old, sha, ref = words
        if not ref.startswith(HEADS):
            continue
        branch = ref.removeprefix(HEADS)
        place, gone = Ref(branch, fork=PRIVATE), not sha.strip("0")
        if is_commit(old) and is_commit(sha) and is_branch(branch):
            push = Push(sha, place, "hook", speaks=False, before=old)
            yield Deletion(place, old) if gone else push
        elif not gone:
            yield f"{_shown(branch)} cannot be queued: give the branch a plain name"


def _shown(text: str) -> str:
    return repr(redact.shorten(one_line(text), 200))


def options(environ: Mapping[str, str]) -> list[str]:
    """Return the options of a push (`git push -o OPTION`)."""
    count = environ.get("GIT_PUSH_OPTION_COUNT", "0")
    number = min(int(count), MOST_OPTIONS) if count.isdecimal() else 0
    return [environ.get(f"GIT_PUSH_OPTION_{index}", "") for index in range(number)]
