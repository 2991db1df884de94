import { configFor } from "./pw-tests/browser";

export default { ...configFor("marimo.spec.ts", `http://127.0.0.1:${process.env.CI_PORT_MARIMO ?? 2718}`), testDir: "pw-tests" };
