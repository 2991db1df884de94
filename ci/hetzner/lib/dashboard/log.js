// Shows a log while it grows. Its text never becomes markup: it is put in as text.
"use strict";

const MOST = 2000000; // characters that are shown; the oldest go first
const NEAR = 80; // pixels from the end of the page: a reader who is there follows the log
const log = document.getElementById("log");
const line = document.getElementById("live");
let length = 0;

function say(text, on) {
  line.textContent = text;
  line.classList.toggle("on", on);
}

function add(text, look) {
  const follows = innerHeight + scrollY >= document.documentElement.scrollHeight - NEAR;
  const part = document.createElement("span");
  if (look) part.className = look;
  part.textContent = text;
  log.append(part);
  length += text.length;
  while (length > MOST && log.firstChild !== log.lastChild) {
    length -= log.firstChild.textContent.length;
    log.firstChild.remove();
  }
  if (follows) scrollTo(0, document.documentElement.scrollHeight);
}

const source = new EventSource(location.href);
source.onopen = () => say("Live", true);
source.onmessage = (event) => add(event.data);
source.addEventListener("attempt", (event) => add(`\n--- attempt ${event.data}\n`, "mark"));
source.addEventListener("left-out", (event) => add(`\n--- ${event.data} bytes are left out\n`, "mark"));
source.addEventListener("end", (event) => {
  source.close();
  say(`Ended: ${event.data}`, false);
});
source.onerror = () => {
  if (source.readyState === EventSource.CLOSED) say("Not connected: reload the page.", false);
  else say("Connecting again …", false);
};
