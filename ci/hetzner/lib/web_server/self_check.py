"""Whether a server answers requests: its own program asks it, as a client does."""

from __future__ import annotations

import socket
import time


def answers(address: tuple[str, int], path: str, seconds: float) -> bool:
    """Whether the server answers a request for this path in time, whatever the answer says."""
    deadline = time.monotonic() + seconds
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = b""
    try:
        with socket.create_connection(address, seconds) as asking:
            asking.sendall(request.encode())
            while b"\r\n" not in answer:
                asking.settimeout(max(0.001, deadline - time.monotonic()))
                piece = asking.recv(4096)
                if not piece:
                    return False
                answer += piece
    except OSError:
        return False
    return answer.startswith(b"HTTP/1.1 ")
