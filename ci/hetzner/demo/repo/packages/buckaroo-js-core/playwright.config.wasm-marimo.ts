import { configFor } from "./pw-tests/browser";

export default { ...configFor("wasm-marimo.spec.ts", `http://127.0.0.1:${process.env.CI_PORT_WASM_MARIMO ?? 8765}`), testDir: "pw-tests" };
