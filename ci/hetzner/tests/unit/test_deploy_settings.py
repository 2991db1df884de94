"""The settings of a box: each has a line, and secrets go to those that need them alone."""

from __future__ import annotations

import re
import tempfile
import unittest
from pathlib import Path

from lib.buckaroo import settings
from lib.configuration import service_settings
from lib.queue_commands import entry_text
from tests.support.example_box import ExampleBox
from tests.unit.test_docs import Recording

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
OPERATING = DEPLOY.parent / "docs/operating.md"
SECRETS = {"WEBHOOK_SECRET", "GITHUB_TOKEN", "CI_READ_TOKEN", "CI_PING_URL"}
NEEDED = {  # of the secrets, by each unit
    "ci-webhook.service": {"WEBHOOK_SECRET", "CI_READ_TOKEN"},
    "ci-worker.service": {"GITHUB_TOKEN"},
    "ci-alive.service": {"CI_PING_URL"},
    "ci-retention.service": set(),
    "ci-poll.service": set(),
}
# those that the image or the mounts of the container fix, and those of the machine
FIXED = {"CI_BOX", "CI_RUNNER_DIR", "CI_VENVS_DIR", "CI_PNPM_STORE_DIR", "PLAYWRIGHT_BROWSERS_PATH"}
OF_THE_MACHINE = {"HOME", "PATH", "XDG_CACHE_HOME"}
LINE = re.compile(r"(?m)^#?([A-Z_]+)=(.*)$")


def lines(name: str) -> dict[str, str]:
    """Return the settings of a file of examples, those with # too, by name."""
    return dict(LINE.findall((DEPLOY / name).read_text()))


