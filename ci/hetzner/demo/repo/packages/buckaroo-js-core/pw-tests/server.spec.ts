import { execFileSync } from "node:child_process";
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

test("uv runs the installed package", () => {
  const code = "import buckaroo; print(buckaroo.__file__)";
  const file = execFileSync("uv", ["run", "python", "-c", code], { encoding: "utf8" });
  expect(file).toContain("site-packages");
});
