"""The receiver as a program of its own, and clients that ask it many things at once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Iterable, Sequence
from pathlib import Path

from lib.commit_queue.store import CommitQueue
from tests.support.webhook_case import REPOSITORY, SECRET

HERE = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # seconds for one answer


class ReceiverCase(unittest.TestCase):
    """`start` begins a receiver; `queue` is its queue, `log` what it printed."""

    def setUp(self) -> None:
        self.state = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.queue = CommitQueue(self.state)
        self.addCleanup(self.queue.close)
        self.log = self.state / "receiver.log"
        self.address = ("127.0.0.1", 0)

    def environ(self, **changes: str) -> dict[str, str]:
        secrets = {"WEBHOOK_SECRET": SECRET, "GITHUB_REPO": REPOSITORY}
        return {**os.environ, **secrets, "CI_STATE_DIR": str(self.state), **changes}

    def start(self, *flags: str, **environ: str) -> subprocess.Popen[str]:
        """Begin a receiver; it serves when this returns."""
        with self.log.open("a") as log:
            receiver = subprocess.Popen(
                [sys.executable, str(HERE / "webhook.py"), "--port", "0", *flags],
                env=self.environ(**environ),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.addCleanup(end, receiver)
        assert receiver.stdout
        line = receiver.stdout.readline()
        self.assertRegex(line, r"^receives webhooks at http://.*/webhook$", self.log.read_text())
        self.address = (self.address[0], int(line.rpartition(":")[2].partition("/")[0]))
        return receiver


def end(program: subprocess.Popen[str]) -> None:
    """Kill a program that still runs."""
    program.kill()
    program.wait()
    for pipe in (program.stdin, program.stdout):
        if pipe:
            pipe.close()


async def ask(address: tuple[str, int], request: bytes, *, ends: bool = False) -> bytes:
    """Return the answer to a request; '' if the connection ends without one.

    `ends`: the client closes its end behind the request.
    """
    async with asyncio.timeout(PATIENCE):
        try:
            reader, writer = await asyncio.open_connection(*address)
        except ConnectionError:
            return b""
        try:
            writer.write(request)
            if ends:
                writer.write_eof()
            return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()


async def ask_all(
    address: tuple[str, int], requests: Iterable[bytes], clients: int, *, ends: bool = False
) -> Sequence[tuple[bytes, float]]:
    """Return each answer with the seconds that it took; each client sends one after the other."""
    waiting = iter(enumerate(requests))
    answers: dict[int, tuple[bytes, float]] = {}
    clock = asyncio.get_running_loop().time

    async def client() -> None:
        for number, request in waiting:
            began = clock()
            answer = await ask(address, request, ends=ends)
            answers[number] = answer, clock() - began

    await asyncio.gather(*(client() for _ in range(clients)))
    return [answers[number] for number in sorted(answers)]


def status(answer: bytes) -> int:
    """Return the status of an answer, 0 if there was none."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def free_port(chance: random.Random) -> int:
    """Return a port below those of clients: one that got this port would reach itself."""
    while True:
        port = chance.randrange(21_000, 27_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
