import { expect, type Locator, type Page } from "@playwright/test";

const notebook = process.env.TEST_NOTEBOOK ?? "test_buckaroo_widget.ipynb";
const token = process.env.JUPYTER_TOKEN ?? "test-token-12345";

/** Opens the notebook in JupyterLab, runs all of its cells and returns the table that they show. */
export async function runNotebook(page: Page): Promise<Locator> {
  await page.goto(`/lab/tree/${notebook}?token=${token}&reset`);
  await expect(page.locator(".jp-Notebook")).toBeVisible({ timeout: 60_000 });
  const table = page.locator(".jp-OutputArea-output").getByTestId("buckaroo-table");
  // a command that comes before the kernel is there makes JupyterLab ask which kernel to use
  await expect(page.getByText("(ipykernel) | Idle")).toBeVisible({ timeout: 60_000 });
  await expect(async () => {
    await page.locator(".lm-MenuBar-item", { hasText: /^Run$/ }).click();
    await page.locator('.lm-Menu-item[data-command="runmenu:run-all"]').click();
    await expect(table).toBeVisible({ timeout: 4_000 });
  }).toPass({ timeout: 60_000 });
  return table;
}
