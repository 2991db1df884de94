"""An sshd of our own on this machine, for one user with one key. It needs openssh-server."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.support.waiting import wait_until

SERVER = """
ListenAddress 127.0.0.1:{port}
HostKey {place}/host
PidFile none
AuthorizedKeysFile {place}/key.pub
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
PermitRootLogin prohibit-password
SetEnv {variables}
"""
CLIENT = """
Host box
  HostName 127.0.0.1
  Port {port}
  User {user}
  IdentityFile {place}/key
  IdentitiesOnly yes
  UserKnownHostsFile {place}/known
  StrictHostKeyChecking accept-new
  LogLevel ERROR
"""


@contextlib.contextmanager
def serve(place: Path, variables: Mapping[str, str]) -> Iterator[list[str]]:
    """Give the words that call ssh to this machine, which end with its name: `ssh … box`.

    `variables` are added to the environment of what is called; `place` is an empty directory.
    """
    program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        raise AssertionError("expected sshd, found none: install openssh-server")
    for name in ("host", "key"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(place / name)]
        subprocess.run(words, check=True)
    with contextlib.suppress(PermissionError):  # sshd insists on it when it is started by root
        Path("/run/sshd").mkdir(exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    user = pwd.getpwuid(os.getuid()).pw_name
    added = " ".join(f'"{name}={value}"' for name, value in variables.items())
    for name, text in (("sshd_config", SERVER), ("config", CLIENT)):
        (place / name).write_text(
            text.format(port=port, place=place, user=user, variables=added or "NONE=1")
        )
    with (place / "sshd.log").open("wb") as log:
        server = subprocess.Popen([program, "-D", "-e", "-f", place / "sshd_config"], stderr=log)
    try:
        wait_until(lambda: server.poll() is not None or _listens(port), "an sshd that listens")
        if server.poll() is not None:
            raise AssertionError(f"sshd ended: {(place / 'sshd.log').read_text()}")
        yield ["ssh", "-F", str(place / "config"), "box"]
    finally:
        server.terminate()
        server.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
