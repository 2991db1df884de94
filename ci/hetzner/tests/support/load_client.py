"""Clients that ask a server many things at once, at little cost: their own work is measured too."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

PATIENCE = 60.0  # seconds in which some client gets a part of its answer


@dataclass
class _Asking:
    """One client that waits for the answer to one request."""

    number: int
    request: bytes
    began: float  # of time.perf_counter
    answer: bytes = b""


def deliver_all(
    address: tuple[str, int], requests: Iterable[bytes], clients: int
) -> Sequence[tuple[bytes, float]]:
    """Return each answer with the seconds that it took; each client sends one after the other.

    A request fits into the buffer of a socket, and its answer ends the connection.
    Raises OSError, also TimeoutError.
    """
    waiting = iter(enumerate(requests))
    answers: dict[int, tuple[bytes, float]] = {}
    with selectors.DefaultSelector() as selector:
        for _ in range(clients):
            _begin(selector, address, waiting)
        while selector.get_map():
            ready = selector.select(PATIENCE)
            if not ready:
                raise TimeoutError(f"expected an answer within {PATIENCE:g} s, there was none")
            for key, _ in ready:
                if ended := _go_on(selector, key):
                    took = time.perf_counter() - ended.began
                    answers[ended.number] = ended.answer, took
                    _begin(selector, address, waiting)
    return [answers[number] for number in sorted(answers)]


def _begin(
    selector: selectors.BaseSelector,
    address: tuple[str, int],
    waiting: Iterator[tuple[int, bytes]],
) -> None:
    """Let a client connect for its next request, if there is one."""
    for number, request in waiting:
        asking = _Asking(number, request, time.perf_counter())
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(address)
        selector.register(client, selectors.EVENT_WRITE, asking)
        return


def _go_on(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> _Asking | None:
    """Send the request or receive a part of the answer; return the client at its end."""
    asking: _Asking = key.data
    client = key.fileobj
    assert isinstance(client, socket.socket)
    if asking.request:
        asking.request = asking.request[client.send(asking.request) :]
        if not asking.request:
            selector.modify(client, selectors.EVENT_READ, asking)
        return None
    if piece := client.recv(1 << 16):
        asking.answer += piece
        return None
    selector.unregister(client)
    client.close()
    return asking
