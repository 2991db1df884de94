// Opens pages in headless Chromium and prints, as one JSON object, all that a test wants to know.
// usage: node look.mjs DIRECTORY_WITH_NODE_MODULES BROWSER DIRECTORY_OF_PAGES
import { PHONE, WIDE, browser, openPage, violations } from "./browser.mjs";

const pages = process.argv[4];
const open = (file, options) => openPage(`file://${pages}/${file}`, () => true, options);

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
