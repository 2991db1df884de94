"""What a declaration with names that we do not have says: job, field, value, and what is meant."""

from __future__ import annotations

import unittest
from typing import Any

from dsl import Cache, Job, Pipeline
from lib.model import graph, pool_names
from lib.model.declaration_error import DeclarationError, meant, told


def lines(make: Any) -> list[str]:
    try:
        make()
    except ValueError as error:
        return str(error).splitlines()
    return []


def pipeline(*jobs: Any, **options: Any) -> Pipeline:
    return Pipeline(list(jobs), "sha", "main", "/nowhere", **{"cwd": "/", **options})


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
        ):
            (line,) = lines(lambda name=name: job("build", "true", **{name: 2}))
            self.assertEqual(
                line, f"job build: {name}=2: there is no {name!r}; did you mean {field!r}?"
            )

    def test_one_that_nothing_is_like_tells_all(self) -> None:
        (line,) = lines(lambda: job("build", "true", zzz=1))
        self.assertRegex(
            line, "^job build: zzz=1: there is no 'zzz'; there are name, cmd, depends_on"
        )

    def test_argument_of_another_call_is_refused_with_the_name_of_that_call(self) -> None:
        for name in ("cwd", "working_directory"):
            (line,) = lines(lambda name=name: job("build", "true", **{name: "src"}))
            self.assertRegex(line, rf"^job build: {name}='src': .*Pipeline\(cwd=")
        (line,) = lines(lambda: pipeline(Job("a", "true"), fast_fail=True))
        self.assertRegex(line, r"^Pipeline: fast_fail=True: .*Pipeline\.run\(")
        run: Any = pipeline(Job("a", "true")).run
        (line,) = lines(lambda: run(timeout=3))
        self.assertRegex(line, r"^Pipeline\.run: timeout=3: .*Pipeline\(")
        (line,) = lines(lambda: run(only=["a"]))
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
            told_of = lines(lambda given=given, name=name: cache(**{name: 1, **given}))
            self.assertIn(f"did you mean {field!r}?", "".join(told_of))
        found = lines(lambda: cache("", None, "\0", cwd=7, max_bytes="2G"))
        for line, field in zip(
            found, ("key_cmd", "artifact_path", "store_dir", "cwd", "max_bytes"), strict=True
        ):
            self.assertRegex(line, f"^Cache: {field}: expected")

    def test_all_else_that_is_wrong_is_told_as_well(self) -> None:
        wrong: dict[str, Any] = {"needs": ["a"], "retry": 2, "nice": 99}
        found = lines(lambda: Job("build", "true", **wrong))
        self.assertEqual(len(found), 3)
        for line, field in zip(found, ("nice", "needs", "retry"), strict=True):
            self.assertRegex(line, f"^job build: {field}")

    def test_arguments_that_lack_or_come_twice_or_too_many(self) -> None:
        self.assertEqual(
            lines(lambda: job("build")), ["job build: cmd: expected a value, found none: give it"]
        )
        self.assertRegex(
            lines(lambda: job("build", "true", cmd="x"))[0], "^job build: cmd='x': .*twice"
        )
        many: Any = ("build", "true", [], 0, 0, False, 1, {}, {}, (0,))
        self.assertRegex(lines(lambda: job(*many))[0], r"^job build: \(0,\): expected 9 values")
        self.assertEqual(len(lines(lambda: job(nme="a", cmd="true"))), 1)

    def test_it_is_a_type_error_and_a_value_error(self) -> None:
        for kind in (TypeError, ValueError, DeclarationError):
            with self.assertRaises(kind):
                job("build", "true", retry=2)

    def test_values_of_mappings_may_be_secrets_and_are_not_shown(self) -> None:
        wrong: dict[str, Any] = {"environment": {"TOKEN": "s3cret"}}
        (line,) = lines(lambda: Job("build", "true", **wrong))
        self.assertIn("TOKEN", line)
        self.assertNotIn("s3cret", line)

    def test_a_value_is_shown_in_one_line(self) -> None:
        class Long:
            def __repr__(self) -> str:
                return "a\nb" * 99

        self.assertEqual(len(lines(lambda: job("a", "true", retry=Long()))), 1)

    def test_an_error_from_within_is_passed_on(self) -> None:
        @told(lambda _: "it")
        def fails(self: object, number: int) -> None:
            raise TypeError("from within")

        with self.assertRaisesRegex(TypeError, "^from within$"):
            fails(self, 1)

    def test_no_name_of_ours_is_said_to_mean_another(self) -> None:
        fields = tuple(Job("a", "true").__dict__)
        for field in fields:
            self.assertEqual(meant(field, fields), field)


