// Serves the page and the Python runtime that it loads, which comes with the package pyodide.
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const runtime = dirname(createRequire(import.meta.url).resolve("pyodide"));
const types = { ".html": "text/html", ".mjs": "text/javascript", ".js": "text/javascript", ".wasm": "application/wasm", ".json": "application/json" };

createServer((request, response) => {
  const name = new URL(request.url, "http://localhost").pathname.split("/").pop() || "index.html";
  const file = [join(here, name), join(runtime, name)].find(existsSync);
  if (!file) return response.writeHead(404).end();
  response.writeHead(200, { "Content-Type": types[extname(file)] ?? "application/octet-stream" });
  createReadStream(file).pipe(response);
}).listen(Number(process.env.CI_PORT_WASM_MARIMO ?? 8765), "127.0.0.1");
