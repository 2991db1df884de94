"""Each call of each body is made to fail in turn, on a stage with stand-ins for the tools."""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bodies import body_stage
from tests.bodies.body_stage import BODIES, Done, OnStage

# calls by which a body finds something out: another answer is no failure of its work
PROBES = ("find_spec",)


class TestEveryCall(OnStage):
    def test_body_fails_when_any_of_its_calls_fails(self) -> None:
        turns = [
            (body, call)
            for body in BODIES
            for call in sorted(set(self.make().run(body).calls))
            if not any(probe in call for probe in PROBES)
        ]
        self.assertGreater(len(turns), 60)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for (body, call), done in zip(turns, pool.map(self._fail, turns), strict=True):
                with self.subTest(body, call=call):
                    self.assertIn(call, done.calls)
                    self.assertNotIn(done.code, (0, 5), done.text)

    def test_exit_code_5_of_a_tool_is_no_pass_of_a_body(self) -> None:
        turns = [
            (body, call)
            for body in BODIES
            for call in sorted(set(self.make().run(body).calls))
            if "pytest" not in call and not any(probe in call for probe in PROBES)
        ]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            ended = pool.map(lambda turn: self._fail(turn, FAIL_CODE="5"), turns)
            for (body, call), done in zip(turns, ended, strict=True):
                with self.subTest(body, call=call):
                    self.assertNotIn(done.code, (0, 5), done.text)

    @staticmethod
    def _fail(turn: tuple[str, str], **extra: str) -> Done:
        with tempfile.TemporaryDirectory() as root:
            return body_stage.make(Path(root).resolve()).run(turn[0], FAIL=turn[1], **extra)

    def test_servers_fail_when_any_of_their_calls_fails_and_are_not_promised(self) -> None:
        calls = sorted(set(self.calls_of_warm_servers()))
        calls = [call for call in calls if not any(probe in call for probe in PROBES)]
        self.assertGreater(len(calls), 6)
        for call in calls:
            with self.subTest(call):
                done = self.warmed(FAIL=call)
                self.assertIn(call, done.calls)
                self.assertNotIn(done.code, (0, 5), done.text)
                self.assertFalse((self.stage.work / "jupyter-servers").exists())