class Together(unittest.TestCase):
    def test_cycles_are_told_beside_the_rest_and_each(self) -> None:
        jobs = [
            Job("one", "true", ["nowhere"]),
            Job("two", "true", ["three"]),
            Job("three", "true", ["two"]),
            Job("four", "true", resources={"cpu": 10**6}),
            Job("x", "true", ["y", "z"]),
            Job("y", "true", ["x"]),
            Job("z", "true", ["x"]),
            Job("behind", "true", ["z"]),
        ]
        found = lines(lambda: pipeline(*jobs))
        self.assertEqual(len(found), 5, found)
        self.assertIn("nowhere", found[0])
        self.assertIn("four", found[1])
        told_of = {frozenset(w for w in line.split()[1:4] if w != "->") for line in found[2:]}
        self.assertEqual(
            {frozenset(word.strip(":") for word in words) for words in told_of},
            {frozenset({"two", "three"}), frozenset({"x", "y"}), frozenset({"x", "z"})},
        )
        self.assertNotIn("behind", "".join(found))

    def test_more_cycles_than_one_wants_to_read_come_to_an_end(self) -> None:
        jobs = [Job(f"j{n}", "true", [f"j{m}" for m in range(12) if m != n]) for n in range(12)]
        self.assertEqual(len(lines(lambda: pipeline(*jobs))), graph.MOST_CYCLES)

    def test_one_path_of_two_jobs_is_told_beside_an_unknown_job(self) -> None:
        found = lines(
            lambda: pipeline(
                Job("a", "true", outputs={"o": "x"}),
                Job("b", "true", outputs={"o": "x"}),
                Job("c", "true", ["nowhere"]),
            )
        )
        self.assertEqual(len(found), 2, found)

    def test_value_that_is_no_job_is_named_by_its_place(self) -> None:
        self.assertEqual(
            lines(lambda: pipeline(Job("a", "true"), {"name": "b"})),
            ["jobs: expected a Job at place 1, found {'name': 'b'}"],
        )
        alone: Any = Job("a", "true")
        for jobs in (alone, None, 7):
            found = lines(lambda jobs=jobs: Pipeline(jobs, "s", "m", "/x", cwd="/"))
            self.assertRegex(found[0], "^jobs: expected a list such as")
        for name, value in (("cwd", None), ("resources", ["cpu"]), ("resources", 4)):
            found = lines(lambda: pipeline(alone, **{name: value}))  # noqa: B023
            self.assertRegex(found[0], f"^{name}: expected")
        each = (job for job in (alone,))  # can be gone through only once
        made: Any = Pipeline(each, "s", "m", "/x", cwd="/")  # type: ignore[arg-type]
        self.assertEqual(made.jobs, (alone,))


class Pools(unittest.TestCase):
    def test_names_like_those_of_a_pool(self) -> None:
        for name, pool in (
            ("cpus", "cpu"),
            ("CPU", "cpu"),
            ("cup", "cpu"),
            ("cores", "cpu"),
            ("mem", "memory"),
            ("memroy", "memory"),
            ("Memory", "memory"),
            ("gpu", ""),
            ("db", ""),
            ("browser", ""),
        ):
            self.assertEqual(pool_names.like_a_pool(name, ("cpu", "memory")), pool, name)

    def test_a_name_like_that_of_a_mutex_is_asked_about_too(self) -> None:
        def asked(*names: str) -> list[str]:
            jobs = [Job(f"j{n}", "true", resources={name: 1}) for n, name in enumerate(names)]
            return pool_names.pool_questions(jobs, ("cpu",))

        self.assertEqual(len(asked("database", "database", "databse")), 1)
        for fine in (
            ("db", "db", "tb"),
            ("browser-1", "browser-1", "browser-2"),
            ("port:1", "port:2"),
        ):
            self.assertEqual(asked(*fine), [], fine)

    def test_one_that_is_too_small_asks_in_the_error(self) -> None:
        (line,) = lines(lambda: pipeline(Job("a", "true", resources={"cpus": 4})))
        self.assertRegex(line, r"job a: resource 'cpus': wants 4, .*did you mean 'cpu'\?")


if __name__ == "__main__":
    unittest.main()
