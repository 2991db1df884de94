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
# for the commands of the example: a build, its check, a linter, a database
MAKEFILE = """\
tool:
\tmkdir -p out && echo built >out/tool && echo said >out/tool.log
check:
\tgrep -q built "$(TOOL)"
\tkill -0 $$(cat db.ready)
"""


class TestExample(unittest.TestCase):
    @needs_own_readme
    def test_example_is_a_whole_pipeline(self) -> None:
        (example,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
        root = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        repo, tools = root / "repo", root / "tools"
        for directory in (repo / "src", tools):
            directory.mkdir(parents=True)
        ours = TOP / "ci" / "hetzner"
        runner = repo / "ci" / "hetzner"
        without = shutil.ignore_patterns("buckaroo", "commit", "__pycache__")
        shutil.copytree(ours / "lib", runner / "lib", ignore=without)
        shutil.copy(ours / "dsl.py", runner)
        (repo / "Makefile").write_text(MAKEFILE)
        (repo / "src" / "tool.c").touch()
        for program, text in ((tools / "ruff", "#!/bin/sh\n"), (repo / "serve-db", SERVE_DB)):
            program.write_text(text)
            program.chmod(0o755)
        path = f"{tools}{os.pathsep}{os.environ['PATH']}"
        git = ["git", "-c", "user.name=t", "-c", "user.email=t@localhost"]
        for words in (["init", "-q"], ["add", "src"], ["commit", "-qm", "first"]):
            subprocess.run([*git, *words], cwd=repo, check=True)
        for outcome in ("passed", "restored"):
            done = subprocess.run(
                [sys.executable, "-c", example, "--fast-fail"],
                cwd=repo,
                env=os.environ | {"PATH": path},
                capture_output=True,
                text=True,
                check=False,
            )
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            (link,) = (repo / ".cache" / "runs" / "logs").iterdir()
            summary = json.loads((link / "summary.json").read_text())
            outcomes = {job["name"]: job["outcome"] for job in summary["jobs"]}
            self.assertEqual(outcomes.pop("build"), outcome)
            self.assertEqual(set(outcomes.values()), {"passed"})
        self.assertTrue((repo / "logs.tgz").exists())


if __name__ == "__main__":
    unittest.main()
