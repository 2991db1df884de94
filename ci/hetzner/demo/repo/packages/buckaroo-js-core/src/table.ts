export type Row = Record<string, unknown>;

/** Sorts rows by a column, a copy: numbers as numbers, the rest as text. */
export function sortRows(rows: Row[], column: string, descending = false): Row[] {
  const sign = descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [a[column], b[column]];
    if (typeof x === "number" && typeof y === "number") return sign * (x - y);
    return sign * String(x).localeCompare(String(y));
  });
}

/** Names all columns in the order in which they are first seen. */
export function columns(rows: Row[]): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row)))];
}
