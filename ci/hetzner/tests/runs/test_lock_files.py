"""Stale dependencies, and the steps and records of a rebuild."""

from __future__ import annotations

import contextlib
import shutil
import unittest
import unittest.mock

from lib import lockcheck
from lib.buckaroo import lock_files, settings
from lib.buckaroo.install_step import LockcheckError
from lib.buckaroo.lock_files import LOCK_FILES, NODE_MODULES, Lockcheck
from tests.support.tree_case import VERSION, WithTree, program, put


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
