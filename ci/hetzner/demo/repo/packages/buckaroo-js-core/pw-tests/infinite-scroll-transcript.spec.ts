import { expect, test } from "@playwright/test";
import { runNotebook } from "./notebook";

test("the transcript can be scrolled to its last row", async ({ page }) => {
  const rows = (await runNotebook(page)).locator("tbody tr");
  await expect(rows).toHaveCount(200);
  await rows.last().scrollIntoViewIfNeeded();
  await expect(rows.last()).toBeInViewport();
});
