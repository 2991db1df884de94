import { expect, test } from "@playwright/test";

test("the app shows the table", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByTestId("buckaroo-table")).toContainText("birch", { timeout: 45_000 });
});
