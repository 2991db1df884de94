import { expect, test } from "@playwright/test";

test("a click on a head sorts the table", async ({ page }) => {
  await page.goto("/");
  const cells = page.locator("tbody tr td:first-child");
  await expect(cells).toHaveText(["cedar", "ash", "birch"]);
  await page.getByText("size").click();
  await expect(cells).toHaveText(["ash", "cedar", "birch"]);
});
