// A headless Chromium and its checks, for the programs beside it. Their first two words are the
// directory with node_modules, and the browser.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [tools, executablePath] = process.argv.slice(2);
const require = createRequire(`${tools}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
export const WIDE = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844 };

export const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });

// Open a page; `heard` gets what it says on the console, and each address that is `told`.
export async function openPage(address, told, options = {}) {
  const context = await browser.newContext({ viewport: WIDE, ...options });
  const page = await context.newPage();
  page.heard = [];
  page.on("console", (message) => page.heard.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => page.heard.push(`error: ${error}`));
  page.on("dialog", (dialog) => page.heard.push(`dialog: ${dialog.message()}`));
  page.on("request", (request) => {
    if (told(request.url())) page.heard.push(`request: ${request.url()}`);
  });
  page.answer = await page.goto(address);
  return page;
}

export async function violations(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run());
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.slice(0, 3).map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`),
  );
}
