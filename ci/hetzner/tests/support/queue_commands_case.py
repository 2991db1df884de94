"""Calls commands of a queue of its own, in this process."""

from __future__ import annotations

import contextlib
import io
import json
from typing import Any

from lib.queue_commands import front
from tests.support.queue_case import QueueCase


class QueueCommandsCase(QueueCase):
    def call(self, *words: str) -> tuple[int, str, str]:
        """Return exit code, stdout and stderr of `pipeline.py queue` with these words."""
        out, complaints = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(complaints):
            code = front.main([*words, "--state-dir", str(self.state)], "pipeline.py")
        return code, out.getvalue(), complaints.getvalue()

    def said(self, *words: str) -> str:
        """Return the answer of a command that ends well."""
        code, out, complaints = self.call(*words)
        self.assertEqual((code, complaints), (0, ""), words)
        return out

    def json(self, *words: str) -> Any:
        return json.loads(self.said(*words, "--json"))

    def refused(self, code: int, sentence: str, *words: str) -> None:
        """Assert that a command ends with this code and a sentence that holds these words."""
        found, out, complaints = self.call(*words)
        self.assertEqual((found, out), (code, ""))
        self.assertIn(sentence, complaints)
        self.assertEqual(complaints.count("\n"), 1)
