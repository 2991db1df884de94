"""Our verdicts beside those of others: what agrees, what does not, and what tells nothing."""

from __future__ import annotations

import json
import unittest

from lib.corpus import agreement, checks
from lib.corpus.agreement import Ours
from lib.corpus.checks import Check

SHA = "a" * 40


def check_run(
    name: str, conclusion: str | None, sha: str = SHA, **more: object
) -> dict[str, object]:
    status = "completed" if conclusion else "in_progress"
    return {"name": name, "head_sha": sha, "status": status, "conclusion": conclusion}


def page(*entries: dict[str, object], total: int | None = None) -> str:
    return json.dumps(
        {"total_count": len(entries) if total is None else total, "check_runs": entries}
    )


def ours(code: int | None = 0, *, whole: bool = True, **jobs: str) -> Ours:
    return Ours("run", SHA, code, jobs, whole)


class Answers(unittest.TestCase):
    def verdicts(self, text: str) -> dict[str, str]:
        return {check.name: check.verdict for check in checks.of_github(text)}

    def test_conclusions_that_are_verdicts(self) -> None:
        for conclusion, verdict in {
            "success": "passed",
            "failure": "failed",
            "timed_out": "failed",
            "startup_failure": "failed",
            "neutral": "",
            "skipped": "",
            "cancelled": "",
            "action_required": "",
            "stale": "",
            "something new": "",
            None: "",
        }.items():
            found = self.verdicts(page(check_run("a", conclusion)))
            self.assertEqual(found, {"a": verdict}, conclusion)

    def test_conclusion_of_an_earlier_attempt_that_runs_again_is_none(self) -> None:
        (found,) = checks.of_github(page(check_run("a", "success") | {"status": "queued"}))
        self.assertEqual((found.verdict, found.said), ("", "queued"))

    def test_combined_status(self) -> None:
        states = ("success", "failure", "error", "pending")
        statuses = [{"context": state, "state": state} for state in states]
        text = json.dumps({"sha": SHA, "total_count": 4, "statuses": statuses})
        expected = {"success": "passed", "failure": "failed", "error": "failed", "pending": ""}
        self.assertEqual(self.verdicts(text), expected)

    def test_our_own_statuses_are_no_second_opinion(self) -> None:
        names = ("ci/hetzner", "ci/hetzner/lint", "ci/hetznerish")
        statuses = [{"context": name, "state": "success"} for name in names]
        text = json.dumps({"sha": SHA, "total_count": 3, "statuses": statuses})
        self.assertEqual(self.verdicts(text), {"ci/hetznerish": "passed"})

    def test_pages_one_after_the_other_and_in_lists(self) -> None:
        one, two = (
            page(check_run("a", "success"), total=2),
            page(check_run("b", "failure"), total=2),
        )
        for text in (f"{one}\n{two}", f"{one}{two}", f"[{one},{two}]", f"[[{one}]] {two}"):
            self.assertEqual(self.verdicts(text), {"a": "passed", "b": "failed"})

    def test_page_that_is_missing_is_told(self) -> None:
        with self.assertRaisesRegex(ValueError, "expected 45, found 1: fetch all pages"):
            checks.of_github(page(check_run("a", "success"), total=45))

    def test_pages_of_two_commits_are_counted_apart(self) -> None:
        text = page(check_run("a", "success")) + page(check_run("a", "success", "b" * 40), total=2)
        with self.assertRaisesRegex(ValueError, "b{40}: expected 2, found 1"):
            checks.of_github(text)

    def test_what_is_no_answer_of_github(self) -> None:
        for text in ("{}", "3", '{"message": "Not Found"}', "{", "x", '{"check_runs": [3]}'):
            with self.assertRaises(ValueError):
                checks.of_github(text)

    def test_damage_in_an_answer_is_told(self) -> None:
        for total in ("1e999", "[1]", '"2"', "1" * 5000):
            with self.assertRaisesRegex(ValueError, "expected", msg=total):
                checks.of_github(f'{{"check_runs": [], "total_count": {total}}}')
        with self.assertRaisesRegex(ValueError, "expected JSON of GitHub's API"):
            checks.of_github("[" * 100_000)
        self.assertEqual(checks.of_github('{"check_runs": 3, "statuses": []}'), [])

    def test_log_of_another_runner_whose_last_line_counts(self) -> None:
        text = (
            "[12:00:01] START lint\n[12:00:02] PASS  lint\n[12:00:02] FAIL  test  (see x)\n"
            "[12:00:03] SKIP  build (why)\n[12:00:03] TIMEOUT slow (>1s)\n[12:00:04] FAIL  slow\n"
            "[12:00:05] PASS  test  (flaky)\nPASS  other\n"
        )
        found = {check.name: check.verdict for check in checks.of_log(SHA, text)}
        self.assertEqual(found, {"lint": "passed", "test": "passed", "build": "", "slow": "failed"})


