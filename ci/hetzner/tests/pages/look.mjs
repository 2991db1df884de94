// Opens pages in headless Chromium and prints, as one JSON object, all that a test wants to know.
// usage: node look.mjs DIRECTORY_WITH_NODE_MODULES BROWSER DIRECTORY_OF_PAGES
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [tools, executablePath, pages] = process.argv.slice(2);
const require = createRequire(`${tools}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const WIDE = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });

// Open a page; `heard` gets what it says on the console and each address that it asks for.
async function open(file, options = {}) {
  const context = await browser.newContext({ viewport: WIDE, ...options });
  const page = await context.newPage();
  page.heard = [];
  page.on("console", (message) => page.heard.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => page.heard.push(`error: ${error}`));
  page.on("dialog", (dialog) => page.heard.push(`dialog: ${dialog.message()}`));
  page.on("request", (request) => page.heard.push(`request: ${request.url()}`));
  await page.goto(`file://${pages}/${file}`);
  return page;
}

async function violations(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run());
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.slice(0, 3).map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`),
  );
}

async function visit(file, options) {
  const page = await open(file, options);
  const told = {
    violations: await violations(page),
    overflow: await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
    heard: page.heard.slice(1), // the first is the page itself
  };
  await page.context().close();
  return told;
}

// The place of each bar in the plot, by the name of its job, both ends from 0 to 1.
async function bars(page) {
  return page.evaluate(() => {
    const plot = document.querySelector(".plot").getBoundingClientRect();
    const names = [...document.querySelectorAll(".names li")];
    const rows = [...document.querySelectorAll(".plot .row")].map((row, number) => {
      const name = names[number].getBoundingClientRect();
      const shown = [...row.querySelectorAll(".bar")].map((bar) => bar.getBoundingClientRect());
      const ends = shown.map((b) => [b.left - plot.left, b.right - plot.left]);
      const beside = shown.every((b) => b.top >= name.top && b.bottom <= name.bottom);
      return [names[number].textContent, ends.map((e) => e.map((x) => x / plot.width)), beside];
    });
    return { width: plot.width, rows };
  });
}

// Press Tab from the top of a page; return what has the focus each time.
async function tabbed(page, times) {
  const seen = [];
  for (let n = 0; n < times; n += 1) {
    await page.keyboard.press("Tab");
    seen.push(
      await page.evaluate(() => {
        const focused = document.activeElement;
        return focused.getAttribute("href") || focused.id || focused.className || focused.tagName;
      }),
    );
  }
  return seen;
}

const shownRows = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll(".jobs tbody tr")]
      .filter((row) => row.getBoundingClientRect().height > 0)
      .map((row) => row.querySelector(".name").textContent),
  );

const told = { visits: {}, hostile: {} };
for (const [name, options] of Object.entries({
  "red.html light": { colorScheme: "light" },
  "red.html dark": { colorScheme: "dark" },
  "red.html phone": { viewport: PHONE },
  "green.html phone, dark": { viewport: PHONE, colorScheme: "dark" },
  "cut.html light": {},
  "hostile.html phone": { viewport: PHONE },
  "compare.html light": {},
  "compare.html phone, dark": { viewport: PHONE, colorScheme: "dark" },
  "history.html light": {},
  "history.html phone, dark": { viewport: PHONE, colorScheme: "dark" },
})) {
  told.visits[name] = await visit(name.split(" ")[0], options);
}

// without scripts, as a viewer of files shows it
for (const [name, viewport] of Object.entries({ wide: WIDE, phone: PHONE })) {
  const page = await open("red.html", { javaScriptEnabled: false, viewport });
  told[`bars ${name}`] = await bars(page);
  told.verdict = await page.locator("h1").innerText();
  told.broken = await page.locator(".broken").innerText();
  told.brokenEnds = await page.locator(".broken").evaluate((e) => e.getBoundingClientRect().bottom);
  await page.context().close();
}

const red = await open("red.html");
told.tabs = await tabbed(red, 60);
await red.locator("#rows-bad").focus();
await red.keyboard.press("Space");
told.notPassed = await shownRows(red);
await red.keyboard.press("ArrowRight");
told.slow = await shownRows(red);
await red.emulateMedia({ media: "print" });
told.printed = await red.evaluate(() =>
  ["nav", ".choices", ".log"].map((each) => document.querySelector(each).getClientRects().length),
);
await red.context().close();

const hostile = await open("hostile.html");
told.hostile = await hostile.evaluate(() => ({
  tags: [...new Set([...document.querySelectorAll("*")].map((each) => each.localName))],
  handlers: [...document.querySelectorAll("*")].flatMap((each) =>
    each.getAttributeNames().filter((name) => name.startsWith("on")),
  ),
  addresses: [...document.querySelectorAll("[href]")].map((each) => each.getAttribute("href")),
}));
await hostile.context().close();

const wide = await open("wide.html");
told.wideFirst = await shownRows(wide);
await wide.locator("#rows-all").check();
told.wideAll = (await shownRows(wide)).length;
told.wideHeard = wide.heard.slice(1);
await wide.context().close();

const picture = await open("timeline.svg");
told.picture = await picture.evaluate(() => ({
  bars: document.querySelectorAll(".bar").length,
  colour: getComputedStyle(document.querySelector(".bar.failed")).fill,
}));
told.pictureHeard = picture.heard.slice(1);

await browser.close();
console.log(JSON.stringify(told));
