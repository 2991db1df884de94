"""One connection: it receives a request and sends an answer, each within its time."""

from __future__ import annotations

import contextlib
import socket
import struct
import time

from lib.web_server.limits import Limits
from lib.web_server.request_head import RefusedError

PIECE = 1 << 16  # bytes
END = b"\r\n\r\n"
RESET = struct.pack("ii", 1, 0)  # lingers for 0 s: socket(7), SO_LINGER


class SilentClientError(Exception):
    """A client that closed its connection, or kept it, without a request."""


class Connection:
    """The socket of one client.

    `waits_since` is the time since which the server waits for this client; None while it does not.
    """

    def __init__(self, client: socket.socket, limits: Limits) -> None:
        self.waits_since: float | None = time.monotonic()
        self.held = 0  # bytes of its body, reserved
        self.was_cut = False  # another client needed its slot
        self.sent = 0  # bytes
        self.fault: OSError | None = None  # of `send`; one of the application is another
        self._client = client
        self._limits = limits
        self._rest = b""  # received behind the head
        self._patience = limits.write_seconds

    def read_head(self) -> bytes:
        """Return the head of a request, without the empty line. Raises OSError."""
        deadline = time.monotonic() + self._limits.head_seconds
        data = bytearray()
        while END not in data:
            if len(data) > self._limits.head_bytes:
                break
            try:
                piece = self._receive(PIECE, deadline)
            except TimeoutError:
                piece = b""
                if data:
                    raise RefusedError("408 Request Timeout", "expected headers in time") from None
            if not piece:
                if data:
                    raise RefusedError(
                        "400 Bad Request", "expected an empty line behind the headers"
                    )
                raise SilentClientError
            data += piece
        head, _, rest = bytes(data).partition(END)
        if len(head) > self._limits.head_bytes:
            expected = f"expected {self._limits.head_bytes} bytes of headers at most"
            raise RefusedError("431 Request Header Fields Too Large", expected)
        self._rest = rest
        return head

    def read_body(self, length: int) -> bytes:
        """Return the body of a request. Raises RefusedError, OSError."""
        deadline = time.monotonic() + self._limits.body_seconds
        pieces, missing = [self._rest[:length]], length - len(self._rest)
        while missing > 0:
            try:
                piece = self._receive(min(PIECE, missing), deadline)
            except TimeoutError:
                raise RefusedError("408 Request Timeout", "expected the body in time") from None
            if not piece:
                raise RefusedError("400 Bad Request", f"expected {length} bytes of body")
            pieces.append(piece)
            missing -= len(piece)
        self.waits_since = None
        return b"".join(pieces)

    def send(self, data: bytes) -> None:
        """Send all of it. Raises TimeoutError if the client takes too little, OSError."""
        began = self.waits_since = time.monotonic()
        left = memoryview(data)
        try:
            while left:
                patience = self._patience - (time.monotonic() - began)
                if patience <= 0:
                    raise TimeoutError("the client did not take the answer in time")
                self._client.settimeout(patience)
                count = self._client.send(left)
                left = left[count:]
                self.sent += count
                gained = self._patience + count / self._limits.write_rate
                self._patience = min(self._limits.write_seconds, gained)
        except OSError as error:
            self.fault = error
            raise
        finally:
            self._patience -= time.monotonic() - began
            self.waits_since = None

    def is_gone(self) -> bool:
        """Whether the client has closed its end."""
        try:
            self._client.setblocking(False)
            return not self._client.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def linger(self) -> None:
        """Let the client read the answer: what it still sends would reset the connection.

        Source: RFC 9112, section 9.6.
        """
        self.waits_since = time.monotonic()
        deadline = time.monotonic() + self._limits.linger_seconds
        with contextlib.suppress(OSError):
            self._client.shutdown(socket.SHUT_WR)
            while self._receive(PIECE, deadline):
                pass

    def reset(self) -> None:
        """Have `close` tell the client that its answer is incomplete."""
        with contextlib.suppress(OSError):
            self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    def cut(self) -> None:
        """End each wait for this client; another thread calls this before `close`."""
        self.was_cut = True
        with contextlib.suppress(OSError):
            self._client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close it."""
        self._client.close()

    def _receive(self, size: int, deadline: float) -> bytes:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._client.settimeout(left)
        return self._client.recv(size)
