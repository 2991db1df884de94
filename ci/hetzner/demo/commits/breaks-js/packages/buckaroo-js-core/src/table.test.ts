import { columns, sortRows } from "./table";

const rows = [{ a: 10, b: "x" }, { a: 9, b: "y", c: 1 }];

test("numbers sort as numbers", () => {
  expect(sortRows(rows, "a").map((row) => row.a)).toEqual([10, 9]);
});

test("descending turns the order around", () => {
  expect(sortRows(rows, "b", true).map((row) => row.b)).toEqual(["y", "x"]);
});

test("columns keep the order in which they appear", () => {
  expect(columns(rows)).toEqual(["a", "b", "c"]);
});
