// Bundles the widget, and the page that needs no notebook, into the Python package.
import { build } from "esbuild";
import { writeFile } from "node:fs/promises";

const target = "../../buckaroo/static";
for (const name of ["widget", "standalone"]) {
  await build({ entryPoints: ["widget.ts"], bundle: true, format: "esm", outfile: `${target}/${name}.js` });
}
await writeFile(`${target}/widget.css`, ".buckaroo th { cursor: pointer; }\n");
