"""Stale dependencies, and their records."""

from __future__ import annotations

import contextlib
import os
import shutil
import unittest
import unittest.mock

from lib import lockcheck
from lib.buckaroo import browsers, environments, settings
from lib.buckaroo.install_step import LockcheckError
from lib.buckaroo.lock_files import Lockcheck
from lib.buckaroo.node_modules import NODE_MODULES, PNPM_LOCK, STAMP
from lib.common import locks
from tests.support.tree_case import LOCK_FILES, VERSION, WithTree, program, put

NO_ENVIRONMENT = f"no environment of Python {VERSION} for this uv.lock"
NO_MODULES = "no node_modules were installed before"


class TestValid(WithTree):
    def test_nothing_is_valid_before_it_was_built(self) -> None:
        self.assertEqual(self.check().reason(), f"{NO_MODULES}; {NO_ENVIRONMENT}")
        self.assertFalse(self.check().valid())

    def test_recorded_state_is_valid(self) -> None:
        self.build()
        self.assertEqual(self.check().reason(), "")
        self.assertTrue(self.check().valid())

    def test_each_changed_lock_file_is_named(self) -> None:
        self.build()
        for name in LOCK_FILES:
            text = (self.tree / name).read_text()
            put(self.tree / name, text + "x")
            changed = f"{name} changed" if name == PNPM_LOCK else NO_ENVIRONMENT
            self.assertEqual(self.check().reason(), changed)
            put(self.tree / name, text)
            self.assertEqual(self.check().reason(), "")

    def test_each_missing_node_modules_is_named(self) -> None:
        self.build()
        for name in NODE_MODULES:
            (self.tree / name).rename(self.home / "aside")
            gone = NO_MODULES if name == NODE_MODULES[0] else f"missing: {name}"
            self.assertEqual(self.check().reason(), gone)
            (self.home / "aside").rename(self.tree / name)
        self.assertTrue(self.check().valid())

    def test_missing_environment_is_named(self) -> None:
        self.build()
        shutil.rmtree(self.environment)
        self.assertEqual(self.check().reason(), NO_ENVIRONMENT)

    def test_environment_with_another_interpreter_is_not_valid(self) -> None:
        self.build()
        python = self.environment / "bin" / "python"
        python.unlink()
        program(python, "echo 3.2 /opt/other/python")
        self.assertEqual(self.check().reason(), NO_ENVIRONMENT)

    def test_environment_that_does_not_start_is_not_valid(self) -> None:
        self.build()
        python = self.environment / "bin" / "python"
        python.unlink()
        python.symlink_to("/gone/python")
        self.assertFalse(self.check().valid())

    def test_environment_is_that_of_every_checkout_with_the_same_lock(self) -> None:
        self.build()
        other = self.home / "other"
        shutil.copytree(self.tree, other)
        self.assertTrue(self.check(other).valid())
        put(other / "uv.lock", "another")
        self.assertEqual(self.check(other).reason(), NO_ENVIRONMENT)
        self.assertTrue(self.check().valid())

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
        for damage in (b"", b"{", b"[]", b"\xff\xfe", b'{"locks": 1}', b"\n\n"):
            self.build()
            (self.environment / environments.STAMP).write_bytes(damage)
            self.assertEqual(self.check().reason(), NO_ENVIRONMENT)
            self.build()
            (self.tree / NODE_MODULES[0] / STAMP).write_bytes(damage)
            self.assertEqual(self.check().reason(), f"{PNPM_LOCK} changed")

    def test_environment_that_a_run_makes_is_not_recorded_by_another_program(self) -> None:
        self.build()
        stamp = self.environment / environments.STAMP
        stamp.unlink()
        with locks.lock(environments.lock_of(self.environment), "makes it"):
            self.check().update()
        self.assertFalse(stamp.exists())
        self.check().update()
        self.assertTrue(self.check().valid())

    def test_something_else_in_the_place_of_a_record_is_no_record(self) -> None:
        self.build()
        for record in (self.environment / environments.STAMP, self.tree / NODE_MODULES[0] / STAMP):
            record.unlink()
            os.mkfifo(record)
        self.assertEqual(self.check().reason(), f"{NO_MODULES}; {NO_ENVIRONMENT}")


class TestUse(WithTree):
    """The time of the stamp is that of the last use, so that unused ones can be removed."""

    def test_environment_that_is_found_was_used_now(self) -> None:
        self.build()
        venvs = self.config.venvs_dir
        os.utime(self.environment / environments.STAMP, (1, 1))
        self.assertEqual(environments.shared(venvs), {self.environment: 1})
        self.assertEqual(environments.find(venvs, self.tree, VERSION), self.environment)
        self.assertGreater(environments.shared(venvs)[self.environment], 1)

    def test_other_files_are_none_of_them(self) -> None:
        self.build()
        for name in ("3.13", "jupyter", "3.13-abc", ".3.13-0123456789ab.lock"):
            (self.config.venvs_dir / name).mkdir()
        (self.config.venvs_dir / "3.13-0123456789ab").symlink_to(self.home)
        self.assertEqual([*environments.shared(self.config.venvs_dir)], [self.environment])

    def test_removed_one_is_gone_with_its_lock_unless_it_is_being_made(self) -> None:
        self.build()
        environment = self.environment
        lock = environments.lock_of(environment)
        with locks.lock(lock, "makes it"):
            self.assertFalse(environments.remove(environment))
        self.assertFalse(environments.remove(environment, used=1.0))  # used since it was looked at
        self.assertTrue(self.check().valid())
        self.assertTrue(environments.remove(environment))
        self.assertEqual(list(self.config.venvs_dir.iterdir()), [])


