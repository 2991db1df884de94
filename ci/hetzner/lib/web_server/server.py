"""Accepts connections and serves each in a thread."""

from __future__ import annotations

import contextlib
import functools
import os
import selectors
import socket
import threading
import time
from typing import TYPE_CHECKING

from lib.common import threads
from lib.web_server.connection import Connection
from lib.web_server.exchange import Exchange
from lib.web_server.limits import Limits
from lib.web_server.request_log import RequestLog
from lib.web_server.slots import Slots
from lib.web_server.thread_pool import ThreadPool

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

BACKLOG = 1024  # connections that wait for `accept`
PAUSE = 0.1  # seconds to wait when the system is out of descriptors
FULL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Server:
    """Serves an application on an address until `close`. Raises OSError if that cannot be had.

    Each connection has one request. See `Limits` for its bounds.
    """

    def __init__(
        self,
        application: WSGIApplication,
        host: str,
        port: int,
        limits: Limits = Limits(),  # noqa: B008
    ) -> None:
        self._application = application
        self._limits = limits
        self._slots = Slots(limits)
        self._threads = ThreadPool()
        self._log = RequestLog()
        self._listener = _listen(host, port)
        self._listener.setblocking(False)
        self._ended, self._end = os.pipe()
        self._thread = threading.Thread(target=self._accept_all, name="accept", daemon=True)
        self.address: tuple[str, int] = self._listener.getsockname()[:2]

    @property
    def url(self) -> str:
        """Its address; one of IPv6 stands in brackets (RFC 3986, section 3.2.2)."""
        host, port = self.address
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/"

    def start(self) -> None:
        """Begin to serve, in a thread; the signals are left to the main thread."""
        threads.start(self._thread)

    def close(self) -> None:
        """Accept no more, let answers under way end for a while, then close all connections."""
        os.write(self._end, b"x")
        self._thread.join()
        self._listener.close()
        self._slots.close(self._limits.close_seconds)
        self._threads.close()
        os.close(self._ended)
        os.close(self._end)

    def _accept_all(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._ended, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if self._ended in ready:
                    return
                self._accept()

    def _accept(self) -> None:
        try:
            client, peer = self._listener.accept()
        except (BlockingIOError, ConnectionError):
            return  # the client is gone
        except OSError as error:  # no descriptor left, say
            self._log.say(f"accepts no connection: {error}")
            self._slots.cut_longest()
            time.sleep(PAUSE)
            return
        connection = Connection(client, self._limits)
        if not self._slots.enter(connection):
            self._log.say(f"{peer[0]} - 503: all {self._limits.connections} connections are busy")
            client.setblocking(False)
            with contextlib.suppress(OSError):
                client.send(FULL)
            connection.close()
            return
        try:
            self._threads.begin(functools.partial(self._serve, connection, peer[0]))
        except RuntimeError as error:  # no thread left
            self._log.say(f"{peer[0]} - not served: {error}")
            self._slots.leave(connection)

    def _serve(self, connection: Connection, peer: str) -> None:
        try:
            exchange = Exchange(connection, peer, self._slots, self._limits, self._log)
            exchange.serve(self._application, self.address)
        finally:
            self._slots.leave(connection)


def _listen(host: str, port: int) -> socket.socket:
    host = host.removeprefix("[").removesuffix("]")  # as in a URL
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    families = {family for family, *_ in found}
    family = socket.AF_INET if socket.AF_INET in families else socket.AF_INET6
    listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # so of all that it accepts
    return listener
