"""The README's example, run as it stands: a library that works in any repository.

Only dsl.py and lib/ are there, without the rooms of buckaroo.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from tests.support.own_repository import README, TOP, needs_own_readme

SERVE_DB = """#!/bin/sh
echo $$ >pid
mv pid "${1#--ready-file=}"
exec sleep 1000
"""
# for the commands of the example: a build, its tests, a linter, a database
MAKEFILE = """\
out/tool: src/tool.c
\tmkdir -p out && echo built >out/tool && echo said >out/tool.log
"""
PYTEST = """#!/bin/sh
grep -q built "$CI_OUT_BUILD_TOOL" && kill -0 "$(cat db.ready)" || exit 2
failure= code=0
[ ! -e bad ] || { failure="<failure/>" code=1; }
[ "$2" != -k ] || echo "$3" >>filters
cat >"${1#--junit-xml=}" <<-END
<testsuite name="pytest">
<testcase classname="tests.test_tool" name="test_it">$failure</testcase>
</testsuite>
END
exit $code
"""


@needs_own_readme
class TestExample(unittest.TestCase):
    def setUp(self) -> None:
        root = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        self.repo, tools = root / "repo", root / "tools"
        for directory in (self.repo / "src", tools):
            directory.mkdir(parents=True)
        ours = TOP / "ci" / "hetzner"
        runner = self.repo / "ci" / "hetzner"
        without = shutil.ignore_patterns("buckaroo", "commit", "__pycache__")
        shutil.copytree(ours / "lib", runner / "lib", ignore=without)
        shutil.copy(ours / "dsl.py", runner)
        (example,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
        (self.repo / "ci.py").write_text(example)
        (self.repo / "Makefile").write_text(MAKEFILE)
        (self.repo / "src" / "tool.c").touch()
        for program, text in (
            (tools / "ruff", "#!/bin/sh\n"),
            (tools / "pytest", PYTEST),
            (self.repo / "serve-db", SERVE_DB),
        ):
            program.write_text(text)
            program.chmod(0o755)
        self.path = f"{tools}{os.pathsep}{os.environ['PATH']}"
        git = ["git", "-c", "user.name=t", "-c", "user.email=t@localhost"]
        for words in (["init", "-q"], ["add", "src"], ["commit", "-qm", "first"]):
            subprocess.run([*git, *words], cwd=self.repo, check=True)

    def call(self, command: str, code: int) -> str:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.repo,
            env=os.environ | {"PATH": self.path},
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def test_example_is_a_whole_pipeline(self) -> None:
        for outcome in ("passed", "restored", "passed"):
            self.call(f"{sys.executable} ci.py --fast-fail", 0)
            (link,) = (self.repo / ".cache" / "runs" / "logs").iterdir()
            summary = json.loads((link / "summary.json").read_text())
            outcomes = {job["name"]: job["outcome"] for job in summary["jobs"]}
            self.assertEqual(outcomes.pop("build"), outcome)
            self.assertEqual(set(outcomes.values()), {"passed"})
            if outcome == "restored":  # a change of the key for which make has nothing to do
                (self.repo / "src" / "notes").touch()
        self.assertTrue((self.repo / "logs.tgz").exists())

    def test_failed_test_is_named_and_run_again_alone(self) -> None:
        (self.repo / "bad").touch()
        told = self.call(f"{sys.executable} ci.py", 1)
        self.assertIn("FAILED tests.test_tool::test_it\n", told)
        (again,) = re.findall(r"run it again: (.*)", told)
        self.assertFalse((self.repo / "filters").exists())
        (self.repo / "bad").unlink()
        self.call(again, 0)
        self.assertIn("test_it", (self.repo / "filters").read_text())


if __name__ == "__main__":
    unittest.main()
