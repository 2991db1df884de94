"""What a rebuild of the dependencies runs and records."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import unittest
import unittest.mock
import venv

from lib.buckaroo.install_step import LockcheckError
from lib.buckaroo.lock_files import LOCK_FILES, NODE_MODULES
from lib.processes import process_table
from tests.support.tree_case import TOKEN, VERSION, WithTree, program, put
from tests.support.waiting import wait_until


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
        # a live run: any pipeline of this machine stops the processes of a dead one
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


if __name__ == "__main__":
    unittest.main()
