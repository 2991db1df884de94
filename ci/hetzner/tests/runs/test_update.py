"""update.sh on a box without containers: real versions, a real queue, receiver and worker."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import unittest

from tests.support.update_case import SHA, UpdateCase


@unittest.skipUnless(sys.platform == "linux", "a box has Linux")
class Update(UpdateCase):
    def test_good_version_takes_over_and_the_one_before_is_kept(self) -> None:
        self.update()
        self.serves(self.first)
        second = self.commit()
        self.update()
        self.serves(second)
        self.assertEqual(self.mode(), "running")
        third = self.commit()
        why = "--a 'new' disk; $HOME \\n"
        self.queue("pause", f"--why={why}")
        self.update()
        self.serves(third)
        self.assertEqual((self.mode(), self.why()), ("paused", why))
        kept = {path.name.split("-")[0] for path in self.versions.glob("*-*")}
        self.assertEqual(kept, {second[:12], third[:12]})
        self.assertIn("already", self.update())
        (before,) = (path.name for path in self.versions.glob(f"{second[:12]}-*"))
        self.assertIn(
            f"way back: update.sh {third[:12]}-", self.update(0, before, CI_SOURCE_URL="x")
        )
        self.serves(second)
        self.assertEqual(len(list(self.versions.glob("*-*"))), 2)
        self.assertEqual(list(self.versions.glob(".new*")), [])

    def test_version_whose_receiver_or_worker_fails_is_taken_back(self) -> None:
        self.update()
        for file in ("webhook.py", "lib/queue_commands/worker.py"):
            self.broken(file)
            told = self.update(1, CI_HEALTH_SECONDS="3")
            self.assertRegex(told, "is not healthy: (.*Failed to connect|.* 503: .*No worker runs)")
            self.serves(self.first)
            self.assertEqual(len(list(self.versions.glob("*-*"))), 1)
            self.assertEqual(self.mode(), "running")
            self.git("revert", "--no-edit", "HEAD")

    def test_running_commit_ends_before_the_switch(self) -> None:
        self.update()
        self.queue("push", SHA, "main")
        self.until(self.box / "started")
        second = self.commit()
        with self.begin() as child:
            self.until_draining()
            self.assertFalse((self.box / "ended").exists())
            self.assertIn(self.first[:12], self.in_use())
            (self.box / "go").touch()
            told = self.told_by(child)
        self.assertEqual(child.returncode, 0, told)
        self.assertTrue((self.box / "ended").exists())
        self.serves(second)
        (ended,) = json.loads(self.queue("list", "--json"))["ended"]
        self.assertEqual((ended["state"], ended["tries"]), ("passed", 1), ended)

    def test_call_after_a_killed_one_goes_back_first(self) -> None:
        self.update()
        self.broken("webhook.py")
        with self.begin() as child:  # waits for a health that never comes
            while self.first[:12] in self.in_use():
                time.sleep(0.02)
            os.killpg(child.pid, signal.SIGKILL)
        self.assertEqual(self.mode(), "running")
        (self.versions / "source.git" / "shallow.lock").touch()  # as a killed git leaves it
        self.git("revert", "--no-edit", "HEAD")
        last = self.git("rev-parse", "HEAD")
        told = self.update()
        self.assertIn("an earlier update was cut off", told)
        self.assertIn(f"going back to {self.first[:12]}", told)
        self.serves(last)
        self.assertEqual(self.mode(), "running")

    def test_signal_while_it_waits_lets_the_queue_go_on(self) -> None:
        self.update()
        self.queue("push", SHA, "main")
        self.until(self.box / "started")
        self.commit()
        with self.begin() as child:
            self.until_draining()
            self.assertEqual(self.mode(), "draining")
            self.assertRegex(self.why(), r"update\.sh \(pid \d+, since 20")
            self.assertIn("another update runs", self.update(1))
            os.killpg(child.pid, signal.SIGTERM)
            told = self.told_by(child)
        self.assertEqual(child.returncode, 143, told)
        self.serves(self.first)
        self.assertEqual(self.mode(), "running")
        with self.begin() as child:
            self.until_draining()
            child.kill()  # and none of what it has started
            while self.mode() == "draining":
                time.sleep(0.02)
        told = self.update(75, CI_DRAIN_SECONDS="1")
        self.assertRegex(told, r"nothing was changed\n1 +RUNNING +1111111")
        self.serves(self.first)
        self.assertEqual(self.mode(), "running")
        (self.box / "go").touch()
        self.until(self.box / "ended")

    def test_version_that_cannot_be_had_or_compiled_changes_nothing(self) -> None:
        self.update()
        self.assertIn("has no no-such-branch", self.update(1, CI_SOURCE_REF="no-such-branch"))
        self.assertIn(f"expected one of {self.in_use()}, found ../x", self.update(1, "../x"))
        (self.source / "ci" / "hetzner" / "lib" / "body.py").write_text("def\n")
        self.commit()
        self.assertIn("it stays out", self.update(1))
        self.serves(self.first)


if __name__ == "__main__":
    unittest.main()