class Pairs(unittest.TestCase):
    def told(self, run: Ours, *found: Check, **names: list[str]) -> list[str]:
        return [f"{p.job}/{p.check} {p.match}" for p in agreement.pairs([run], found, names)]

    def check(self, name: str, verdict: str = "passed", said: str = "success") -> Check:
        return Check(SHA, name, verdict, said)

    def test_each_job_and_the_commit(self) -> None:
        found = (self.check("a"), self.check("b", "failed"))
        self.assertEqual(
            self.told(ours(1, a="restored", b="passed"), *found),
            ["(commit)/all 2 agree", "a/a agree", "b/b DISAGREE"],
        )
        self.assertEqual(
            self.told(ours(0, a="passed", b="passed"), *found)[0], "(commit)/all 2 DISAGREE"
        )

    def test_names_there_and_jobs_that_others_do_not_have(self) -> None:
        found = (self.check("JS / 20"), self.check("JS / 22", "failed"))
        self.assertEqual(
            self.told(
                ours(1, js="failed", prep="passed"), *found, js=["JS / 20", "JS / 22"], prep=[]
            ),
            ["(commit)/all 2 agree", "js/JS / 20, JS / 22 agree"],
        )

    def test_failure_hides_behind_no_skipped_or_passed_one_of_its_name(self) -> None:
        found = (self.check("a", "", "skipped"), self.check("a"), self.check("a", "failed"))
        for order in (found, found[::-1]):
            self.assertIn("a/a DISAGREE", self.told(ours(0, a="passed"), *order))

    def test_check_that_goes_on_leaves_its_commit_undecided(self) -> None:
        found = (
            self.check("a"),
            self.check("b", "", "in_progress"),
            self.check("c", "", "skipped"),
        )
        told = self.told(ours(0, a="passed"), *found)
        self.assertEqual(told[0], "(commit)/all 3 undecided")
        self.assertEqual(
            self.told(ours(0, a="passed"), found[0], found[2])[0], "(commit)/all 2 agree"
        )

    def test_missing_counterparts_are_told_and_are_no_agreement(self) -> None:
        self.assertEqual(
            self.told(ours(0, a="passed"), self.check("b")),
            ["(commit)/all 1 agree", "a/a no check", "-/b no job"],
        )
        self.assertEqual(self.told(ours(0, a="passed")), ["(commit)/all 0 no check"])
        other = Check("b" * 40, "a", "passed", "success")
        self.assertEqual(self.told(ours(0, a="passed"), other), ["(commit)/all 0 no check"])

    def test_what_is_no_verdict_of_ours_is_undecided(self) -> None:
        for found in ("skipped", "cancelled", "unfinished"):
            self.assertIn("a/a undecided", self.told(ours(None, a=found), self.check("a")))

    def test_run_of_some_jobs_does_not_speak_for_its_commit(self) -> None:
        told = self.told(ours(0, whole=False, a="passed"), self.check("a"))
        self.assertEqual(told, ["a/a agree"])

    def test_check_of_a_short_sha(self) -> None:
        told = self.told(ours(0, a="passed"), Check(SHA[:7], "a", "passed", "PASS"))
        self.assertIn("a/a agree", told)


class Green(unittest.TestCase):
    def green(self, run: Ours, *found: Check) -> bool:
        return agreement.green([run], agreement.pairs([run], found, {}))

    def test_is_earned_by_an_agreement_of_each_run(self) -> None:
        passed, failed = Check(SHA, "a", "passed", ""), Check(SHA, "a", "failed", "")
        self.assertTrue(self.green(ours(0, a="passed"), passed))
        self.assertFalse(self.green(ours(0, a="passed"), failed))
        self.assertFalse(self.green(ours(0, a="passed")))
        self.assertFalse(self.green(ours(0, a="passed"), passed._replace(verdict="")))
        self.assertFalse(agreement.green([], []))

    def lines(self, run: Ours, *found: Check) -> list[str]:
        return agreement.lines([run], agreement.pairs([run], found, {}))

    def test_lines_repeat_what_disagrees(self) -> None:
        shown = self.lines(ours(0, a="passed"), Check(SHA, "a", "failed", "failure"))
        self.assertIn("DISAGREE run a: ours passed, theirs failure", shown)
        self.assertEqual(shown[-1], "1 commit: 2 DISAGREE")

    def test_lines_name_a_run_that_agrees_in_nothing(self) -> None:
        run, check = ours(0, a="passed"), Check(SHA, "a", "passed", "success")
        sentence = "nothing agrees for run, so nothing is proven"
        self.assertIn(sentence, self.lines(run))
        self.assertNotIn(sentence, self.lines(run, check))


if __name__ == "__main__":
    unittest.main()
