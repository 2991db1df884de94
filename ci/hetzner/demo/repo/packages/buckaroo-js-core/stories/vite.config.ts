import { defineConfig } from "vite";

export default defineConfig({
  root: "stories",
  cacheDir: "../node_modules/.vite-stories",
  server: { host: "127.0.0.1", port: Number(process.env.CI_PORT_STORYBOOK ?? 6006), strictPort: true },
});
