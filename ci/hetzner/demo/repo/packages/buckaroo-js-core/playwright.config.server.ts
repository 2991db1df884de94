import { configFor } from "./pw-tests/browser";

export default { ...configFor("server.spec.ts", `http://127.0.0.1:${process.env.CI_PORT_SERVER ?? 8701}`), testDir: "pw-tests" };
