"""Gives ranges of a file back to the file system; the file keeps its size (fallocate(2)).

The place of such a range is called a hole, and reads as zeros. Linux has the call, and most of its
file systems do.
"""

from __future__ import annotations

import errno
import os
import sys

PUNCH_HOLE, KEEP_SIZE = 2, 1  # FALLOC_FL_* in include/uapi/linux/falloc.h


def punch(handle: int, begin: int, end: int) -> None:
    """Make a hole of the bytes from `begin` to `end`, but for parts of blocks at both ends.

    `handle` must be open for writing. Writers that append are not disturbed. Raises OSError: with
    EOPNOTSUPP where the system or the file system has no holes.
    """
    if sys.platform != "linux":
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
    import ctypes  # late: only a file that has grown too large needs it

    call = ctypes.CDLL(None, use_errno=True).fallocate
    call.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long]
    if call(handle, PUNCH_HOLE | KEEP_SIZE, begin, end - begin):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