class DeploySettings(unittest.TestCase):
    def test_key_that_may_not_log_in_as_root_may_push(self) -> None:
        # the words of cloud-init, cloudinit/ssh_util.py
        closed = (
            "no-port-forwarding,no-agent-forwarding,no-X11-forwarding,command=\"echo 'Please login "
            'as the user \\"ubuntu\\" rather than the user \\"root\\".\';echo;sleep 10;exit 142" '
        )
        found = re.search(
            r"sed -i 's/(.*)//' /home/ci/.ssh/authorized_keys", self.text("install.sh")
        )
        assert found
        for line in ("ssh-ed25519 AAAA me@laptop", 'restrict,command="backup" ssh-rsa AAAA x'):
            self.assertEqual(re.sub(found[1], "", closed + line), line)
            self.assertEqual(re.sub(found[1], "", line), line)

    def test_each_setting_has_a_line_in_an_example(self) -> None:
        environ = Recording()
        settings.load_anywhere({}, environ)
        service_settings.load(None, environ)
        box = {name for name, _ in re.findall(r" {6}([A-Z_]+)=(.*)", self.text("cloud-init.yml"))}
        there = {*lines(".env.example"), *lines("box.env.example"), *box}
        self.assertEqual(environ.asked - OF_THE_MACHINE - FIXED - there, set())

    def test_secrets_have_no_value_and_stand_in_one_file_alone(self) -> None:
        self.assertEqual(lines(".env.example"), dict.fromkeys(SECRETS, ""))
        for path in DEPLOY.iterdir():
            if path.name not in (".env.example", "install.sh") and path.is_file():  # it makes one
                for secret in SECRETS:
                    self.assertNotRegex(path.read_text(), rf"\b{secret}[=:] *\S", path.name)

    def test_set_up_makes_the_secret_of_the_webhook_and_the_token_of_readers(self) -> None:
        text = self.text("install.sh")
        made = re.findall(r"for name in ([A-Z_ ]+); do\n +printf '%s=%s.*openssl rand", text)
        self.assertEqual(made, ["WEBHOOK_SECRET CI_READ_TOKEN"])
        self.assertIn(f"'/^({made[0].replace(' ', '|')})=/d'", text, "left out of the example")

    def test_each_unit_has_the_secrets_that_it_needs_and_no_other(self) -> None:
        units = {path.name for path in DEPLOY.glob("*.service")}
        self.assertEqual(units, set(NEEDED))
        for name, needed in NEEDED.items():
            text = self.text(name)
            given = SECRETS if "EnvironmentFile=/etc/ci-runner/.env" in text else set()
            dropped = set(re.findall(r"\w+", "".join(re.findall("UnsetEnvironment=(.*)", text))))
            self.assertEqual(given - dropped, needed, name)

    def test_receiver_cannot_look_into_the_worker_whose_user_it_shares(self) -> None:
        # the kernel lets a process read the environment of another one of its user, except from
        # within a user namespace of its own; ProtectProc= hides what cannot be read
        lines = self.text("ci-webhook.service").splitlines()
        self.assertIn("PrivateUsers=yes", lines)
        self.assertIn("ProtectProc=invisible", lines)

    def test_command_of_the_worker_names_the_token_and_has_no_value(self) -> None:
        command = lines("box.env.example")["CI_QUEUE_COMMAND"].strip('"')
        words = service_settings.load(None, {"CI_QUEUE_COMMAND": command}).queue_command
        self.assertEqual([words[i + 1] for i, w in enumerate(words) if w == "-e"], ["GITHUB_TOKEN"])
        self.assertEqual(words[-2:], ("-P", "/opt/ci-runner/pipeline.py"))

    def test_the_runner_in_the_container_has_the_settings_of_the_box(self) -> None:
        files = [*DEPLOY.glob("*.service"), DEPLOY / "box.env.example", OPERATING]
        called = re.compile(r"docker exec (?:.|\\\n)*/opt/ci-runner/pipeline.py.*")
        calls = [line for path in files for line in called.findall(path.read_text())]
        self.assertEqual(len(calls), 3, calls)  # gc, the worker's, a corpus
        for call in calls:
            self.assertIn(" --env-file /etc/ci-runner/box.env ", call)

    def test_poll_of_a_private_repository_can_read_the_key_of_its_user(self) -> None:
        self.assertIn("\nProtectHome=read-only\n", self.text("ci-poll.service"))

    def test_poll_is_turned_on_once_and_by_no_update(self) -> None:
        self.assertRegex(
            self.text("install.sh"), r"(?m)^systemctl enable -q --now ci-poll\.timer\b"
        )
        self.assertNotIn("ci-poll", self.text("update.sh"))

    def test_poll_that_fails_makes_no_unit_fail(self) -> None:
        self.assertRegex(self.text("ci-poll.service"), r"\nExecStart=-/usr/bin/python3 ")

    def test_shells_systemd_and_docker_read_the_settings_of_a_box_alike(self) -> None:
        for name, value in lines("box.env.example").items():
            if name != "CI_QUEUE_COMMAND":  # which no run reads
                self.assertNotRegex(value, r"[\s\"'$\\#;]", name)

    def test_container_has_no_secret_in_its_environment_and_reads_the_runner_only(self) -> None:
        text = self.text("compose.yml")
        self.assertNotIn("env_file", text)
        self.assertRegex(text, r":/opt/ci-versions:ro\n")

    def test_host_believes_no_right_of_a_file_that_jobs_can_write(self) -> None:
        volumes = re.findall(r"(?m)^ +- (/[^:]+):[^:]+(:ro)?$", self.text("compose.yml"))
        writable = [path for path, read_only in volumes if not read_only]
        loop = f"for place in {' '.join(writable)}; do"
        self.assertIn(f'{loop}\n  if ! grep -Eq "\\s$place\\s" /etc/fstab', self.text("install.sh"))
        self.assertIn("mount -o bind,nosuid,nodev ", self.text("install.sh"))
        self.assertIn(loop, self.text("uninstall.sh"))

    def text(self, name: str) -> str:
        return (DEPLOY / name).read_text()

    def test_proof_of_a_box_waits_for_the_words_on_a_worker_that_lives(self) -> None:
        with tempfile.TemporaryDirectory() as state:
            box = ExampleBox(Path(state))
            self.addCleanup(box.queue.close)
            with box.worker():
                told = entry_text.worker(box.state, "")
        self.assertIn(f'*"{told.partition(": ")[0]}: "*', self.text("verify.sh"))


if __name__ == "__main__":
    unittest.main()
