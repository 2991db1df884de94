"""The library without the rooms of buckaroo, copied into another repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
LIB = HOME / "lib"
OF_BUCKAROO = ("buckaroo", "commit")  # rooms


class Apart(unittest.TestCase):
    """A copy of dsl.py and lib/ without the rooms of buckaroo, in another repository."""

    def setUp(self) -> None:
        self.repo = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        ignored = shutil.ignore_patterns(*OF_BUCKAROO, "__pycache__")
        shutil.copytree(LIB, self.repo / "lib", ignore=ignored)
        shutil.copy(HOME / "dsl.py", self.repo)
        git = ["git", "-c", "user.name=t", "-c", "user.email=t@localhost"]
        for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
            subprocess.run([*git, *arguments], cwd=self.repo, check=True)

    def run_python(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        cleared = ("CI_", "GIT_", "PYTHON")
        env = {n: v for n, v in os.environ.items() if not n.startswith(cleared)}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.repo,
            env=env | {"CI_STATE_DIR": str(self.repo / "state"), **more},
            capture_output=True,
            text=True,
            check=False,
        )

    def test_every_module_can_be_imported(self) -> None:
        lib = self.repo / "lib"
        of_buckaroo = {lib / "lockcheck.py", lib / "settings.py"}
        names = [
            ".".join(path.relative_to(self.repo).with_suffix("").parts)
            for path in lib.rglob("*.py")
            if path.name != "__init__.py" and path not in of_buckaroo
        ]
        done = self.run_python("-c", "".join(f"import {name}\n" for name in ["dsl", *names]))
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_pipeline_with_cache_and_service_runs(self) -> None:
        program = """
import sys
from dsl import Cache, Job, Pipeline
jobs = [
    Job("build", "mkdir out; echo x >out/tool", outputs={"tool": "out/tool"},
        cache=Cache("cat dsl.py", "out", "store")),
    Job("serve", "echo $$ >pid; mv pid ready; exec sleep 100", service=True,
        outputs={"ready": "ready"}),
    Job("test", 'grep x "$CI_OUT_BUILD_TOOL" && kill -0 $(cat ready)', ["build", "serve"]),
]
pipeline = Pipeline(jobs, "HEAD", "main", "logs", cwd=".")
code = pipeline.run()
print("outcomes", *(f"{n}={r.outcome}" for n, r in pipeline.results.items()))
sys.exit(code)
"""
        done = self.run_python("-c", program)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("outcomes build=passed serve=passed test=passed", done.stdout)

    def test_cleaning_up_works(self) -> None:
        for box in ("0", "1"):
            done = self.run_python("lib/cleanup.py", "snapshot", "now", "out", CI_BOX=box)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        done = self.run_python("lib/cleanup.py", "processes")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_cleaning_up_knows_no_leftovers(self) -> None:
        program = "from lib import cleanup; assert cleanup._known() == cleanup.NOTHING"
        done = self.run_python("-c", program)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
