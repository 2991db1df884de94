"""Runs a function in a process of another user."""

from __future__ import annotations

import os
import traceback
import unittest
from collections.abc import Callable

NOBODY = 65534


def as_nobody(case: unittest.TestCase, what: Callable[[], object]) -> None:
    """Call a function as a user without rights; fail if it raises. Only for root.

    It has to have imported all modules before: the interpreter may be root's alone.
    """
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            what()
            code = 0
        except BaseException:  # noqa: BLE001 - told by the exit code
            traceback.print_exc()
        finally:
            os._exit(code)
    case.assertEqual(os.waitpid(pid, 0)[1], 0)
