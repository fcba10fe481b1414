import { defineConfig } from "vitest/config"

/** Two projects: `core` needs nothing but Node; `kernel` makes network namespaces, one test file at a time. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "core",
          include: ["src/**/*.test.ts", "test/{pipeline,fuzz,tidy}/**/*.test.ts"],
        },
      },
      {
        test: {
          name: "kernel",
          include: ["test/{kernel,e2e}/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
