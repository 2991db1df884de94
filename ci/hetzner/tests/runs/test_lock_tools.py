"""The lock check with real uv, pnpm and interpreters, on a small project without dependencies."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import unittest
import unittest.mock
from pathlib import Path

from lib.buckaroo import demo, environments, pythons, settings
from lib.buckaroo.install_step import LockcheckError
from lib.buckaroo.lock_files import Lockcheck
from lib.buckaroo.node_modules import NODE_MODULES
from lib.processes import process_table

PYPROJECT = """\
[project]
name = "small"
version = "1"
requires-python = ">=3.11"
optional-dependencies = { mcp = [] }

[dependency-groups]
dev = []
"""
MEMBERS: dict[
    str, dict[str, object]
] = {  # each needs another, so that pnpm makes a node_modules for it
    "": {"name": "top", "private": True, "devDependencies": {"buckaroo-js-core": "workspace:*"}},
    "js": {"name": "buckaroo-widget", "dependencies": {"buckaroo-js-core": "workspace:*"}},
    "buckaroo-js-core": {"name": "buckaroo-js-core", "devDependencies": {"leaf": "workspace:*"}},
    "leaf": {"name": "leaf"},
}


class RealLockcheck(unittest.TestCase):
    versions: list[str]

    @classmethod
    def setUpClass(cls) -> None:
        tools = demo.provide_tools(settings.load_anywhere().state_dir, print)
        path = f"{tools}{os.pathsep}{os.environ['PATH']}"
        cls.enterClassContext(unittest.mock.patch.dict(os.environ, {"PATH": path}))
        for tool in ("uv", "pnpm"):
            if not shutil.which(tool):
                raise AssertionError(f"expected {tool} on PATH, found none: install node with npm")
        cls.versions = [version for version in pythons.VERSIONS if pythons.find(version)]

    def setUp(self) -> None:
        self.home = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        self.tree = self.home / "tree"
        self.packages = self.tree / "packages"
        (self.packages / "js").mkdir(parents=True)
        (self.tree / "pyproject.toml").write_text(PYPROJECT)
        self.members(MEMBERS)
        (self.packages / "pnpm-workspace.yaml").write_text("packages: ['*']\n")
        environ = os.environ | {
            "CI_STATE_DIR": str(self.home / "state"),
            "CI_REPO_DIR": str(self.tree),
        }
        self.config = settings.load(None, environ)
        self.lock()
        self.check = Lockcheck(
            self.config, self.tree, self.home / "log", self.versions, lambda line: None
        )

    def members(self, members: dict[str, dict[str, object]]) -> None:
        for name, content in members.items():
            (self.packages / name).mkdir(exist_ok=True)
            (self.packages / name / "package.json").write_text(json.dumps(content))

    def lock(self) -> None:
        python = pythons.find(self.versions[0])
        # with another store pnpm asks whether it may remove node_modules
        env = settings.job_environment(self.config, os.environ) | {"CI": "1"}
        for argv, cwd in (
            (["uv", "lock", "--quiet", "--python", python], self.tree),
            (["pnpm", "install", "--lockfile-only", "--no-frozen-lockfile"], self.packages),
        ):
            subprocess.run(argv, cwd=cwd, env=env, check=True, capture_output=True)

    def fails(self, step: str) -> None:
        with self.assertRaisesRegex(LockcheckError, f"{step}.*see {self.home / 'log'}"):
            self.check.rebuild()
        self.assertFalse(self.check.valid())

    def environments(self, tree: Path | None = None) -> list[Path | None]:
        venvs = self.config.venvs_dir
        return [environments.find(venvs, tree or self.tree, v) for v in self.versions]

    def test_rebuild_makes_every_environment_and_all_node_modules(self) -> None:
        self.check.rebuild()
        self.assertEqual(self.check.reason(), "")
        found = [
            pythons.version_of(made / "bin" / "python") for made in self.environments() if made
        ]
        self.assertEqual(found, self.versions)
        self.assertEqual([n for n in NODE_MODULES if not (self.tree / n).is_dir()], [])
        core = self.packages / "js" / "node_modules" / "buckaroo-js-core"
        self.assertEqual(core.resolve(), self.packages / "buckaroo-js-core")

    def test_changed_lock_file_rebuilds_from_nothing(self) -> None:
        self.check.rebuild()
        junk = [self.tree / name / "junk" for name in NODE_MODULES]
        for path in junk:
            path.mkdir()
        self.members({"leaf": {"name": "leaf", "dependencies": {"buckaroo-widget": "workspace:*"}}})
        self.lock()
        self.assertEqual(self.check.reason(), "packages/pnpm-lock.yaml changed")
        self.check.rebuild()
        self.assertTrue(self.check.valid())
        self.assertEqual([path for path in junk if path.exists()], [])

    def test_package_that_needs_nothing_has_no_node_modules_to_miss(self) -> None:
        self.members({"js": {"name": "buckaroo-widget"}})
        self.lock()
        self.check.rebuild()
        self.assertFalse((self.packages / "js" / "node_modules").exists())
        self.assertTrue(self.check.valid())

    def test_lock_file_that_does_not_fit_is_the_tools_error(self) -> None:
        self.check.rebuild()
        changed = PYPROJECT.replace("mcp = []", "other = []")
        (self.tree / "pyproject.toml").write_text(changed)
        self.fails("prepare_python.sh")

    def test_uv_lock_that_makes_no_sense_is_the_tools_error(self) -> None:
        (self.tree / "uv.lock").write_text("= no toml")
        self.fails("prepare_python.sh")

    def test_pnpm_lock_that_makes_no_sense_is_the_tools_error(self) -> None:
        (self.packages / "pnpm-lock.yaml").write_text("{ no: yaml: ]")
        self.fails("node_modules.sh")

    def test_pnpm_lock_that_does_not_fit_is_the_tools_error(self) -> None:
        self.members({"js": {"name": "buckaroo-widget", "dependencies": {"leaf": "workspace:*"}}})
        self.fails("node_modules.sh")

    def test_environment_of_another_version_is_replaced(self) -> None:
        if len(self.versions) < 2:
            self.skipTest(f"needs two of Python {', '.join(pythons.VERSIONS)} on this machine")
        first, second = self.versions[:2]
        python = pythons.find(second)
        wrong = environments.place(self.config.venvs_dir, self.tree, second, python)
        argv = ["uv", "venv", "--quiet", "--python", pythons.find(first), str(wrong)]
        subprocess.run(argv, check=True)
        self.check.rebuild()
        self.assertEqual(pythons.version_of(wrong / "bin" / "python"), second)

    def test_checkouts_share_environments_and_none_has_the_project(self) -> None:
        self.check.rebuild()
        ours = self.environments()
        other = self.home / "other"
        shutil.copytree(self.tree, other, symlinks=True)
        theirs = Lockcheck(self.config, other, self.home / "log", self.versions, lambda line: None)
        self.assertEqual(theirs.reason(), "")
        self.assertEqual(self.environments(other), ours)
        installed = [*self.config.venvs_dir.glob("*/lib/*/site-packages/small*")]
        self.assertEqual(installed, [])

    def test_no_process_stays_behind(self) -> None:
        self.check.rebuild()
        look = process_table.table()
        part = f"{process_table.run_id(look, os.getpid())}/rebuild"
        left = [p for p in look.all() if p.alive and part in look.tag(p.pid).split(":")]
        self.assertEqual(left, [])


if __name__ == "__main__":
    unittest.main()
