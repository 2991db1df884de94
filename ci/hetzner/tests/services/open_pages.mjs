// Opens pages of a server in headless Chromium; prints the status, text and errors of each as JSON.
// usage: node open_pages.mjs DIRECTORY_WITH_NODE_MODULES BROWSER URL…
import { createRequire } from "node:module";

const [tools, executablePath, ...urls] = process.argv.slice(2);
const { chromium } = createRequire(`${tools}/`)("playwright-core");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const told = [];
for (const url of urls) {
  const page = await browser.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(`${error}`));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  const answer = await page.goto(url); // pages that follow the box never fall silent
  told.push({ status: answer.status(), text: await page.innerText("body"), errors });
  await page.close();
}
await browser.close();
console.log(JSON.stringify(told));
