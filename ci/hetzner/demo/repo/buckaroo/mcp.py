"""A tool server for language models: JSON-RPC 2.0, one message a line, over standard input."""

from __future__ import annotations

import json
import sys

from buckaroo.table import summarize

TOOL = {
    "name": "summarize",
    "description": "Summarize the columns of rows",
    "inputSchema": {"type": "object", "properties": {"rows": {"type": "array"}}},
}


def answer(line: str) -> dict[str, object] | None:
    """Return the answer to one message, None for a notification."""
    try:
        message = json.loads(line)
    except ValueError as error:
        return _error(None, -32700, f"Parse error: {error}")
    if not isinstance(message, dict) or "method" not in message:
        return _error(None, -32600, "Invalid Request")
    if "id" not in message:
        return None
    method, params = message["method"], message.get("params") or {}
    if method == "initialize":
        result: object = {"protocolVersion": "2025-06-18", "serverInfo": {"name": "buckaroo"}}
    elif method == "tools/list":
        result = {"tools": [TOOL]}
    elif method == "tools/call" and params.get("name") == TOOL["name"]:
        text = json.dumps(summarize(params.get("arguments", {}).get("rows", [])))
        result = {"content": [{"type": "text", "text": text}]}
    else:
        return _error(message["id"], -32601, f"Method not found: {method}")
    return {"jsonrpc": "2.0", "id": message["id"], "result": result}


def _error(number: object, code: int, text: str) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": text}}


def main() -> None:
    """Answer until the input ends."""
    for line in sys.stdin:
        reply = answer(line)
        if reply is not None:
            print(json.dumps(reply), flush=True)
