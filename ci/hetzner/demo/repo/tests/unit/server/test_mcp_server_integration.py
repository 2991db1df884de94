import json

import pytest
from mcp_client import talk

pytestmark = pytest.mark.slow


def test_tool_summarizes_rows():
    call = {"name": "summarize", "arguments": {"rows": [{"a": 1}, {"a": 5}]}}
    (answer,) = talk({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call})
    summary = json.loads(answer["result"]["content"][0]["text"])
    assert summary["a"]["max"] == 5
