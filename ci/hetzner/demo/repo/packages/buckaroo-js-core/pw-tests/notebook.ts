import { expect, type Page } from "@playwright/test";

const notebook = process.env.TEST_NOTEBOOK ?? "test_buckaroo_widget.ipynb";
const token = process.env.JUPYTER_TOKEN ?? "test-token-12345";

/** Opens the notebook in JupyterLab and runs all of its cells. */
export async function runNotebook(page: Page) {
  await page.goto(`/lab/tree/${notebook}?token=${token}&reset`);
  await expect(page.locator(".jp-Notebook")).toBeVisible({ timeout: 60_000 });
  // the kernel tells that it is ready in the notebook's own toolbar
  await expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")).toBeVisible({ timeout: 60_000 });
  await page.locator(".lm-MenuBar-item", { hasText: /^Run$/ }).click();
  await page.locator('.lm-Menu-item[data-command="runmenu:run-all"]').click();
}
