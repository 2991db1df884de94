// Serves the page; the Python runtime that it loads comes over the network.
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const page = join(dirname(fileURLToPath(import.meta.url)), "index.html");

createServer((_, response) => {
  response.writeHead(200, { "Content-Type": "text/html" });
  createReadStream(page).pipe(response);
}).listen(Number(process.env.CI_PORT_WASM_MARIMO ?? 8765), "127.0.0.1");
