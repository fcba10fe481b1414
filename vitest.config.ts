import { defineConfig } from "vitest/config"

/**
 * Three projects: `core` needs nothing but Node; `e2e` runs the real program, several files at a time; `kernel` makes network namespaces and runs on the
 * kernel's clock, one file at a time.
 */
export default defineConfig({
  test: {
    // One for the runner itself is one too many where there are two.
    maxWorkers: "100%",
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
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "kernel",
          include: ["test/kernel/**/*.test.ts"],
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
