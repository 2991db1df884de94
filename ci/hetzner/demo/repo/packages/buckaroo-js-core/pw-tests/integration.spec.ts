import { expect, test } from "@playwright/test";
import { runNotebook } from "./notebook";

test("the notebook shows its table", async ({ page }) => {
  await runNotebook(page);
  const table = page.locator(".jp-OutputArea-output").getByTestId("buckaroo-table");
  await expect(table).toBeVisible({ timeout: 60_000 });
  await expect(table.locator("tbody tr")).not.toHaveCount(0);
});
