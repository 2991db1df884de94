"""Warms JupyterLab servers up, and resets one for its next use. Runs in their environment.

`jupyter_warm.py warm URL…` waits until each server answers, starts a kernel, waits over its
WebSocket until it is idle, and deletes it. `jupyter_warm.py reset URL` ends its sessions and
kernels and drops its saved workspaces. The token is JUPYTER_TOKEN.

Source: the REST API of Jupyter Server, and "Messaging in Jupyter" for the kernel's status.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Sequence
from typing import Any

PATIENCE = 120.0  # seconds for a server to answer, and for its kernel to be idle


def request(method: str, url: str, body: object = None) -> Any:
    """Send one request of the REST API; return the decoded answer, None if it is empty."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"token {os.environ['JUPYTER_TOKEN']}"}
    asked = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(asked, timeout=20) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def wait_until_up(server: str) -> None:
    """Wait until the server answers. Raises TimeoutError."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            request("GET", f"{server}/api")
        except (OSError, ValueError) as error:
            if time.monotonic() > end:
                raise TimeoutError(f"{server} did not answer in {PATIENCE:g} s: {error}") from error
            time.sleep(0.1)
        else:
            return


def warm(server: str) -> None:
    """Start a kernel, wait until it is idle, delete it. Raises OSError, TimeoutError."""
    wait_until_up(server)
    kernel = request("POST", f"{server}/api/kernels", {"name": "python3"})["id"]
    try:
        wait_until_idle(server, kernel)
    finally:
        request("DELETE", f"{server}/api/kernels/{kernel}")


def wait_until_idle(server: str, kernel: str) -> None:
    """Ask the kernel for its info and read its messages until it says that it is idle."""
    import websocket  # late: not of the standard library

    address = server.replace("http", "ws", 1) + f"/api/kernels/{kernel}/channels"
    token = os.environ["JUPYTER_TOKEN"]
    connection = websocket.create_connection(
        address, timeout=PATIENCE, header=[f"Authorization: token {token}"]
    )
    header = {
        "msg_id": uuid.uuid4().hex,
        "msg_type": "kernel_info_request",
        "session": uuid.uuid4().hex,
        "username": "ci",
        "version": "5.3",
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": {}}
    end = time.monotonic() + PATIENCE
    try:
        connection.send(json.dumps({**message, "channel": "shell", "buffers": []}))
        while time.monotonic() < end:
            message = json.loads(connection.recv())
            ours = message.get("parent_header", {}).get("msg_id") == header["msg_id"]
            if ours and message["content"].get("execution_state") == "idle":
                return
    finally:
        connection.close()
    raise TimeoutError(f"{server}: its kernel was not idle in {PATIENCE:g} s")


def reset(server: str) -> None:
    """End all sessions and kernels of a server and drop its workspaces. Raises OSError."""
    for kind in ("sessions", "kernels"):
        for item in request("GET", f"{server}/api/{kind}"):
            ignore_missing("DELETE", f"{server}/api/{kind}/{item['id']}")
    listed = request("GET", f"{server}/lab/api/workspaces")
    for name in listed["workspaces"]["ids"]:
        ignore_missing("DELETE", f"{server}/lab/api/workspaces/{name.lstrip('/')}")


def ignore_missing(method: str, url: str) -> None:
    """Send a request; its object may be gone already."""
    try:
        request(method, url)
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise


def side_by_side(action: Callable[[str], None], servers: Sequence[str]) -> list[str]:
    """Call a function for all servers at once; return the errors."""
    problems: list[str] = []

    def work(server: str) -> None:
        try:
            action(server)
        except Exception as error:  # noqa: BLE001 - any error is printed and counts
            problems.append(f"{server}: {type(error).__name__}: {error}")

    threads = [threading.Thread(target=work, args=(server,)) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return problems


def main(arguments: Sequence[str]) -> int:
    """Warm up or reset servers; return 0 if none failed."""
    actions = {"warm": warm, "reset": reset}
    if len(arguments) < 2 or arguments[0] not in actions:
        print("usage: jupyter_warm.py warm URL… | reset URL", file=sys.stderr)
        return 2
    problems = side_by_side(actions[arguments[0]], arguments[1:])
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
