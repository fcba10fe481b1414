import { defineConfig } from "vitest/config"

/** Two projects: `core` needs nothing but Node; `kernel` makes network namespaces, one test file at a time. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "core",
          include: ["src/**/*.test.ts", "test/{pipeline,fuzz,tidy}/**/*.test.ts"],
          // Properties try hundreds of rulesets: a slow machine may take its time, a test that hangs is still found.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "kernel",
          include: ["test/{kernel,e2e}/**/*.test.ts"],
          fileParallelism: false,
          // They run on the kernel's clock: once more where a busy machine stalled in the middle of one. What is wrong is wrong both times.
          retry: 1,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
