import { configFor } from "./pw-tests/browser";

export default { ...configFor("*.spec.ts", process.env.JUPYTER_BASE_URL ?? "http://127.0.0.1:8889"), testDir: "pw-tests" };
