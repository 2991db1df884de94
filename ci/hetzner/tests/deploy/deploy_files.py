"""The files of a box, read by the programs that will read them there. Needs PyYAML, jsonschema.

Run by check.py (job deploy-files), since cloud-init, Caddy and systemd are not on each machine.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import unittest
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import jsonschema
import yaml

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNITS = sorted([*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")])
SERVICES = sorted(DEPLOY.glob("*.service"))
HIGHEST_EXPOSURE = 3.0  # of systemd-analyze security, where 10 is the worst
GIB = 2**30


def output_of(argv: Sequence[object], **environ: str) -> str:
    """Return both outputs of a program that has to end well."""
    words = [str(word) for word in argv]
    done = subprocess.run(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
        env=os.environ | {"SYSTEMD_PAGER": "", "LC_ALL": "C"} | environ, check=False,
    )  # fmt: skip
    if done.returncode:
        raise AssertionError(f"{shlex.join(words)}: {done.returncode}\n{done.stdout}")
    return done.stdout


class Systemd(unittest.TestCase):
    def test_units_are_read_without_a_word(self) -> None:
        self.assertGreater(len(UNITS), 5)
        self.assertEqual(output_of(["systemd-analyze", "verify", *UNITS]).strip(), "")

    def test_commands_are_read_as_they_are_written(self) -> None:
        # a percent sign, a quote or a dollar may mean something else to systemd
        for unit in SERVICES:
            read = output_of(["systemd-analyze", "verify", unit], SYSTEMD_LOG_LEVEL="debug")
            written = re.findall(r"(?m)^ExecStart=-?(.*)$", unit.read_text())
            self.assertEqual(re.findall(r"Command Line: (.*)", read), written, unit.name)
            self.assertNotRegex(written[0], r"[%$]", unit.name)

    def test_no_service_is_more_exposed_than_it_has_to_be(self) -> None:
        for unit in SERVICES:
            told = output_of(["systemd-analyze", "security", "--offline=yes", unit])
            level = re.search(r"Overall exposure level for \S+: ([\d.]+)", told)
            assert level is not None, told
            self.assertLessEqual(float(level[1]), HIGHEST_EXPOSURE, unit.name)

    def test_watchdog_listens_to_the_main_process_of_each_daemon(self) -> None:
        for name in ("ci-webhook.service", "ci-worker.service"):
            text = (DEPLOY / name).read_text()
            for line in ("Type=notify", "NotifyAccess=main", "Restart=always"):
                self.assertRegex(text, rf"(?m)^{line}$", name)
            self.assertRegex(text, r"(?m)^WatchdogSec=\d+$", name)
            # python3 itself: the process of a shell around it would be the main one
            self.assertRegex(text, r"(?m)^ExecStart=/usr/bin/python3 -P /opt/ci-runner/", name)

    def test_each_timer_has_its_service_and_can_be_enabled(self) -> None:
        for timer in DEPLOY.glob("*.timer"):
            self.assertTrue(timer.with_suffix(".service").exists(), timer.name)
            self.assertIn("WantedBy=timers.target", timer.read_text(), timer.name)


class CloudInit(unittest.TestCase):
    def test_schema_of_cloud_init_accepts_the_file(self) -> None:
        told = output_of(["cloud-init", "schema", "--config-file", DEPLOY / "cloud-init.yml"])
        self.assertIn("Valid", told)

    def test_scripts_in_it_pass_shellcheck(self) -> None:
        config: dict[str, Any] = yaml.safe_load((DEPLOY / "cloud-init.yml").read_text())
        scripts = [words[-1] for words in config["runcmd"] if words[0] == "bash"]
        self.assertEqual(len(scripts), len(config["runcmd"]))
        for script in scripts:
            words = [
                "shellcheck",
                "-s",
                "bash",
                "-e",
                "SC1091",
                "-",
            ]  # it sources a file of the box
            subprocess.run(words, input=script, text=True, check=True)


class Compose(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.file: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yml").read_text())
        self.service: dict[str, Any] = self.file["services"]["ci"]

    def test_schema_of_compose_accepts_the_file(self) -> None:
        files = metadata.files("docker-compose") or []
        schema = next(file for file in files if file.name == "compose_spec.json")
        rules = json.loads(Path(schema.locate()).read_text())
        jsonschema.Draft201909Validator(rules).validate(self.file)

    def test_chromium_has_room_in_shared_memory(self) -> None:
        size = re.fullmatch(r"(\d+)gb", self.service["shm_size"])
        assert size is not None
        self.assertGreaterEqual(int(size[1]) * GIB, 2 * GIB)

    def test_runner_is_read_only_and_the_state_has_one_path(self) -> None:
        volumes = self.service["volumes"]
        self.assertIn("/opt/ci:/opt/ci", volumes)
        self.assertIn("/opt/ci-versions:/opt/ci-versions:ro", volumes)

    def test_each_named_volume_is_declared_and_used(self) -> None:
        named = {v.split(":")[0] for v in self.service["volumes"] if v[0] not in "$/."}
        self.assertEqual(named, set(self.file["volumes"]))
        self.assertEqual(named, {"venvs", "pnpm-store", "browsers"})


class Caddy(unittest.TestCase):
    def test_caddy_accepts_the_file(self) -> None:
        words = ["caddy", "validate", "--adapter", "caddyfile", "--config", DEPLOY / "Caddyfile"]
        told = output_of(words, CI_DOMAIN="ci.example.org")
        self.assertIn("Valid configuration", told)


if __name__ == "__main__":
    unittest.main()
