import { expect, test } from "@playwright/test";

test("Python runs in the page", async ({ page }) => {
  await page.goto("/");
  await expect(page.locator("#result")).toHaveText("emscripten 5050", { timeout: 45_000 });
});
