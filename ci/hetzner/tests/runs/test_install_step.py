"""What a rebuild of the dependencies runs and records."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import unittest
import unittest.mock

from lib.buckaroo.install_step import LockcheckError
from lib.buckaroo.node_modules import NODE_MODULES, PNPM_LOCK
from lib.processes import process_table
from tests.support.tree_case import LOCK_FILES, SYNC, TOKEN, VERSION, WithTree, program, put
from tests.support.waiting import wait_until


class TestRebuild(WithTree):
    def setUp(self) -> None:
        super().setUp()
        program(self.bin / "node", "exit 0")

    def tools(self, uv: str = SYNC, pnpm: str = f"mkdir -p {' '.join(NODE_MODULES)}") -> None:
        program(self.bin / "uv", f"case $1 in sync) ;; *) exit 0 ;; esac\n{uv}")
        program(self.bin / "pnpm", pnpm)

    def test_everything_is_made_once(self) -> None:
        self.tools()
        self.check().rebuild()
        self.assertEqual(self.check().reason(), "")
        self.tools("exit 1", "exit 1")
        self.check().rebuild()

    def test_failing_uv_step_is_named_and_nothing_is_recorded(self) -> None:
        self.tools("echo no such version >&2; exit 3")
        with self.assertRaises(LockcheckError) as caught:
            self.check().rebuild()
        for part in (f"prepare_python.sh {VERSION}", "exit code 0, found 3", "rebuild.log"):
            self.assertIn(part, str(caught.exception))
        self.assertIn("no such version", self.log())
        self.assertIn(f"no environment of Python {VERSION}", self.check().reason())

    def test_only_node_modules_are_installed_again_if_only_they_are_missing(self) -> None:
        self.build()
        shutil.rmtree(self.tree / NODE_MODULES[2])
        self.tools("exit 1")
        self.check().rebuild()
        self.assertEqual(self.said, [f"missing: {NODE_MODULES[2]}: node-modules"])
        self.assertEqual(self.check().reason(), "")

    def test_failing_pnpm_step_is_named_and_nothing_is_recorded(self) -> None:
        self.build()
        put(self.tree / PNPM_LOCK, "changed")
        self.tools(pnpm="mkdir -p packages/node_modules; echo half done; exit 1")
        with self.assertRaisesRegex(LockcheckError, "node_modules.sh.*found 1"):
            self.check().rebuild()
        self.assertIn("half done", self.log())
        self.assertFalse(self.check().valid())

    def test_rebuild_that_is_cut_off_counts_as_not_done(self) -> None:
        self.tools(f"kill -TERM {os.getpid()}; sleep 10")

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
        self.tools(
            'mkdir -p "$UV_PROJECT_ENVIRONMENT/bin"; cd "$UV_PROJECT_ENVIRONMENT/bin"\n'
            "printf '#!/bin/sh\\necho 3.2 >&3\\n' > python; chmod +x python",
        )
        with self.assertRaisesRegex(LockcheckError, "found 1: see"):
            self.check().rebuild()
        self.assertIn(f"expected Python {VERSION}, found 3.2: remove", self.log())
        self.assertFalse(self.check().valid())

    def test_step_that_hangs_is_stopped_with_all_that_it_started(self) -> None:
        mark = f"sleep 600.{os.getpid()}"
        self.tools(f"{mark} & wait")
        with self.assertRaisesRegex(LockcheckError, "expected it done in 2 s, it was not"):
            self.check(timeout=2).rebuild()
        look = process_table.table()
        wait_until(lambda: all(look.command(p.pid) != mark for p in look.all()), f"no {mark}")

    def test_missing_tool_is_named(self) -> None:
        self.tools()
        (self.bin / "uv").unlink()
        with self.assertRaisesRegex(LockcheckError, "prepare_python.sh.*found 1"):
            self.check().rebuild()
        self.assertIn("expected uv on PATH, found none: install it", self.log())

    def test_steps_see_one_store_a_tag_and_no_secret(self) -> None:
        self.tools(f"env; pwd; {SYNC}", f"env; pwd; mkdir -p {NODE_MODULES[0]}")
        ours = process_table.run_id(process_table.table(), os.getpid())
        # a live run: any pipeline of this machine stops the processes of a dead one
        outer = {"VIRTUAL_ENV": "/activated", "CI_RUN_TAG": f"{ours}/outer"}
        with unittest.mock.patch.dict(os.environ, outer):
            self.check().rebuild()
        _, pnpm, uv = self.log().split("$ bash")
        self.assertIn(f"\nUV_PROJECT_ENVIRONMENT={self.environment}\n", uv)
        for output in (uv, pnpm):
            self.assertIn(f"\nnpm_config_store_dir={self.home / 'state' / 'pnpm-store'}\n", output)
            self.assertIn("\nUV_PYTHON_DOWNLOADS=never\n", output)
            self.assertIn(f"\nCI_RUN_TAG={ours}/outer:{ours}/helper\n", output)
            self.assertIn(f"\n{self.tree}\n", output)
            self.assertNotIn(TOKEN, output)
            self.assertNotIn("/activated", output)

    def test_all_three_node_modules_are_wiped_and_no_link_is_followed(self) -> None:
        self.build()
        put(self.tree / PNPM_LOCK, "changed")
        self.tools(pnpm="mkdir packages/node_modules")
        precious = put(self.home / "elsewhere" / "precious").parent
        shutil.rmtree(self.tree / NODE_MODULES[1])
        (self.tree / NODE_MODULES[1]).symlink_to(precious)
        self.check().rebuild()
        there = [n for n in NODE_MODULES if os.path.lexists(self.tree / n)]
        self.assertEqual(there, [NODE_MODULES[0]])
        self.assertFalse((self.tree / NODE_MODULES[0] / "x.js").exists())
        self.assertTrue((precious / "precious").exists())

    def test_old_commit_without_lock_files_has_nothing_to_prepare(self) -> None:
        for name in LOCK_FILES:
            (self.tree / name).unlink()
        self.check().rebuild()
        self.assertEqual(self.said, [])
        self.assertTrue(self.check().valid())

    def test_lock_file_that_changes_meanwhile_is_not_recorded(self) -> None:
        self.tools(f"echo more >> uv.lock\n{SYNC}")
        with self.assertRaises(LockcheckError):
            self.check().rebuild()
        self.assertIn(f"no environment of Python {VERSION}", self.check().reason())

    def test_logs_of_all_steps_are_kept(self) -> None:
        put(self.home / "logs" / "rebuild.log", "before\n")
        self.tools("echo of uv; exit 1")
        with contextlib.suppress(LockcheckError):
            self.check().rebuild()
        self.assertRegex(self.log(), r"(?s)before\n\$ bash .*node_modules.sh\n.*\nof uv\n")


if __name__ == "__main__":
    unittest.main()
