import json
import subprocess
from pathlib import Path

import pytest
from mcp_client import talk

pytestmark = pytest.mark.slow


class TestMcpInstall:
    def test_installed_server_answers(self):
        (answer,) = talk({"jsonrpc": "2.0", "id": 1, "method": "initialize"})
        assert answer["result"]["serverInfo"]["name"] == "buckaroo"

    def test_page_that_a_server_shows_from_here_is_built(self):
        for name in ("widget.js", "compiled.css"):
            assert Path("buckaroo", "static", name).read_text(), name

    def test_uvx_no_stdout_pollution(self):
        command = ["uvx", "--from", "buckaroo[mcp]", "buckaroo-table"]
        done = subprocess.run(command, input="", capture_output=True, text=True, timeout=60)
        assert done.stdout == ""


class TestUvxFailureModes:
    def test_broken_message_is_answered_and_survived(self):
        broken, good = talk("{", {"jsonrpc": "2.0", "id": 2, "method": "tools/list"})
        assert broken["error"]["code"] == -32700
        assert good["result"]["tools"][0]["name"] == "summarize"

    def test_unknown_method_is_an_error(self):
        (answer,) = talk({"jsonrpc": "2.0", "id": 3, "method": json.dumps("x")})
        assert answer["error"]["code"] == -32601
