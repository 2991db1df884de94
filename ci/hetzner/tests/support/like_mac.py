"""Runs a program in a Python that lacks what macOS lacks: `like_mac.py PROGRAM [ARGUMENT…]`.

The names that Python does not have there are removed, and no file below /proc can be opened. So a
program that uses one of them outside a guard ends with an error.
"""

from __future__ import annotations

import fcntl
import os
import resource
import runpy
import select
import signal
import socket
import sys
import time
from types import ModuleType

# "Availability: Linux", or "not macOS", in the documentation of these modules; O_TMPFILE stays,
# since `tempfile` may have been imported by now and relies on it
LACKING: dict[ModuleType, str] = {
    os: (
        "copy_file_range eventfd fdatasync getrandom memfd_create pidfd_open pipe2 posix_fadvise "
        "posix_fallocate sched_getaffinity sched_setaffinity setns splice timerfd_create unshare "
        "waitid getxattr listxattr removexattr setxattr getresuid getresgid setresuid setresgid "
        "O_DIRECT O_NOATIME O_PATH O_RSYNC RTLD_DEEPBIND"
    ),
    signal: "SIGRTMIN SIGRTMAX SIGPOLL SIGPWR SIGSTKFLT pidfd_send_signal sigtimedwait",
    select: "epoll",
    resource: "prlimit",
    fcntl: "F_SETLEASE F_GETLEASE F_SETSIG F_GETSIG F_NOTIFY F_ADD_SEALS F_OFD_SETLK",
    socket: "SO_PEERCRED AF_NETLINK",
    time: "CLOCK_BOOTTIME CLOCK_TAI pthread_getcpuclockid",
}


def refuse(event: str, arguments: tuple[object, ...]) -> None:
    """Fail as macOS does to open or list anything below /proc: an audit hook (PEP 578)."""
    if event in ("open", "os.listdir", "os.scandir") and str(arguments[0]).startswith("/proc"):
        raise FileNotFoundError(2, "macOS has no /proc", arguments[0])


def main() -> None:
    """Take away what there is not on macOS, and run the program."""
    for module, names in LACKING.items():
        for name in names.split():
            if hasattr(module, name):
                delattr(module, name)
    sys.platform = "darwin"
    sys.addaudithook(refuse)
    sys.argv.pop(0)
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
