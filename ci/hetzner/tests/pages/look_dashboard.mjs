// Opens the dashboard in headless Chromium and prints, as one JSON object, what a test wants to know.
// usage: node look_dashboard.mjs DIRECTORY_WITH_NODE_MODULES BROWSER JSON_OF_ADDRESSES
import { PHONE, browser, openPage, violations } from "./browser.mjs";

const given = JSON.parse(process.argv[4]);

// `heard` gets the addresses of other hosts
function open(address, options) {
  const isOther = (url) => {
    const { origin, protocol } = new URL(url);
    return origin !== new URL(address).origin && protocol !== "data:";
  };
  return openPage(address, isOther, options);
}

async function visit(address, options) {
  const page = await open(address, options);
  if (!page.url().includes("follow")) await page.locator("#live, form").first().waitFor();
  const told = {
    overflow: await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
    heard: [...page.heard], // before axe, which has its own styles
    violations: await violations(page),
  };
  await page.context().close();
  return told;
}

const change = async (name) => {
  const answer = await fetch(`${given.busy}/change/${name}`);
  if (answer.status !== 204) throw new Error(`${name}: ${answer.status}`);
};

const told = { visits: {}, hostile: {} };
const dark = { colorScheme: "dark" };
for (const [name, [address, options]] of Object.entries({
  "busy light": [`${given.busy}/`, {}],
  "busy dark": [`${given.busy}/`, dark],
  "busy phone": [`${given.busy}/`, { viewport: PHONE }],
  "run phone, dark": [given.busy + given.run, { viewport: PHONE, ...dark }],
  "log phone": [`${given.busy}${given.run}lint.log?follow=1`, { viewport: PHONE }],
  "empty phone, dark": [`${given.empty}/`, { viewport: PHONE, ...dark }],
  "hostile phone": [`${given.hostile}/`, { viewport: PHONE }],
  "hostile run phone": [given.hostile + given.hostileRun, { viewport: PHONE }],
  "hostile log": [`${given.hostile}${given.hostileRun}lint.log?follow=1`, {}],
})) {
  told.visits[name] = await visit(address, options);
}

const plain = await open(`${given.busy}/`, { javaScriptEnabled: false, viewport: PHONE });
told.withoutScript = await plain.locator("body").innerText();
told.verdict = await plain.locator("h1").innerText();
told.cardEnds = await plain.locator(".card").evaluate((e) => e.getBoundingClientRect().bottom);
await plain.context().close();

const empty = await open(`${given.empty}/`);
told.empty = await empty.locator("main").innerText();
await empty.context().close();

for (const [name, path] of Object.entries({ home: "/", run: given.hostileRun })) {
  const page = await open(given.hostile + path);
  told.hostile[name] = await page.evaluate(() => ({
    tags: [...new Set([...document.querySelectorAll("*")].map((each) => each.localName))],
    scripts: document.scripts.length,
    handlers: [...document.querySelectorAll("*")].flatMap((each) =>
      each.getAttributeNames().filter((attribute) => attribute.startsWith("on")),
    ),
    addresses: [...document.querySelectorAll("[href]")].map((each) => each.getAttribute("href")),
    linesOfCommits: [...document.querySelectorAll(".sha code")].map((e) => e.getClientRects().length),
    columns: [...document.querySelectorAll("table:not(.jobs)")].map((each) =>
      [...each.querySelectorAll("thead th")].map((e) => e.getBoundingClientRect().left),
    ),
  }));
  told.hostile.text = await page.locator("main").innerText();
  await page.context().close();
}

// a page that is never loaded again
const live = await open(`${given.busy}/`);
await live.evaluate(() => {
  window.same = true;
});
await live.getByText("Live", { exact: true }).waitFor();
await live.locator(".card a").first().focus();
await change("push");
await live.locator("#queue").getByText("new-branch").waitFor();
await change("progress");
await live.getByText("7 of 9 jobs").first().waitFor();
told.live = {
  pushed: true,
  progress: await live.locator(".counts").first().innerText(),
  focus: await live.evaluate(() => document.activeElement.textContent),
};

await live.route("**/?part=main", (route) => route.fulfill({ status: 503 }));
await change("push");
await live.getByText("This page is old: the server answered 503.").waitFor();
live.heard = live.heard.filter((text) => !text.includes("status of 503")); // the browser's own word
await live.unroute("**/?part=main");
live.heard = live.heard.filter((said) => !said.includes("status of 503"));

const log = await open(`${given.busy}${given.run}test-python.log?follow=1`);
await log.getByText("Live", { exact: true }).waitFor();
await change("log");
await log.getByText("a <b>new</b> line").waitFor();
await change("job-ends");
await log.getByText("Ended: passed").waitFor();
told.log = await log.evaluate(() => ({
  text: document.getElementById("log").textContent,
  tags: document.querySelectorAll("#log b").length,
  said: document.getElementById("live").textContent,
}));
told.liveHeard = [...log.heard];
await log.context().close();

await change("end");
const row = live.locator("#branches tr", { hasText: "storybook" });
await row.waitFor();
told.live.ended = await row.locator(".state").innerText();
await change("pause");
await live.locator("#held").getByText("paused").waitFor();
told.live.held = await live.locator("#held li").innerText();
told.live.sameDocument = await live.evaluate(() => window.same === true);
told.liveHeard.push(...live.heard);
await live.context().close();

// the token once, then a cookie
const locked = await open(`${given.locked}/`);
told.token = { asked: locked.answer.status() };
await locked.getByLabel("Token").fill(given.token);
await locked.getByRole("button").click();
await locked.locator("#branches").waitFor();
told.token.address = new URL(locked.url()).pathname + new URL(locked.url()).search;
told.token.verdict = await locked.locator("h1").innerText();
told.token.cookie = (await locked.context().cookies()).map((c) => [c.httpOnly, c.sameSite])[0];
await locked.goto(given.locked + given.report);
await locked.getByText("its log").click();
await locked.getByText("PASS  lint").waitFor();
told.token.logOfReport = await locked.locator("body").innerText();
await locked.context().close();

await browser.close();
console.log(JSON.stringify(told));
