// A reporter of Playwright that writes JUnit XML, beside those that a configuration names:
// Playwright adds the reporter in PW_TEST_REPORTER to them. Its own reporter for JUnit says nothing
// of flaky tests, and would take the place of the others.
// Writes $CI_JUNIT-<pid>.xml. Tests of a notebook (TEST_NOTEBOOK) have its name beside their file's.
const fs = require("fs");
const path = require("path");

const OUTCOMES = { unexpected: "failure", flaky: "flakyFailure", skipped: "skipped" };
const beside = process.env.TEST_NOTEBOOK ? ` ${process.env.TEST_NOTEBOOK}` : "";

class JUnitReporter {
  constructor(options) {
    this.listing = (options || {})._mode === "list";
  }

  printsToStdio() {
    return false; // otherwise Playwright would leave out the progress that it prints by default
  }

  onBegin(_config, suite) {
    this.suite = suite;
  }

  onEnd() {
    if (this.listing || !process.env.CI_JUNIT || !this.suite) return;
    const file = `${process.env.CI_JUNIT}-${process.pid}.xml`;
    try {
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, document(this.suite));
    } catch (error) {
      console.error(`the names of test cases could not be written: ${error}`);
    }
  }
}

function document(root) {
  const suites = root.suites.flatMap((project) => project.suites.map(suiteOf));
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="playwright tests">
${suites.join("\n")}
</testsuites>
`;
}

function suiteOf(file) {
  const tests = file.allTests();
  const count = (outcome) => tests.filter((test) => test.outcome() === outcome).length;
  const cases = tests.map((test) => caseOf(test, file.title + beside));
  return `<testsuite name=${quoted(file.title + beside)} tests="${tests.length}" failures="${count("unexpected")}" errors="0" skipped="${count("skipped")}">
${cases.join("\n")}
</testsuite>`;
}

function caseOf(test, classname) {
  const name = test.titlePath().slice(3).join(" › "); // without root, project and file
  const milliseconds = test.results.reduce((sum, result) => sum + result.duration, 0);
  const told = `<testcase classname=${quoted(classname)} name=${quoted(name)} time="${(milliseconds / 1000).toFixed(3)}"`;
  const element = OUTCOMES[test.outcome()];
  if (!element) return `${told}/>`;
  const failed = test.results.map((result) => result.error).find(Boolean) || {};
  const text = legal(failed.stack || failed.message || "").trim();
  const message = text.split("\n")[0];
  return `${told}><${element} type="${test.outcome()}" message=${quoted(message)}>${escaped(text)}</${element}></testcase>`;
}

function legal(text) {
  return text
    .replace(/\u001b\[[0-9;]*[A-Za-z]/g, "")
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd");
}

const escaped = (text) =>
  legal(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const quoted = (text) => `"${escaped(text).replace(/[\n\r\t]/g, " ")}"`;

module.exports = JUnitReporter;
