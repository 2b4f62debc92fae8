import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/*/src/**/*.test.ts", "scripts/**/*.test.ts"],
    // One process per file: the native addon and MuJoCo's WASM heap both hold state per process.
    pool: "forks",
    maxWorkers: 2,
    // Only what hangs: tests that train take ten times as long on a small busy machine as on a good one.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
