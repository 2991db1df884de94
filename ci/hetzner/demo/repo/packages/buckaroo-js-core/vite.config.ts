import { defineConfig } from "vite";

export default defineConfig({
  build: {
    lib: { entry: "src/index.ts", formats: ["es"], fileName: () => "index.es.js" },
    rollupOptions: { output: { assetFileNames: "style.css" } },
  },
});
