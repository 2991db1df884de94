"""When dependencies count as stale, and what a rebuild runs and records."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import unittest
import unittest.mock
import venv
from pathlib import Path

from lib import lockcheck
from lib.buckaroo import lock_files, settings
from lib.buckaroo.install_step import LockcheckError
from lib.buckaroo.lock_files import LOCK_FILES, NODE_MODULES, Lockcheck
from lib.processes import process_table
from tests.support.waiting import wait_until

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
TOKEN = "token-of-the-runner"


def put(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def program(path: Path, body: str) -> Path:
    put(path, f"#!/bin/sh\n{body}\n").chmod(0o755)
    return path


class WithTree(unittest.TestCase):
    """A checkout with all lock files, a real environment and node_modules; tools are stubs.

    What real tools make of it is in test_lock_tools.py.
    """

    def setUp(self) -> None:
        self.home = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        self.tree = self.home / "tree"
        self.bin = self.home / "bin"
        self.environ = {
            "HOME": str(self.home),
            "PATH": f"{self.bin}{os.pathsep}/usr/bin{os.pathsep}/bin",
            "CI_STATE_DIR": str(self.home / "state"),
            "CI_REPO_DIR": str(self.tree),
            "GITHUB_TOKEN": TOKEN,
        }
        for name in LOCK_FILES:
            put(self.tree / name, f"content of {name}\n")
        (self.bin / f"python{VERSION}").parent.mkdir()
        (self.bin / f"python{VERSION}").symlink_to(sys.executable)
        self.enterContext(unittest.mock.patch.dict(os.environ, self.environ, clear=True))
        self.config = settings.load(None, self.environ, self.home)
        self.environment = self.config.venvs_dir / VERSION
        self.said: list[str] = []

    def check(self, tree: Path | None = None, timeout: float = 30.0) -> Lockcheck:
        log = self.home / "logs" / "rebuild.log"
        say = self.said.append
        return Lockcheck(self.config, tree or self.tree, log, [VERSION], say, timeout)

    def build(self) -> None:
        """Put everything there, and record it."""
        venv.create(self.environment, with_pip=False, symlinks=True)
        for name in NODE_MODULES:
            put(self.tree / name / "x.js")
        self.check().update()

    def build_other(self) -> None:
        """Have another checkout, which is the same but for its place, take the environment."""
        other = self.home / "other"
        shutil.copytree(self.tree, other)
        self.check(other).update()
        self.assertTrue(self.check(other).valid())

    def log(self) -> str:
        return (self.home / "logs" / "rebuild.log").read_text()


class TestValid(WithTree):
    def test_nothing_is_valid_before_it_was_built(self) -> None:
        self.assertEqual(self.check().reason(), "nothing was built before")
        self.assertFalse(self.check().valid())

    def test_recorded_state_is_valid(self) -> None:
        self.build()
        self.assertEqual(self.check().reason(), "")
        self.assertTrue(self.check().valid())

    def test_each_changed_or_deleted_lock_file_is_named(self) -> None:
        self.build()
        for name in LOCK_FILES:
            text = (self.tree / name).read_text()
            put(self.tree / name, text + "x")
            self.assertEqual(self.check().reason(), f"{name} changed")
            (self.tree / name).unlink()
            self.assertEqual(self.check().reason(), f"{name} changed")
            put(self.tree / name, text)
            self.assertEqual(self.check().reason(), "")

    def test_each_missing_node_modules_is_named(self) -> None:
        self.build()
        for name in NODE_MODULES:
            (self.tree / name).rename(self.home / "aside")
            self.assertEqual(self.check().reason(), f"missing: {name}")
            (self.home / "aside").rename(self.tree / name)
        self.assertTrue(self.check().valid())

    def test_missing_environment_is_named(self) -> None:
        self.build()
        shutil.rmtree(self.environment)
        self.assertEqual(self.check().reason(), f"missing: Python {VERSION} environment")

    def test_environment_with_another_interpreter_is_not_valid(self) -> None:
        self.build()
        python = self.environment / "bin" / "python"
        python.unlink()
        program(python, "echo 3.2 /opt/other/python")
        self.assertEqual(self.check().reason(), f"missing: Python {VERSION} environment")

    def test_environment_that_does_not_start_is_not_valid(self) -> None:
        self.build()
        python = self.environment / "bin" / "python"
        python.unlink()
        python.symlink_to("/gone/python")
        self.assertFalse(self.check().valid())

    def test_environment_that_holds_the_code_of_another_checkout_is_not_valid(self) -> None:
        self.build()
        self.build_other()
        elsewhere = f"built for another checkout: Python {VERSION} environment"
        self.assertEqual(self.check().reason(), elsewhere)
        shutil.rmtree(self.tree / NODE_MODULES[0])
        self.assertEqual(self.check().reason(), f"missing: {NODE_MODULES[0]}; {elsewhere}")
        shutil.rmtree(self.environment)
        missing = f"missing: {NODE_MODULES[0]}, Python {VERSION} environment"
        self.assertEqual(self.check().reason(), missing)

    def test_version_that_the_machine_lacks_is_said_once_and_not_missed(self) -> None:
        self.build()
        check = Lockcheck(
            self.config, self.tree, self.home / "log", [VERSION, "3.2"], self.said.append
        )
        self.assertTrue(check.valid())
        self.assertTrue(check.valid())
        self.assertEqual(len(self.said), 1)
        self.assertIn("no Python 3.2 on this machine", self.said[0])

    def test_damaged_record_is_no_record(self) -> None:
        self.build()
        [record] = (self.home / "state" / "work").glob("*.locks.json")
        for damage in (b"", b"{", b"[]", b"\xff\xfe", b'{"uv.lock": 1}'):
            record.write_bytes(damage)
            self.assertFalse(self.check().valid())


class TestRebuild(WithTree):
    def test_failing_uv_step_is_named_and_nothing_is_recorded(self) -> None:
        self.build()
        program(self.bin / "uv", "echo no such version >&2; exit 3")
        with self.assertRaises(LockcheckError) as caught:
            self.check().rebuild()
        for part in ("uv sync --locked", "exit code 0, found 3", "rebuild.log"):
            self.assertIn(part, str(caught.exception))
        self.assertIn("no such version", self.log())
        self.assertEqual(self.check().reason(), "nothing was built before")

    def test_only_the_environment_that_another_checkout_took_is_built_again(self) -> None:
        self.build()
        self.build_other()
        program(self.bin / "uv", "exit 0")  # and no pnpm: it is not to be looked for
        self.check().rebuild()
        self.assertEqual([line.split()[0] for line in self.said], ["uv"])
        self.assertEqual(self.check().reason(), "")
        self.assertTrue((self.tree / NODE_MODULES[0] / "x.js").exists())

    def test_environment_that_could_not_be_built_again_stays_to_be_built(self) -> None:
        self.build()
        self.build_other()
        program(self.bin / "uv", "exit 1")
        with self.assertRaises(LockcheckError):
            self.check().rebuild()
        self.assertEqual(self.check().reason(), f"missing: Python {VERSION} environment")

    def test_only_node_modules_are_installed_again_if_only_they_are_missing(self) -> None:
        self.build()
        shutil.rmtree(self.tree / NODE_MODULES[2])
        program(self.bin / "pnpm", f"mkdir ../{NODE_MODULES[2]}")  # and no uv
        self.check().rebuild()
        self.assertEqual([line.split()[0] for line in self.said], ["pnpm"])
        self.assertEqual(self.check().reason(), "")

    def test_rebuild_that_nothing_asks_for_builds_all_anew(self) -> None:
        self.build()
        for tool in ("uv", "pnpm"):
            program(self.bin / tool, "exit 0")
        self.check().rebuild()
        self.assertEqual([line.split()[0] for line in self.said], ["uv", "pnpm"])

    def test_failing_pnpm_step_is_named_and_nothing_is_recorded(self) -> None:
        self.build()
        program(self.bin / "uv", "exit 0")
        program(self.bin / "pnpm", "echo half done; exit 1")
        with self.assertRaisesRegex(LockcheckError, "pnpm install --frozen-lockfile.*found 1"):
            self.check().rebuild()
        self.assertIn("half done", self.log())
        self.assertFalse(self.check().valid())

    def test_rebuild_that_is_cut_off_counts_as_not_done(self) -> None:
        self.build()
        program(self.bin / "uv", "kill -TERM $PPID; sleep 10")

        class CutOff(BaseException):
            pass

        def cut_off(*_: object) -> None:
            raise CutOff

        before = signal.signal(signal.SIGTERM, cut_off)
        self.addCleanup(signal.signal, signal.SIGTERM, before)
        with self.assertRaises(CutOff):
            self.check().rebuild()
        self.assertFalse(self.check().valid())

    def test_environment_of_another_version_is_a_failure(self) -> None:
        program(
            self.bin / "uv",
            'mkdir -p "$UV_PROJECT_ENVIRONMENT/bin"; cd "$UV_PROJECT_ENVIRONMENT/bin"\n'
            "printf '#!/bin/sh\\necho 3.2 /opt/other/python\\n' > python; chmod +x python",
        )
        with self.assertRaisesRegex(
            LockcheckError, f"expected Python {VERSION}, found 3.2: remove"
        ):
            self.check().rebuild()
        self.assertFalse(self.check().valid())

    def test_step_that_hangs_is_stopped_with_all_that_it_started(self) -> None:
        mark = f"sleep 600.{os.getpid()}"
        program(self.bin / "uv", f"{mark} & wait")
        with self.assertRaisesRegex(LockcheckError, "expected it done in 1 s, it was not"):
            self.check(timeout=1).rebuild()
        look = process_table.table()
        wait_until(lambda: all(look.command(p.pid) != mark for p in look.all()), f"no {mark}")

    def test_missing_tool_is_named(self) -> None:
        # no /usr/bin: there may be one
        with (
            unittest.mock.patch.dict(os.environ, {"PATH": str(self.bin)}),
            self.assertRaisesRegex(LockcheckError, "expected uv on PATH, found none: install it"),
        ):
            self.check().rebuild()

    def test_steps_see_one_store_a_tag_and_no_secret(self) -> None:
        for name in ("uv", "pnpm"):
            program(self.bin / name, "env; pwd")
        venv.create(self.environment, with_pip=False, symlinks=True)
        ours = process_table.run_id(process_table.table(), os.getpid())
        # a run that lives: what a dead one left is stopped by any pipeline of this machine
        outer = {"VIRTUAL_ENV": "/activated", "CI_RUN_TAG": f"{ours}/outer"}
        with unittest.mock.patch.dict(os.environ, outer):
            self.check().rebuild()
        uv, pnpm = self.log().split("$ pnpm")
        store = self.home / "state" / "pnpm-store"
        self.assertIn(f"\nUV_PROJECT_ENVIRONMENT={self.environment}\n", uv)
        self.assertTrue(uv.endswith(f"\n{self.tree}\n"), uv)
        self.assertTrue(pnpm.endswith(f"\n{self.tree / 'packages'}\n"), pnpm)
        for output in (uv, pnpm):
            self.assertIn(f"\nnpm_config_store_dir={store}\n", output)
            self.assertIn("\nUV_PYTHON_DOWNLOADS=never\n", output)
            self.assertIn(f"\nCI_RUN_TAG={ours}/outer:{ours}/helper\n", output)
            self.assertNotIn(TOKEN, output)
            self.assertNotIn("/activated", output)

    def test_all_three_node_modules_are_wiped_and_no_link_is_followed(self) -> None:
        self.build()
        program(self.bin / "uv", "exit 0")
        program(self.bin / "pnpm", "exit 0")
        precious = put(self.home / "elsewhere" / "precious").parent
        shutil.rmtree(self.tree / NODE_MODULES[1])
        (self.tree / NODE_MODULES[1]).symlink_to(precious)
        self.check().rebuild()
        self.assertEqual([n for n in NODE_MODULES if os.path.lexists(self.tree / n)], [])
        self.assertTrue((precious / "precious").exists())

    def test_old_commit_without_lock_files_is_said_and_valid(self) -> None:
        for name in LOCK_FILES:
            (self.tree / name).unlink()
        self.check().rebuild()
        self.assertEqual(len(self.said), 2)
        self.assertIn("no uv.lock in this commit", self.said[0])
        self.assertIn("no packages/pnpm-lock.yaml in this commit", self.said[1])
        self.assertTrue(self.check().valid())

    def test_lock_file_that_changes_meanwhile_is_not_recorded(self) -> None:
        self.build()
        program(self.bin / "uv", "echo more >> uv.lock")
        program(self.bin / "pnpm", "exit 0")
        self.check().rebuild()
        self.assertEqual(self.check().reason(), "uv.lock changed")

    def test_logs_of_all_steps_are_kept(self) -> None:
        put(self.home / "logs" / "rebuild.log", "before\n")
        program(self.bin / "uv", "echo of uv; exit 1")
        with contextlib.suppress(LockcheckError):
            self.check().rebuild()
        self.assertRegex(self.log(), r"before\n\$ uv sync .*\nof uv\n")


class TestBrowsers(WithTree):
    """On a box the browsers are those of the Playwright that is locked."""

    def setUp(self) -> None:
        super().setUp()
        self.browsers = self.home / "browsers"
        self.locked("1.57.0")
        program(self.bin / "pnpm", 'echo "$PWD: $*" >>"$HOME/calls"')

    def locked(self, *versions: str) -> None:
        entries = [f"  playwright-core@{version}:\n    engines: x\n" for version in versions]
        put(self.tree / lock_files.PNPM_LOCK, "packages:\n\n" + "\n".join(entries))

    def on_box(self) -> Lockcheck:
        environ = self.environ | {
            "CI_BOX": "1",
            "CI_VENVS_DIR": str(self.config.venvs_dir),
            "PLAYWRIGHT_BROWSERS_PATH": str(self.browsers),
        }
        self.config = settings.load({"repo": str(self.tree)}, environ, self.home)
        (self.tree / lock_files.JS_CORE).mkdir(parents=True, exist_ok=True)
        return self.check()

    def calls(self) -> list[str]:
        path = self.home / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def test_version_that_moves_is_said_and_installed_once(self) -> None:
        self.build()
        check = self.on_box()
        self.assertEqual(check.reason(), "missing: browsers of Playwright 1.57.0")
        check.rebuild()
        core = self.tree / lock_files.JS_CORE
        self.assertEqual(self.calls(), [f"{core}: exec playwright install chromium"])
        self.assertEqual(check.reason(), "")
        self.locked("1.58.0")
        check.update()
        self.assertEqual(check.reason(), "missing: browsers of Playwright 1.58.0")
        check.rebuild()
        self.assertEqual(len(self.calls()), 2)

    def test_each_of_several_locked_versions_is_followed(self) -> None:
        self.build()
        self.locked("1.57.0", "1.56.0", "1.57.0")
        check = self.on_box()
        check.update()
        check.rebuild()
        self.assertEqual(check.reason(), "")
        self.locked("1.57.0", "1.58.0")
        check.update()
        self.assertEqual(check.reason(), "missing: browsers of Playwright 1.57.0 1.58.0")
        check.rebuild()
        self.assertEqual(check.reason(), "")
        self.assertEqual(len(self.calls()), 2)

    def test_browsers_that_a_new_container_lacks_are_missed(self) -> None:
        self.build()
        check = self.on_box()
        check.rebuild()
        shutil.rmtree(self.browsers)
        self.assertEqual(check.reason(), "missing: browsers of Playwright 1.57.0")

    def test_failing_installation_is_named_and_done_again(self) -> None:
        self.build()
        program(self.bin / "pnpm", "exit 3")
        check = self.on_box()
        with self.assertRaisesRegex(LockcheckError, "playwright install chromium.*found 3"):
            check.rebuild()
        self.assertEqual(check.reason(), "missing: browsers of Playwright 1.57.0")

    def test_elsewhere_they_are_the_developers(self) -> None:
        self.build()
        self.assertEqual(self.check().reason(), "")
        shutil.rmtree(self.tree / NODE_MODULES[0])
        self.check().rebuild()
        packages = self.tree / "packages"
        self.assertEqual(self.calls(), [f"{packages}: install --frozen-lockfile"])

    def test_every_form_of_the_lock_file_is_read(self) -> None:
        for line in (
            "  playwright-core@1.2.3:",
            "  /playwright-core@1.2.3:",
            "  /playwright-core/1.2.3:",
        ):
            found = lock_files.PLAYWRIGHT.search(f"packages:\n{line}\n")
            assert found
            self.assertEqual(found[1], "1.2.3")


class TestModuleLevel(WithTree):
    def test_functions_take_the_settings_of_the_environment(self) -> None:
        for name in LOCK_FILES:
            (self.tree / name).unlink()
        self.assertFalse(lockcheck.lockcheck_valid())
        with contextlib.redirect_stdout(None):
            lockcheck.rebuild_deps()
        self.assertTrue(lockcheck.lockcheck_valid())
        put(self.tree / "pyproject.toml", "changed")
        self.assertFalse(lockcheck.lockcheck_valid())
        lockcheck.lockcheck_update()
        self.assertTrue(lockcheck.lockcheck_valid(self.tree))


if __name__ == "__main__":
    unittest.main()
