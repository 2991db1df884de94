// Prints GitHub's example payloads, one line of JSON each, signed by GitHub's own library:
// `node sign_examples.mjs TREE SECRET`, where TREE has node_modules.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [tree, secret] = process.argv.slice(2);
const packages = join(tree, "node_modules", "@octokit");
const { sign } = await import(pathToFileURL(join(packages, "webhooks-methods/dist-node/index.js")));
const examples = join(packages, "webhooks-examples");
for (const entry of readdirSync(examples, { withFileTypes: true })) {
  if (!entry.isDirectory()) continue;
  for (const { name, examples: payloads } of JSON.parse(
    readFileSync(join(examples, entry.name, "index.json"), "utf8"),
  )) {
    for (const payload of payloads) {
      const body = JSON.stringify(payload);
      console.log(JSON.stringify({ event: name, body, signature: await sign(secret, body) }));
    }
  }
}
