// Keeps a page of the dashboard in step with the box: on each event it fetches <main> anew.
"use strict";

const LEAST_PAUSE = 1000; // ms between two fetches
const AGAIN = 15000; // ms until it connects anew if the server has refused the stream
const line = document.getElementById("live");
const events = document.querySelector("[data-events]").dataset.events;
let source = null;
let seen = document.querySelector("main").dataset.version;
let fetching = false;
let changed = false;

function say(text, on) {
  if (line.textContent !== text) line.textContent = text;
  line.classList.toggle("on", on);
}

// Words such as "3 min ago" differ at each look and are no change.
const content = (section) => section.outerHTML.replace(/(<time[^>]*>)[^<]*/g, "$1");
let shown = new Map();
for (const section of document.querySelectorAll("main > [id]")) shown.set(section.id, content(section));

function replace(main) {
  const focused = document.activeElement && document.activeElement.getAttribute("href");
  for (const section of main.querySelectorAll(":scope > [id]")) {
    const now = content(section);
    if (shown.get(section.id) === now) continue;
    shown.set(section.id, now);
    const old = document.getElementById(section.id);
    const hadFocus = old.contains(document.activeElement);
    old.replaceWith(section);
    if (hadFocus && focused) {
      const again = [...section.querySelectorAll("a")].find((a) => a.getAttribute("href") === focused);
      if (again) again.focus({ preventScroll: true });
    }
  }
  document.title = main.dataset.title;
  seen = main.dataset.version;
  tick();
}

async function refresh() {
  changed = true;
  if (fetching) return;
  fetching = true;
  while (changed) {
    changed = false;
    try {
      const answer = await fetch("?part=main");
      if (!answer.ok) say(`This page is old: the server answered ${answer.status}.`, false);
      else {
        if (source && source.readyState === EventSource.OPEN) say("Live", true);
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const main = page.querySelector("main");
        if (main && main.dataset.version) replace(main);
        else location.reload(); // the run has a report now
      }
    } catch {
      // the stream tells that the server is gone
    }
    await new Promise((done) => setTimeout(done, LEAST_PAUSE));
  }
  fetching = false;
}

function connect() {
  if (source || document.hidden) return;
  source = new EventSource(`${events}?since=${encodeURIComponent(seen)}`);
  source.onopen = () => say("Live", true);
  source.addEventListener("change", refresh);
  source.onerror = () => {
    say("Not connected: this page may be old.", false);
    if (source.readyState === EventSource.CLOSED) {
      source = null;
      setTimeout(connect, AGAIN);
    }
  };
}

// A browser has few connections to a host: a page that nobody sees keeps none.
function disconnect() {
  if (source) source.close();
  source = null;
}

document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
addEventListener("pagehide", disconnect);
addEventListener("pageshow", connect);

function about(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} d`;
}

function exact(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

function tick() {
  for (const time of document.querySelectorAll("time[data-ago], time[data-since]")) {
    const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
    const text = "since" in time.dataset ? exact(seconds) : `${about(seconds)} ago`;
    if (time.textContent !== text) time.textContent = text;
  }
}

setInterval(tick, 1000);
connect();
