"""Names of branches for tests: a table with git's verdict on each, and random ones."""

from __future__ import annotations

import random
from collections.abc import Iterator

GOOD = (
    *("main", "a", "a/b", "feature/long-name_1.2", "@", "a@b", "@a", "a@", "{a}", "a{", "ü/名"),
    *("a.b", "a.lockx", "a.lock.b", "lock", "a-", "a/-b", "'a'", '"a"', "$(a)", "a;b", "a&b"),
    *("a|b", "<a>", "a%b", "!a", "#1", "a,b", "=", "+a", "refs/heads/a", "HEADs", "a/HEAD", "\x80"),
    *("\x85", "\u2028", "\u202e", "\ufeff"),
)
BAD = (
    *("", "/", "/a", "a/", "a//b", ".", "..", ".a", "a/.b", "a.", "a/b.", "a..b", "a.lock"),
    *("a.lock/b", ".lock", "a/.lock", "a b", " a", "a ", "a~", "a^", "a:b", "a?", "a*", "a[b"),
    *("a\\b", "a@{b", "@{", "@{-1}", "a\tb", "a\nb", "a\n", "\x1b[2J", "a\x7f", "a\x01b"),
)
# git takes them, but they are no branch for us
OURS = ("-a", "--all", "-", "HEAD", "a" * 256, "ü" * 128)
PIECES = (
    *("a", "b", "Z", "0", "-", "_", "/", ".", "..", "//", "@", "{", "@{", ".lock", "lock", "~"),
    *("^", ":", "?", "*", "[", "]", "\\", " ", "\x7f", "\x01", "ü", "名", "'", "$", "!", "%"),
)


def drawn(seed: int, count: int) -> Iterator[str]:
    """Yield random names of one to six pieces, most of them near a rule."""
    draw = random.Random(seed)
    for _ in range(count):
        yield "".join(draw.choices(PIECES, k=draw.randint(1, 6)))
