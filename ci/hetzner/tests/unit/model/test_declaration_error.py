"""A declaration with unknown names gets an error with job, field, value, and the name meant."""

from __future__ import annotations

import unittest
from typing import Any

from dsl import Cache, Job
from lib.model.declaration_error import (
    ArgumentsError,
    DeclarationError,
    explains_bad_arguments,
    meant,
)
from tests.support.declaring import pipeline, problems


def job(*given: Any, **named: Any) -> Job:
    """Make a job that a type checker would not let pass."""
    return Job(*given, **named)


class Fields(unittest.TestCase):
    def test_names_that_other_tools_have_suggest_ours(self) -> None:
        for name, field in (
            ("retry", "retries"),
            ("needs", "depends_on"),
            ("deps", "depends_on"),
            ("command", "cmd"),
            ("run", "cmd"),
            ("script", "cmd"),
            ("environment", "env"),
            ("env_vars", "env"),
            ("services", "service"),
            ("time_out", "timeout"),
            ("timeout-minutes", "timeout"),
            ("allow_failures", "allow_failure"),
            ("continue-on-error", "allow_failure"),
            ("if", "when"),
            ("artifacts", "outputs"),
            ("cores", "resources"),
            ("max_retry", "retries"),
            ("Timeout", "timeout"),
            ("serivce", "service"),
            ("working_directory", "cwd"),
            ("tags", "group"),
        ):
            (line,) = problems(lambda name=name: job("build", "true", **{name: 2}))
            self.assertEqual(
                line, f"job build: {name}=2: there is no {name!r}; did you mean {field!r}?"
            )

    def test_one_that_nothing_is_like_tells_all(self) -> None:
        (line,) = problems(lambda: job("build", "true", zzz=1))
        self.assertRegex(
            line, "^job build: zzz=1: there is no 'zzz'; there are name, cmd, depends_on"
        )

    def test_argument_of_another_call_is_refused_with_the_name_of_that_call(self) -> None:
        for name in ("max_parallel", "parallel"):
            (line,) = problems(lambda name=name: job("build", "true", **{name: "src"}))
            self.assertRegex(line, rf"^job build: {name}='src': .*Pipeline\(…")
        (line,) = problems(lambda: pipeline(Job("a", "true"), fast_fail=True))
        self.assertRegex(line, r"^Pipeline: fast_fail=True: .*Pipeline\.run\(")
        run: Any = pipeline(Job("a", "true")).run
        (line,) = problems(lambda: run(timeout=3))
        self.assertRegex(line, r"^Pipeline\.run: timeout=3: .*Pipeline\(")
        (line,) = problems(lambda: run(only=["a"]))
        self.assertRegex(line, r"^Pipeline\.run: only=\['a'\]: .*did you mean 'only_jobs'")

    def test_a_cache_says_it_too_and_all_at_once(self) -> None:
        cache: Any = Cache
        for name, field in (
            ("key", "key_cmd"),
            ("path", "artifact_path"),
            ("max_size", "max_bytes"),
        ):
            given: dict[str, Any] = {"key_cmd": "k", "artifact_path": "a", "store_dir": "s"}
            given = {name if known == field else known: value for known, value in given.items()}
            told_of = problems(lambda given=given, name=name: cache(**{name: 1, **given}))
            self.assertIn(f"did you mean {field!r}?", "".join(told_of))
        found = problems(lambda: cache("", None, "\0", cwd=7, max_bytes="2G"))
        for line, field in zip(
            found, ("key_cmd", "artifact_path", "store_dir", "cwd", "max_bytes"), strict=True
        ):
            self.assertRegex(line, f"^Cache: {field}: expected")

    def test_all_else_that_is_wrong_is_told_as_well(self) -> None:
        wrong: dict[str, Any] = {"needs": ["a"], "retry": 2, "nice": 99}
        found = problems(lambda: Job("build", "true", **wrong))
        self.assertEqual(len(found), 3)
        for line, field in zip(found, ("nice", "needs", "retry"), strict=True):
            self.assertRegex(line, f"^job build: {field}")

    def test_arguments_that_lack_or_come_twice_or_too_many(self) -> None:
        self.assertEqual(
            problems(lambda: job("build")),
            ["job build: cmd: expected a value, found none: give it"],
        )
        self.assertRegex(
            problems(lambda: job("build", "true", cmd="x"))[0], "^job build: cmd='x': .*twice"
        )
        many: Any = ("build", "true", [], 0, 0, False, 1, {}, {}, (0,))
        self.assertRegex(problems(lambda: job(*many))[0], r"^job build: \(0,\): expected 9 values")
        self.assertEqual(len(problems(lambda: job(nme="a", cmd="true"))), 1)

    def test_it_is_a_type_error_and_a_value_error(self) -> None:
        for kind in (TypeError, ValueError, DeclarationError, ArgumentsError):
            with self.assertRaises(kind):
                job("build", "true", retry=2)

    def test_values_of_mappings_may_be_secrets_and_are_not_shown(self) -> None:
        wrong: dict[str, Any] = {"environment": {"TOKEN": "s3cret"}}
        (line,) = problems(lambda: Job("build", "true", **wrong))
        self.assertIn("TOKEN", line)
        self.assertNotIn("s3cret", line)

    def test_a_value_is_shown_in_one_line(self) -> None:
        class Long:
            def __repr__(self) -> str:
                return "a\nb" * 99

        self.assertEqual(len(problems(lambda: job("a", "true", retry=Long()))), 1)

    def test_an_error_from_within_is_passed_on(self) -> None:
        @explains_bad_arguments(lambda _: "it")
        def fails(self: object, number: int) -> None:
            raise TypeError("from within")

        with self.assertRaisesRegex(TypeError, "^from within$"):
            fails(self, 1)

    def test_no_name_of_ours_is_said_to_mean_another(self) -> None:
        fields = tuple(Job("a", "true").__dict__)
        for field in fields:
            self.assertEqual(meant(field, fields), field)


if __name__ == "__main__":
    unittest.main()
