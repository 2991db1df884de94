import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { expect, test } from "@playwright/test";

test("the page comes alive and sorts", async ({ page }) => {
  await page.goto("/");
  await expect(page.locator("#root")).toHaveAttribute("data-alive", "yes");
  await page.locator("th", { hasText: "name" }).click();
  await expect(page.locator("tbody tr td:first-child")).toHaveText(["ash", "birch", "cedar"]);
});

test("the summary is served", async ({ request }) => {
  const summary = await (await request.get("/summary")).json();
  expect(summary.size.max).toBe(3);
});

const where = ["-c", "import buckaroo; print(buckaroo.__file__)"];

test("the server is the installed package", () => {
  const file = execFileSync(process.env.BUCKAROO_SERVER_PYTHON ?? "python3", where, { encoding: "utf8" });
  expect(file).toContain("site-packages");
});

test("uv runs the package, and makes no environment for it in the tree", () => {
  execFileSync("uv", ["run", "python", ...where]);
  expect(existsSync("../../.venv")).toBe(false);
});
