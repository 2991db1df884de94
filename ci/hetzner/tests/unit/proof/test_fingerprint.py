"""What the result of a job depends on, and how a change is told."""

from __future__ import annotations

import os
import resource
import tempfile
import unittest
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lib.model.job import Job
from lib.proof import fingerprint
from lib.proof.fingerprint import JobFingerprints, difference


class OfJobs(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        self.cwd = self.root / "tree"
        self.cwd.mkdir()

    def of(self, job: Job, env: Mapping[str, str] | None = None) -> dict[str, str]:
        return JobFingerprints(env or {"PATH": str(self.root)}, self.cwd).of(job)

    def change(self, before: Job, now: Job) -> str:
        return difference(self.of(before), self.of(now))

    def test_a_change_that_may_change_the_result_is_told(self) -> None:
        a = Job("a", "true")
        changes: dict[str, dict[str, Any]] = {
            "its command changed": {"cmd": "false"},
            "its variables changed": {"env": {"A": "1"}},
            "its dependencies changed": {"depends_on": ["b"]},
            "its outputs changed": {"outputs": {"o": "out"}},
            "its ok_codes changed": {"ok_codes": (0,)},
            "its timeout changed": {"timeout": 7},
            "its retries changed": {"retries": 1},
            "its testcases changed": {"testcases": False},
            "its cwd changed": {"cwd": "packages"},
        }
        for told, fields in changes.items():
            self.assertEqual(self.change(a, a.but(**fields)), told)
        list_of_words = Job("a", ["true"])
        self.assertEqual(self.change(a, list_of_words), "its command changed")

    def test_several_changes_are_counted(self) -> None:
        a = Job("a", "true")
        changed = self.change(a, a.but(cmd="false", retries=2, timeout=9))
        self.assertRegex(changed, r"^its \w+ and 2 more changed$")

    def test_what_decides_the_order_or_the_verdict_alone_is_no_change(self) -> None:
        a = Job("a", "true")
        b = a.but(nice=5, delay=1, fast_fail=True, allow_failure=True, resources={"cpu": 1})
        self.assertEqual(self.change(a, b.but(retry_alone=True)), "")

    def test_the_order_of_a_mapping_is_no_change(self) -> None:
        a = Job("a", "true", env={"A": "1", "B": "2"})
        self.assertEqual(self.change(a, a.but(env={"B": "2", "A": "1"})), "")

    def test_a_program_is_looked_up_where_the_job_starts(self) -> None:
        for name in ("tool", "elsewhere/tool"):
            path = self.root / name
            path.parent.mkdir(exist_ok=True)
            path.write_text("#!/bin/sh\n")
            path.chmod(0o755)
        job = Job("a", "./tool", cwd="../elsewhere")
        self.assertIn(f"the file {self.cwd}/../elsewhere/tool", self.of(job))

    def test_each_spelling_of_a_file_outside_of_the_tree_is_seen(self) -> None:
        script = self.root / "check.sh"
        (self.cwd / "link.sh").symlink_to(script)
        for cmd in (
            f"bash -eu {script}",
            f'bash "{script}"',
            "bash ../check.sh",
            f"if bash {script}; then true; else exit 1; fi",
            f"timeout 5 bash {script}",
            f"python3 -B {script}",
            f"D={self.root}; bash $D/check.sh",
            "bash ${HERE}/check.sh",
            "bash ~/check.sh",
            f"cd {self.root} && bash check.sh",
            f"cd {self.root}\n./check.sh",
            f"make --file={script}",
            "grep x link.sh",
            ["env", "A=1", "bash", str(script)],
            ["python3", "-W", "ignore", str(script)],
            ["bash", "-c", f"exec bash {script}"],
        ):
            env = {"PATH": "/usr/bin", "HOME": str(self.root), "HERE": str(self.root)}
            script.write_text("exit 0")
            before = self.of(Job("a", cmd), env)
            script.write_text("exit 1")
            self.assertNotEqual(difference(before, self.of(Job("a", cmd), env)), "", cmd)

    def test_a_script_outside_of_the_tree_is_looked_at(self) -> None:
        script = self.root / "check.sh"
        for job in (
            Job("a", ["bash", str(script), "x"]),
            Job("a", ["bash", "-e", str(script)]),
            Job("a", f"cd . && bash {script} x"),
            Job("a", f"A=1 {script}"),
            Job("a", f"source {script}"),
            Job("a", "check.sh"),  # on PATH
            Job("a", "true", requires=["check.sh"]),
        ):
            script.write_text("one")
            script.chmod(0o755)
            before = self.of(job)
            script.write_text("two")
            changed = difference(before, self.of(job))
            self.assertEqual(changed, f"the file {script} changed", job)

    def test_a_file_that_a_job_writes_is_none_that_it_depends_on(self) -> None:
        notes = self.root / "notes"
        job = Job("a", f"echo x >>{notes}; cat {notes}")
        before = self.of(job)
        notes.write_text("x")
        self.assertEqual(difference(before, self.of(job)), "")

    def test_a_program_in_the_tree_is_looked_at_since_git_may_ignore_it(self) -> None:
        tool = self.cwd / ".venv" / "bin" / "tool"
        tool.parent.mkdir(parents=True)
        for cmd in (".venv/bin/tool --all", [".venv/bin/tool"], "bash .venv/bin/tool", str(tool)):
            with self.subTest(cmd):
                job = Job("a", cmd)
                tool.write_text("one")
                tool.chmod(0o755)
                before = self.of(job)
                tool.write_text("two")
                self.assertRegex(difference(before, self.of(job)), "^the file .*tool changed$")
                tool.unlink()
                self.assertRegex(difference(before, self.of(job)), "^the file .*tool changed$")

    def test_a_program_that_a_job_promises_to_make_is_left_to_the_digest_of_outputs(self) -> None:
        (self.cwd / "out").mkdir()
        tool = self.cwd / "out" / "tool"
        found = []
        for text in ("one", "two"):
            tool.write_text(text)
            tool.chmod(0o755)
            env = {"PATH": str(self.root)}
            found.append(JobFingerprints(env, self.cwd, ["out"]).of(Job("a", "out/tool")))
        self.assertEqual(difference(*found), "")

    def test_a_program_of_a_virtual_environment_is_as_its_packages(self) -> None:
        place = self.cwd / ".venv"
        packages = place / "lib" / "python3.13" / "site-packages"
        (packages / "a-1.dist-info").mkdir(parents=True)
        (place / "bin").mkdir()
        (place / "bin" / "tool").write_text("one")
        (place / "bin" / "tool").chmod(0o755)
        (place / "pyvenv.cfg").touch()
        before = self.of(Job("a", ".venv/bin/tool"))
        (packages / "a-1.dist-info").rename(packages / "a-2.dist-info")
        self.assertNotEqual(difference(before, self.of(Job("a", ".venv/bin/tool"))), "")

    def test_another_program_of_a_name_is_told(self) -> None:
        for place in ("one", "two"):
            (self.root / place).mkdir()
            (self.root / place / "tool").write_text(place)
            (self.root / place / "tool").chmod(0o755)
        job = Job("a", "tool --all")
        before = self.of(job, {"PATH": str(self.root / "one")})
        now = self.of(job, {"PATH": str(self.root / "two")})
        self.assertIn("the file ", difference(before, now))

    def test_of_a_large_program_size_and_time_are_compared(self) -> None:
        tool = self.root / "tool"
        tool.write_bytes(bytes(fingerprint.SMALL + 1))
        tool.chmod(0o755)
        before = self.of(Job("a", "tool"))
        self.assertEqual(difference(before, self.of(Job("a", "tool"))), "")
        os.utime(tool, ns=(1, 1))
        self.assertNotEqual(difference(before, self.of(Job("a", "tool"))), "")


class OfRuns(unittest.TestCase):
    def change(self, before: Mapping[str, str], now: Mapping[str, str]) -> str:
        there = Path("/repo")
        one = fingerprint.of_run(before, there, {})
        return difference(one, fingerprint.of_run(now, there, {}))

    def test_a_variable_that_is_new_gone_or_another_is_named_without_its_value(self) -> None:
        self.assertEqual(self.change({}, {"CC": "gcc"}), "the variable CC changed")
        self.assertEqual(self.change({"CC": "gcc"}, {}), "the variable CC changed")
        self.assertEqual(self.change({"CC": "gcc"}, {"CC": "cc"}), "the variable CC changed")

    def test_variables_of_a_session_are_no_change(self) -> None:
        session = {"TERM": "x", "SHLVL": "2", "SSH_CLIENT": "1.2.3.4", "_": "/usr/bin/env"}
        self.assertEqual(self.change({}, session), "")

    def test_a_credential_may_have_another_value_but_not_come_or_go(self) -> None:
        told = "the variable SERVICE_TOKEN changed"
        one, other = "1st credential", "2nd credential"
        self.assertEqual(self.change({"SERVICE_TOKEN": one}, {"SERVICE_TOKEN": other}), "")
        self.assertEqual(self.change({}, {"SERVICE_TOKEN": one}), told)
        self.assertEqual(self.change({"SERVICE_TOKEN": one}, {}), told)
        self.assertEqual(self.change({"SERVICE_TOKEN": ""}, {"SERVICE_TOKEN": one}), told)

    def test_a_switch_is_neither_a_credential_nor_of_a_session(self) -> None:
        names = "HISTORY_DB_BROKEN", "LESSON", "SSH_BROKEN", "USE_TOKEN", "TMUXED", "TERM_SHEET"
        for name in names:
            self.assertEqual(self.change({name: "0"}, {name: "1"}), f"the variable {name} changed")

    def test_the_umask_and_the_limits_count(self) -> None:
        before = fingerprint.of_run({}, Path("/repo"), {})
        self.addCleanup(os.umask, os.umask(0o077))
        os.umask(0o027)
        now = fingerprint.of_run({}, Path("/repo"), {})
        self.assertEqual(difference(before, now), "the umask changed")
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 1, hard))
        limited = fingerprint.of_run({}, Path("/repo"), {})
        self.assertEqual(difference(now, limited), "the limits of processes changed")

    def test_no_value_stands_in_a_fingerprint(self) -> None:
        found = fingerprint.of_run({"A": "value-1"}, Path("/repo"), {"tools": "value-2"})
        self.assertNotIn("value", " ".join(found.values()))

    def test_the_directory_and_further_inputs_count(self) -> None:
        one = fingerprint.of_run({}, Path("/one"), {"tools": "1"})
        self.assertEqual(
            difference(one, fingerprint.of_run({}, Path("/two"), {"tools": "1"})),
            "the working directory changed",
        )
        self.assertEqual(
            difference(one, fingerprint.of_run({}, Path("/one"), {"tools": "2"})), "tools changed"
        )


if __name__ == "__main__":
    unittest.main()
