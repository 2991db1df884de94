"""The record of the environments, browsers and settings of a run on buckaroo."""

from __future__ import annotations

import json
import os
import tempfile
import unittest
from pathlib import Path

from lib.buckaroo import environment_parts, environments, settings


class Parts(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name).resolve()
        environ = {
            "HOME": str(self.root),
            "CI_BOX": "1",
            "CI_STATE_DIR": str(self.root / "state"),
            "CI_REPO_DIR": str(self.root / "repo"),
            "CI_VENVS_DIR": str(self.root / "venvs"),
            "PLAYWRIGHT_BROWSERS_PATH": str(self.root / "browsers"),
            "GITHUB_TOKEN": "ghp_not_to_be_seen",
            "JUPYTER_TOKEN": "neither_is_this",
        }
        self.tree = self.root / "repo"
        self.config = settings.load_anywhere({}, environ)

    def parts(self) -> dict[str, object]:
        return environment_parts.parts(self.config, self.tree)

    def environment(self, place: Path, packages: list[str], configured: str) -> None:
        installed = place / "lib" / "python3.12" / "site-packages"
        installed.mkdir(parents=True)
        for name in packages:
            (installed / name).mkdir()
        (place / "pyvenv.cfg").write_text(configured)
        (place / "bin").mkdir()
        (place / "bin" / "python").symlink_to("/usr/bin/env")

    def test_environments_have_their_interpreter_and_packages(self) -> None:
        names = ["numpy-2.1.0.dist-info", "ruamel.yaml-0.18.dist-info", "numpy", "odd.dist-info"]
        uv = "home = /opt\nversion_info = 3.12.4\n"
        self.environment(self.config.venvs_dir / "3.12-0123456789ab", names, uv)
        environments.stamp(self.config.venvs_dir / "3.12-0123456789ab", self.tree)
        self.environment(self.config.venvs_dir / "3.13-0123456789ab", names, uv)  # half made
        self.environment(self.config.work_dir / "venvs" / "jupyter", [], "version = 3.13.1\n")
        found = self.parts()
        python = os.path.realpath("/usr/bin/env")
        self.assertEqual(
            found["interpreters"],
            {
                "3.12": {"path": python, "version": "3.12.4"},
                "jupyter": {"path": python, "version": "3.13.1"},
            },
        )
        packages = {"3.12": {"numpy": "2.1.0", "ruamel.yaml": "0.18"}, "jupyter": {}}
        self.assertEqual(found["packages"], packages)

    def test_browsers_are_those_of_playwright(self) -> None:
        self.assertEqual(self.parts()["browsers"], [])
        for name in ("chromium-1124", "ffmpeg-1009", ".links"):
            (self.root / "browsers" / name).mkdir(parents=True)
        found = self.parts()["browsers"]
        self.assertEqual(found, ["chromium-1124", "ffmpeg-1009"])

    def test_settings_have_no_secret(self) -> None:
        found = self.parts()["settings"]
        assert isinstance(found, dict)
        self.assertEqual((found["box"], found["timeout"]), (True, 900))
        self.assertEqual(found["venvs_dir"], str(self.root / "venvs"))
        text = json.dumps(found)
        self.assertNotIn("ghp_not_to_be_seen", text)
        self.assertNotIn("neither_is_this", text)


if __name__ == "__main__":
    unittest.main()
