"""A job that this machine cannot run is left out by name, and such a run is not a whole one."""

from __future__ import annotations

import os
import unittest
from unittest import mock

import pipeline
from lib.buckaroo import missing_tools, network, pythons, settings

ALL = {name: f"/bin/{name}" for name in ("uv", "node", "pnpm", "lsof", "curl", "chromium")}


class Lacking(unittest.TestCase):
    """Machines that lack something each."""

    def absent(
        self,
        *without: str,
        box: bool = False,
        skipped: tuple[str, ...] = (),
        why: str = "",
        **variables: str,
    ) -> dict[str, str]:
        """Return the jobs that are left out on a machine without these programs."""
        environ = {
            "HOME": "/nowhere",
            "PATH": "/bin",
            **variables,
            **({"CI_BOX": "1"} if box else {}),
        }
        programs = {name: path for name, path in ALL.items() if name not in without}

        def which(name: str, path: str | None = None) -> str | None:
            return programs.get(name)

        def find(version: str) -> str:
            return "" if version in without else f"/bin/python{version}"

        with (
            mock.patch.dict(os.environ, environ, clear=True),
            mock.patch("shutil.which", which),
            mock.patch.object(pythons, "find", find),
            mock.patch.object(network, "out_of_reach", return_value=why),
        ):
            config = settings.load_anywhere({})
            table = pipeline.job_table(config)
            return missing_tools.absent(table, config, "HEAD", skipped=skipped)

    def test_machine_that_has_all_leaves_nothing_out(self) -> None:
        self.assertEqual(self.absent(), {})

    def test_missing_interpreter_leaves_out_its_tests_alone_and_tells_the_remedy(self) -> None:
        absent = self.absent("3.14")
        self.assertEqual(list(absent), ["python-3.14", "test-python-3.14"])
        self.assertIn("uv python install 3.14", absent["test-python-3.14"])

    def test_missing_interpreter_leaves_out_the_jobs_that_use_its_environment(self) -> None:
        absent = self.absent("3.13", JUPYTER_PYTHON="3.12")
        names = ["lint-python", "playwright-marimo", "playwright-server"]
        names += ["python-3.13", "test-python-3.13"]
        self.assertEqual(sorted(absent), sorted(names))
        absent = self.absent("3.12", JUPYTER_PYTHON="3.12")
        self.assertIn("no Python 3.12", absent["build-wheel"])
        self.assertIn("it needs build-wheel", absent["install-wheel"])
        self.assertNotIn("lint-python", absent)

    def test_machine_without_room_for_a_thread_is_asked_all_the_same(self) -> None:
        with mock.patch("threading.Thread.start", side_effect=RuntimeError("no thread")):
            self.assertEqual(list(self.absent("3.14")), ["python-3.14", "test-python-3.14"])

    def test_missing_browser_leaves_out_the_browser_tests(self) -> None:
        absent = self.absent("chromium")
        self.assertEqual({name.split("-")[0] for name in absent}, {"playwright"})
        self.assertEqual(len(absent), 5)
        self.assertEqual(self.absent("chromium", CI_CHROMIUM="/some"), {})
        self.assertEqual(self.absent("chromium", PLAYWRIGHT_BROWSERS_PATH="/some"), {})

    def test_missing_program_of_the_scripts_is_named_with_its_remedy(self) -> None:
        absent = self.absent("lsof")
        self.assertEqual(len(absent), 4)
        self.assertEqual(set(absent.values()), {"no lsof: apt-get install lsof"})

    def test_job_that_needs_one_that_is_left_out_is_left_out_too(self) -> None:
        absent = self.absent("node")
        self.assertIn("no node: ", absent["build-js"])
        self.assertIn("it needs build-wheel, which is left out", absent["smoke-test-extras"])
        self.assertNotIn("test-python-3.13", absent)

    def test_network_that_is_out_of_reach_leaves_out_the_page_that_needs_it(self) -> None:
        self.assertEqual(self.absent(why="no CDN"), {"playwright-wasm-marimo": "no CDN"})

    def test_box_has_to_have_all(self) -> None:
        self.assertEqual(self.absent("3.14", "chromium", "uv", why="no CDN", box=True), {})

    def test_job_that_does_not_run_anyhow_is_not_told(self) -> None:
        self.assertEqual(self.absent("3.14", skipped=("test-python-3.14",)), {})

    def test_machine_that_can_run_nothing_is_an_error_that_tells_why(self) -> None:
        with self.assertRaisesRegex(ValueError, "(?s)no job can run here:.*build-js: no node"):
            self.absent("uv", "node", skipped=("lint-python",))


if __name__ == "__main__":
    unittest.main()
