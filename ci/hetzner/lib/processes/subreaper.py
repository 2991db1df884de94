"""Makes this process the parent of its orphaned descendants (Linux).

Without it a grandchild that outlives its parent goes to pid 1, and only its environment shows whose
it was. Source: prctl(2), PR_SET_CHILD_SUBREAPER; children do not inherit it.
"""

from __future__ import annotations

import sys

PR_SET_CHILD_SUBREAPER, PR_GET_CHILD_SUBREAPER = 36, 37


def adopt() -> bool | None:
    """Become the subreaper; return whether it was one before, None if it cannot be one."""
    if sys.platform != "linux":
        return None
    import ctypes  # late: Linux alone has the call

    libc = ctypes.CDLL(None, use_errno=True)
    before = ctypes.c_int()
    if libc.prctl(PR_GET_CHILD_SUBREAPER, ctypes.byref(before), 0, 0, 0):
        return None
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        return None
    return bool(before.value)


def release(before: bool | None) -> None:
    """Restore the state before `adopt`."""
    if before is False:
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
