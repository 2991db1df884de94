"""The graph in columns: each job right of its needs, long edges by points of their own."""

from __future__ import annotations

import unittest

from lib.page import graph_layout


def layout(text: str) -> graph_layout.Layout:
    """Return the layout of a graph, written as `a; b<a; c<a,b`."""
    parts = (part.strip().partition("<") for part in text.split(";"))
    return graph_layout.laid_out(
        {job: needs.split(",") if needs else [] for job, _, needs in parts}
    )


class Columns(unittest.TestCase):
    def test_job_stands_right_of_all_that_it_needs(self) -> None:
        for text in ("a; b<a; c<b", "c<b; b<a; a", "a; b; c<a,b; d<c,a", "a"):
            found = layout(text)
            for source, target in found.edges:
                self.assertLess(found.places[source][0], found.places[target][0], text)

    def test_need_that_another_need_has_already_is_no_edge(self) -> None:
        self.assertEqual(set(layout("a; b<a; c<a,b").edges), {("a", "b"), ("b", "c")})

    def test_long_edge_has_a_point_in_each_column(self) -> None:
        found = layout("a; b<a; c<b; x; d<c,x")
        self.assertEqual([column for column, _ in found.edges["x", "d"]], [0, 1, 2, 3])

    def test_no_two_points_have_the_same_place(self) -> None:
        found = layout("a; b<a; c<a; d<a; e<b,c; f<d; g<e,f; h<a,g")
        inner = [point for points in found.edges.values() for point in points[1:-1]]
        places = [*found.places.values(), *inner]
        self.assertEqual(len(places), len(set(places)))

    def test_edges_that_need_not_cross_do_not(self) -> None:
        found = layout("a; b; c; x<c; y<b; z<a")
        rows = {name: row for name, (_, row) in found.places.items()}
        self.assertEqual(
            [rows[name] for name in "abc"], [rows[name] for name in "zyx"], found.places
        )

    def test_deep_graph_needs_no_deep_recursion(self) -> None:
        chain = {str(n): [str(n - 1)] if n else [] for n in range(3000)}
        self.assertEqual(graph_layout.laid_out(chain).places["2999"], (2999, 0))


if __name__ == "__main__":
    unittest.main()
