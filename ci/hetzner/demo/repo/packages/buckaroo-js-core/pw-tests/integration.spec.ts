import { expect, test } from "@playwright/test";
import { runNotebook } from "./notebook";

test("the notebook shows its table", async ({ page }) => {
  const table = await runNotebook(page);
  await expect(table.locator("tbody tr")).not.toHaveCount(0);
});
