"""Things that a job may put in the place of a file, by the runner's word for each."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


IN_THE_WAY: dict[str, Callable[[Path], None]] = {
    "a pipe": os.mkfifo,
    "a directory": Path.mkdir,
    "a socket": _socket,
    "a symlink": lambda path: path.symlink_to("nowhere"),
}
# the same, as a job does it
COMMANDS = {
    "a pipe": "mkfifo {}",
    "a directory": "mkdir {}",
    "a symlink": "ln -s nowhere {}",
}
