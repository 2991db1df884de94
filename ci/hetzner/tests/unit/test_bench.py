"""The benchmark's arithmetic: shapes of work, recipes of the peers, ratios, targets, comparing."""

from __future__ import annotations

import argparse
import unittest

import bench
from benchmarks import benchmark_run, peers, runner_figures, table, workloads
from benchmarks.measuring import Cost
from benchmarks.peers import FLOOR, OURS, POOL


def costs(*walls: float) -> list[Cost]:
    return [Cost(wall, 0.0, 0) for wall in walls]


class Workloads(unittest.TestCase):
    def test_each_job_of_a_chain_needs_the_one_before(self) -> None:
        needs = [task.needs for task in workloads.chain(3).tasks]
        self.assertEqual(needs, [(), ("j0",), ("j1",)])

    def test_layers_hold_their_width_and_needs(self) -> None:
        tasks = workloads.layered(3, 5, 2).tasks
        self.assertEqual(len(tasks), 15)
        self.assertEqual([len(t.needs) for t in tasks], [0] * 5 + [2] * 10)
        self.assertTrue(all(need.startswith("l1-") for t in tasks[10:] for need in t.needs))

    def test_real_shape_has_sixteen_jobs_and_the_critical_path_it_is_scaled_to(self) -> None:
        made = workloads.ci16()
        seconds = {t.name: float(t.command.split()[1]) for t in made.tasks}
        self.assertEqual(len(made.tasks), 16)
        longest = workloads.longest_path(seconds, {t.name: t.needs for t in made.tasks})
        self.assertAlmostEqual(longest, workloads.CRITICAL_PATH, places=3)

    def test_plan_has_three_edges_a_job(self) -> None:
        tasks = workloads.plan(20000).tasks
        edges = sum(len(task.needs) for task in tasks)
        self.assertEqual((len(tasks), edges), (20000, 3 * 20000 - 11 - 23 - 50))

    def test_every_need_comes_before_the_job_that_has_it(self) -> None:
        for workload in (*benchmark_run.RACES.values(), workloads.plan(500)):
            seen: set[str] = set()
            for task in workload.tasks:
                self.assertLessEqual(set(task.needs), seen, workload.name)
                seen.add(task.name)

    def test_tasks_are_told_a_line_each(self) -> None:
        self.assertEqual(workloads.as_lines(workloads.chain(2)), "j0\t\ttrue\nj1\tj0\ttrue\n")


class Recipes(unittest.TestCase):
    def test_every_recipe_runs_bash_with_its_output_in_its_own_file(self) -> None:
        work = workloads.Workload("w", "", (workloads.Task("a", "echo '$x'", ()),), 2)
        line = "bash -c 'echo '\"'\"'$x'\"'\"'' > logs/a.log 2>&1"
        self.assertEqual(peers.recipe(work.tasks[0]), line)
        self.assertIn(line.replace("$", "$$"), peers.makefile(work)["Makefile"])
        self.assertIn(line.replace("$", "$$"), peers.ninja_file(work)["build.ninja"])
        self.assertIn(line.replace("'", "''"), peers.taskfile(work)["Taskfile.yml"])
        self.assertIn(repr(line), peers.snakefile(work)["Snakefile"])

    def test_every_recipe_names_the_needs_of_a_job(self) -> None:
        work = workloads.chain(2)
        self.assertIn("\nj1: j0\n", peers.makefile(work)["Makefile"])
        self.assertIn("build j1: sh j0\n", peers.ninja_file(work)["build.ninja"])
        self.assertIn("deps: [j0]", peers.taskfile(work)["Taskfile.yml"])
        self.assertIn("input: 'done/j0'", peers.snakefile(work)["Snakefile"])


