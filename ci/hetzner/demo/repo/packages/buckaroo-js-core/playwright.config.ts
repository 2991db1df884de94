import { configFor } from "./pw-tests/browser";

export default { ...configFor("storybook.spec.ts", `http://127.0.0.1:${process.env.CI_PORT_STORYBOOK ?? 6006}`), testDir: "pw-tests" };
