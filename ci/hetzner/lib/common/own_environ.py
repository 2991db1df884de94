"""Hides the secrets that /proc/<pid>/environ shows of this very process.

To every process of the same user the kernel shows the memory that held the environment at the start
(proc(5)): a job could read secrets by `cat /proc/$PPID/environ`. Python has a copy of its own
(os.environ), so the original can be overwritten.
"""

from __future__ import annotations

import os
from collections.abc import Collection

from lib.common import redact


def hide_secrets(names: Collection[str] = ()) -> None:
    """Overwrite the values of secrets; `os.environ` stays. `names` are further secrets.

    A program that is started later needs `env=os.environ` to get them. Call it before a variable is
    set: the copy that this makes would be overwritten in place of the original.
    """
    secret = [name for name, value in os.environ.items() if value and _is_hidden(name, names)]
    if not secret:
        return
    import ctypes  # late: it takes milliseconds, and few processes need it

    libc = ctypes.CDLL(None)
    libc.getenv.restype = ctypes.c_void_p
    for name in secret:
        address = libc.getenv(os.fsencode(name))
        if address:
            ctypes.memset(address, ord("*"), len(ctypes.string_at(address)))


def _is_hidden(name: str, names: Collection[str]) -> bool:
    return name != "CI_SECRETS" and redact.is_secret(name, os.environ, names)