class TestBrowsers(WithTree):
    """On a box the browsers are those of the Playwright that is locked."""

    def setUp(self) -> None:
        super().setUp()
        self.browsers = self.home / "browsers"
        self.locked("1.57.0")
        program(
            self.bin / "pnpm",
            'echo "$*" >>"$HOME/calls"; mkdir -p packages/node_modules; '
            "[ -z $PLAYWRIGHT_SKIP_BROWSER_GC ] || mkdir -p $PLAYWRIGHT_BROWSERS_PATH/chromium",
        )
        program(self.bin / "node", "exit 0")

    def locked(self, *versions: str) -> None:
        entries = [f"  playwright-core@{version}:\n    engines: x\n" for version in versions]
        put(self.tree / PNPM_LOCK, "packages:\n\n" + "\n".join(entries))

    def on_box(self) -> Lockcheck:
        environ = self.environ | {
            "CI_BOX": "1",
            "CI_VENVS_DIR": str(self.config.venvs_dir),
            "CI_RUNNER_DIR": str(self.config.runner_dir),
            "PLAYWRIGHT_BROWSERS_PATH": str(self.browsers),
        }
        self.config = settings.load({"repo": str(self.tree)}, environ, self.home)
        return self.check()

    def installations(self) -> list[str]:
        path = self.home / "calls"
        calls = path.read_text().splitlines() if path.exists() else []
        return [call for call in calls if "playwright install" in call]

    def test_version_that_moves_is_said_and_installed_once(self) -> None:
        self.build()
        check = self.on_box()
        self.assertEqual(check.reason(), "no browsers of Playwright 1.57.0")
        check.rebuild()
        core = "packages/buckaroo-js-core"
        expected = [f"--dir {core} exec playwright install chromium"]
        self.assertEqual(self.installations(), expected)
        self.assertEqual(check.reason(), "")
        self.locked("1.58.0")
        check.update()
        self.assertEqual(check.reason(), "no browsers of Playwright 1.58.0")
        check.rebuild()
        self.assertEqual(len(self.installations()), 2)

    def test_browsers_of_the_version_before_are_still_there_for_another_run(self) -> None:
        self.build()
        check = self.on_box()
        for version in ("1.57.0", "1.58.0", "1.57.0"):
            self.locked(version)
            check.update()
            check.rebuild()
        self.assertEqual(len(self.installations()), 2)

    def test_each_of_several_locked_versions_is_followed(self) -> None:
        self.build()
        self.locked("1.57.0", "1.56.0", "1.57.0")
        check = self.on_box()
        check.update()
        check.rebuild()
        self.assertEqual(check.reason(), "")
        self.locked("1.57.0", "1.58.0")
        check.update()
        self.assertEqual(check.reason(), "no browsers of Playwright 1.57.0 1.58.0")
        check.rebuild()
        self.assertEqual(check.reason(), "")
        self.assertEqual(len(self.installations()), 2)

    def test_browsers_that_a_new_container_lacks_are_missed(self) -> None:
        self.build()
        check = self.on_box()
        check.rebuild()
        shutil.rmtree(self.browsers)
        self.assertEqual(check.reason(), "no browsers of Playwright 1.57.0")

    def test_failing_installation_is_named_and_done_again(self) -> None:
        self.build()
        program(self.bin / "pnpm", "exit 3")
        check = self.on_box()
        with self.assertRaisesRegex(LockcheckError, "node_modules.sh.*found 3"):
            check.rebuild()
        self.assertEqual(check.reason(), "no browsers of Playwright 1.57.0")

    def test_elsewhere_they_are_the_developers(self) -> None:
        self.build()
        self.assertEqual(self.check().reason(), "")
        shutil.rmtree(self.tree / NODE_MODULES[0])
        self.check().rebuild()
        self.assertEqual(self.installations(), [])
        self.assertEqual(self.check().reason(), "")

    def test_every_form_of_the_lock_file_is_read(self) -> None:
        for line in (
            "  playwright-core@1.2.3:",
            "  /playwright-core@1.2.3:",
            "  /playwright-core/1.2.3:",
        ):
            found = browsers.PLAYWRIGHT.search(f"packages:\n{line}\n")
            assert found
            self.assertEqual(found[1], "1.2.3")


class TestModuleLevel(WithTree):
    def test_functions_take_the_settings_of_the_environment(self) -> None:
        for name in LOCK_FILES:
            (self.tree / name).unlink()
        self.assertTrue(lockcheck.lockcheck_valid())
        put(self.tree / PNPM_LOCK, "some")
        self.assertFalse(lockcheck.lockcheck_valid())
        for tool in ("node", "pnpm"):
            program(self.bin / tool, f"mkdir -p {NODE_MODULES[0]}")
        with contextlib.redirect_stdout(None):
            lockcheck.rebuild_deps()
        self.assertTrue(lockcheck.lockcheck_valid())
        put(self.tree / PNPM_LOCK, "changed")
        self.assertFalse(lockcheck.lockcheck_valid())
        lockcheck.lockcheck_update()
        self.assertTrue(lockcheck.lockcheck_valid(self.tree))


if __name__ == "__main__":
    unittest.main()
