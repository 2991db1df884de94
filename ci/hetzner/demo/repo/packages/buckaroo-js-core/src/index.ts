import "./style.css";
import { columns, sortRows, type Row } from "./table";

export { columns, sortRows, type Row };

/** Draws a table whose columns sort when their heads are clicked. */
export function draw(root: HTMLElement, rows: Row[]): void {
  const table = document.createElement("table");
  table.className = "buckaroo";
  const head = table.createTHead().insertRow();
  for (const name of columns(rows)) {
    const cell = document.createElement("th");
    cell.textContent = name;
    cell.onclick = () => draw(root, sortRows(rows, name));
    head.append(cell);
  }
  const body = table.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    for (const name of columns(rows)) line.insertCell().textContent = String(row[name] ?? "");
  }
  root.replaceChildren(table);
}
