import { expect, test } from "@playwright/test";
import { runNotebook } from "./notebook";

test("the transcript can be scrolled to its last row", async ({ page }) => {
  await runNotebook(page);
  const rows = page.locator(".jp-OutputArea-output").getByTestId("buckaroo-table").locator("tbody tr");
  await expect(rows).toHaveCount(200, { timeout: 60_000 });
  await rows.last().scrollIntoViewIfNeeded();
  await expect(rows.last()).toBeInViewport();
});
