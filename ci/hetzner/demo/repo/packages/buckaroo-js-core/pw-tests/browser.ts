import { defineConfig } from "@playwright/test";

// a browser of the system's, with what it needs where there is neither a display nor a sandbox
const executablePath = process.env.CI_CHROMIUM || undefined;
const args = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

export function configFor(testMatch: string, baseURL: string) {
  return defineConfig({
    testDir: ".",
    testMatch,
    timeout: 60_000,
    reporter: [["line"], ["html", { open: "never" }]],
    outputDir: `../test-results/${testMatch.replace(/\W/g, "-")}`,
    use: { baseURL, launchOptions: executablePath ? { executablePath, args } : {} },
  });
}
