import { draw } from "buckaroo-js-core-that-is-not-there";

const root = document.getElementById("root");
const table = root?.querySelector("table");
if (root && table) {
  const names = [...table.tHead!.rows[0].cells].map((cell) => cell.textContent ?? "");
  const rows = [...table.tBodies[0].rows].map((line) =>
    Object.fromEntries([...line.cells].map((cell, n) => [names[n], cell.textContent])),
  );
  draw(root, rows);
  root.dataset.alive = "yes";
}
