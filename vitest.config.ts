import { defineConfig } from "vitest/config"

// Node reads these certificates at each start, which takes longer than starting; no test asks anybody on the net.
delete process.env["NODE_EXTRA_CA_CERTS"]

/** Tests that measure time against the kernel's own, to a tick or to a second: what runs beside them is in the measurement. */
const timed = ["apply-alive", "import-csf", "kinds", "laboratory", "protections"].map(
  (name) => `test/kernel/${name}.test.ts`,
)

/** They run on the kernel's clock: once more where a busy machine stalled in the middle of one. What is wrong is wrong both times. None takes a minute on a machine of its own; some do on one that has other things to do. */
const kernel = { retry: 1, testTimeout: 180_000, hookTimeout: 180_000 }

/**
 * Four projects: `core` needs nothing but Node; `e2e` runs the real program; `kernel` makes network namespaces, each test its own, so that several files go at a time;
 * `timed` does the same, one file at a time and nothing beside it.
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
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      { test: { name: "kernel", include: ["test/kernel/**/*.test.ts"], exclude: timed, ...kernel } },
      { test: { name: "timed", include: timed, fileParallelism: false, ...kernel } },
    ],
  },
})
