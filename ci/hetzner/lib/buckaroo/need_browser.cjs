// Says in a sentence, with exit code 1, that the Chromium of the Playwright in the current
// directory is not there. Its headless shell will do. If Playwright cannot be asked, its own
// run reports the error.
const fs = require("fs");
const { createRequire } = require("module");
const path = require("path");

let chromium;
try {
  chromium = createRequire(path.join(process.cwd(), "any.js"))("@playwright/test")
    .chromium.executablePath();
} catch {
  process.exit(0);
}
const found = /^(.*)[/\\]chromium-(\d+)[/\\]/.exec(chromium);
if (!fs.existsSync(chromium) && found) {
  const [, root, revision] = found;
  if (!fs.existsSync(path.join(root, `chromium_headless_shell-${revision}`))) {
    console.error(
      `expected Playwright's Chromium of revision ${revision} in ${root}, found none: ` +
        "run `pnpm exec playwright install chromium` in packages/buckaroo-js-core, " +
        "or name the place of its browsers in PLAYWRIGHT_BROWSERS_PATH",
    );
    process.exit(1);
  }
}
