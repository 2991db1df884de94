"""A docker daemon of a test's own, with one warm container that has the machine's own programs.

Nothing is fetched: the image is empty, and /usr is mounted into it. Needs root and docker.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import tarfile
import unittest
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.waiting import PATIENCE, wait_until

NEEDED = ("dockerd", "docker-init", "containerd", "runc")
CLIENT = Path("/usr/bin/docker")  # another program of this name may come first on PATH
PYTHON = Path("/usr/bin/python3")
LINKS = ("bin", "lib", "lib64")  # to directories in /usr (file-hierarchy(7))
DIRECTORIES = ("usr", "proc", "sys", "dev", "tmp", "opt", "etc", "root", "run", "sbin")
NAME = "ci"


def lacking() -> str:
    """Return what keeps this machine from a daemon of a test's own, '' if nothing does."""
    if os.geteuid() != 0:
        return "needs root"
    missing = [name for name in NEEDED if not shutil.which(name)]
    missing += [str(path) for path in (CLIENT, PYTHON) if not path.exists()]
    if missing:
        return f"needs {', '.join(missing)}"
    if any(not Path("/", link).is_symlink() for link in ("bin", "lib")):
        return "needs a machine whose programs are all in /usr"
    old = [str(PYTHON), "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
    return f"needs {PYTHON} of 3.11" if subprocess.run(old, check=False).returncode else ""


@dataclass
class DockerBox:
    """A daemon and its container."""

    environment: Mapping[str, str]

    def exec(self, variables: Mapping[str, str], *words: str) -> list[str]:
        """Return the command that runs another in the container, as the worker of a box does."""
        names = [word for name in variables for word in ("-e", name)]
        return [str(CLIENT), "exec", "-i", *names, NAME, *words]

    def client(self, *words: str, given: bytes | None = None) -> str:
        """Run the client, and return its output."""
        done = subprocess.run(
            [CLIENT, *words], env=self.environment, input=given, capture_output=True, check=False
        )
        if done.returncode:
            raise OSError(f"docker {words[0]}: {done.stderr.decode().strip()}")
        return done.stdout.decode().strip()

    def processes(self) -> dict[int, str]:
        """Return the processes in the container but its first two: commands by pid out here."""
        rows = [
            row.split(None, 1) for row in self.client("top", NAME, "-eo", "pid,args").split("\n")
        ]
        own = ("docker-init", "/sbin/docker-init", "sleep infinity")
        return {int(pid): args for pid, args in rows[1:] if not args.startswith(own)}


@contextlib.contextmanager
def started(directory: Path, mounts: Sequence[str]) -> Iterator[DockerBox]:
    """Start a daemon with its files in `directory`, and a container with these mounts.

    Raises SkipTest if docker does not run here.
    """
    socket = f"unix://{directory}/docker.sock"
    places = {"pidfile": "pid", "data-root": "data", "exec-root": "exec"}
    own = [f"--{flag}={directory / name}" for flag, name in places.items()]
    network = ("--bridge=none", "--iptables=false", "--ip6tables=false")
    with (directory / "dockerd.log").open("wb") as log:
        daemon = subprocess.Popen(
            ["dockerd", "-H", socket, "--storage-driver=vfs", *own, *network],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    box = DockerBox({**os.environ, "DOCKER_HOST": socket})
    try:
        wait_until(lambda: _answers(box) or daemon.poll() is not None, "a docker daemon")
        if daemon.poll() is not None:
            raise unittest.SkipTest("docker does not run on this machine")
        box.client("import", "-", "ci-test", given=_image())
        volumes = [word for mount in mounts for word in ("-v", mount)]
        words = ("run", "-d", "--init", "--name", NAME, "--network", "host", *volumes)
        box.client(*words, "-v", "/usr:/usr:ro", "ci-test", "sleep", "infinity")
        yield box
    finally:
        if daemon.poll() is None:
            with contextlib.suppress(OSError):  # it was not started
                box.client("rm", "-f", NAME)
            daemon.terminate()
        daemon.wait(PATIENCE)
        left = (directory / "exec" / "netns").glob("*")  # the daemon leaves them mounted
        subprocess.run(["umount", "--quiet", *left], check=False)


def _answers(box: DockerBox) -> bool:
    with contextlib.suppress(OSError):
        return bool(box.client("version"))
    return False


def _image() -> bytes:
    """Return the files of the image, for `docker import`."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name in DIRECTORIES:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        for name in LINKS:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, f"usr/{name}"
            archive.addfile(entry)
    return made.getvalue()
