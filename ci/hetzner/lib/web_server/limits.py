"""The limits of the server: sizes in bytes, times in seconds."""

from __future__ import annotations

from dataclasses import dataclass

MB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """How much of everything the server gives to its clients.

    Times are those of a whole step, not of one packet: a client that sends a byte each second is
    cut off all the same.
    """

    connections: int = 256  # at a time; each has a thread
    head_bytes: int = 16 * 1024  # request line and headers
    headers: int = 100
    body_bytes: int = 25 * MB  # docs.github.com/en/webhooks/webhook-events-and-payloads
    bodies_bytes: int = 100 * MB  # of all requests that are being read or answered
    head_seconds: float = 10.0
    body_seconds: float = 30.0
    write_seconds: float = 30.0  # that a client may keep an answer waiting
    write_rate: float = 10_000.0  # bytes that it takes to be forgiven one second of that
    linger_seconds: float = 2.0  # for a client to read why its request was refused
    close_seconds: float = 3.0  # for answers under way when the server ends
