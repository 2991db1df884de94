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
    """Overwrite the values of secrets; `os.environ` stays. `names` are further secrets."""
    import ctypes  # late: it takes milliseconds, and few processes need it

    libc = ctypes.CDLL(None)
    libc.getenv.restype = ctypes.c_void_p
    for name in os.environ:
        if redact.is_secret(name, os.environ, names) and name != "CI_SECRETS":
            address = libc.getenv(os.fsencode(name))
            if address:
                ctypes.memset(address, ord("*"), len(ctypes.string_at(address)))