class Figures(unittest.TestCase):
    def test_ratio_is_taken_within_a_round(self) -> None:
        rounds = {FLOOR: costs(1, 2, 4), OURS: costs(2, 3, 4)}
        self.assertEqual(table.ratios(rounds, OURS), [2.0, 1.5, 1.0])

    def test_slow_peer_is_compared_with_the_rounds_that_it_took_part_in(self) -> None:
        rounds = {FLOOR: costs(1, 2), "snakemake": costs(20)}
        self.assertEqual(table.ratios(rounds, "snakemake"), [20.0])

    def test_workload_with_a_critical_path_is_told_in_milliseconds_beyond_it(self) -> None:
        found = table.figures({"ci16": {FLOOR: costs(1.61), OURS: costs(1.64)}}, {"ci16": 1.6})
        self.assertAlmostEqual(found["ci16: over the critical path"], 40)

    def test_planning_is_linear_if_a_job_costs_the_same_in_a_large_plan(self) -> None:
        measured = {
            "plan-5000": {OURS: [Cost(9.0, 0.1, 0)]},
            "plan-80000": {OURS: [Cost(9.0, 3.2, 0)]},
        }
        found = table.figures(measured, {})
        self.assertAlmostEqual(found["plan: growth of time a job"], 2.0)

    def test_faster_peer_is_named(self) -> None:
        rounds = {FLOOR: costs(1), OURS: costs(2), "make": costs(1.6), "doit": costs(3)}
        told = table.ahead({"wide": rounds, "output": rounds})
        self.assertEqual(told, ["wide: make was faster, this runner took 1.25 × its time"])

    def test_peer_that_may_be_faster_is_not_told(self) -> None:
        rounds = {POOL: costs(1), OURS: costs(2)}
        self.assertEqual(table.ahead({"wide": rounds}), [])
        self.assertEqual(len(table.ahead({"chain-1000": rounds})), 1)

    def test_own_cpu_time_is_compared_with_the_thread_pools_within_a_round(self) -> None:
        found = table.own_cpu_figures({OURS: [0.2, 0.6, 0.3], POOL: [0.1, 0.3, 0.3]})
        self.assertEqual(found["own CPU: ms a job"], 0.3)
        self.assertEqual(found["own CPU: of the thread pool's"], 2.0)
        self.assertEqual(table.own_cpu_figures({}), {})

    def test_target_that_is_missed_within_the_margin_is_no_failure(self) -> None:
        found = {"wide: ratio": 1.5}
        self.assertEqual(len(table.verdicts(found)), 1)
        self.assertEqual(table.verdicts(found, 2), [])

    def test_least_of_the_rounds_is_not_explained_by_load(self) -> None:
        measured = {"wide": {FLOOR: costs(1, 1, 1), OURS: costs(3, 1.2, 4)}}
        self.assertEqual(table.figures(measured, {})["wide: ratio"], 3.0)
        self.assertEqual(table.figures(measured, {}, of=min)["wide: ratio"], 1.2)

    def test_missed_target_names_limit_and_figure(self) -> None:
        told = table.verdicts({"wide: ratio": 9.0}, 2)
        self.assertEqual(told, ["wide: ratio: expected at most 2.5 ×, found 9.00"])

    def test_nothing_fails_on_milliseconds(self) -> None:
        self.assertEqual(table.verdicts({"idle: CPU in 5 s": 900.0}, 2), [])
        self.assertIn("**missed**", table.target_rows({"idle: CPU in 5 s": 900.0})[0])

    def test_long_run_is_judged_from_its_second_sample_on(self) -> None:
        samples = [(0.0, 5_000_000, 5), (1.0, 9_000_000, 9)]
        samples += [(1.0 + i, 9_000_000 + i * 1_000_000, 9) for i in range(1, 10)]
        told = runner_figures.development(samples)
        self.assertEqual(told["long: descriptors gained"], 0)
        self.assertEqual(told["long: memory a job"], 1000)
        self.assertEqual(told["long: last thousand to first"], 1.0)


class Report(unittest.TestCase):
    def test_rows_are_sorted_by_time_and_name_the_workload_once(self) -> None:
        rounds = {OURS: costs(2.0), FLOOR: costs(1.0)}
        first, second = table.rows("wide", rounds, 0.0)
        self.assertTrue(first.startswith("| wide | floor | 1.000 (1.000–1.000) | 1.00 (1.00–1.00)"))
        self.assertTrue(second.startswith("|  | **this runner** | 2.000"))

    def test_matrix_holds_ratios_milliseconds_beyond_a_path_and_seconds(self) -> None:
        measured = {
            "wide": {FLOOR: costs(1.0), OURS: costs(1.2)},
            "ci16": {FLOOR: costs(1.61), OURS: costs(1.64)},
            "plan-5000": {OURS: costs(0.2)},
        }
        self.assertEqual(
            table.matrix(measured, {"ci16": 1.6}),
            [
                "| | floor | this runner |",
                "|---|---|---|",
                "| wide | 1.00 | 1.20 |",
                "| ci16 | +10 ms | +40 ms |",
                "| plan-5000 | – | 0.20 s |",
            ],
        )

    def test_comparison_has_the_largest_change_first_and_new_and_removed_figures(self) -> None:
        told = table.comparison({"a": 1.0, "b": 2.0, "c": 1.0}, {"a": 1.1, "b": 1.0, "d": 3.0})
        self.assertEqual(
            told[2:],
            [
                "| b | 2.00 | 1.00 | -50% |",
                "| a | 1.00 | 1.10 | +10% |",
                "| d | – | 3.00 | new |",
                "| c | 1.00 | – | gone |",
            ],
        )

    def test_kept_table_replaces_the_one_between_the_marks(self) -> None:
        text = f"a\n{table.MARK}\nold\n{table.MARK}\nb\n"
        told = table.between_marks(text, ["new", "lines"])
        self.assertEqual(told, f"a\n{table.MARK}\nnew\nlines\n{table.MARK}\nb\n")
        self.assertEqual(table.between_marks(told, ["old"]), text)
        with self.assertRaisesRegex(ValueError, "expected two lines .*, found 0"):
            table.between_marks("a\nb\n", ["new"])

    def test_unknown_workload_is_refused_by_name(self) -> None:
        with self.assertRaisesRegex(argparse.ArgumentTypeError, "deep: not one of chain-100"):
            bench.known("wide,deep")
