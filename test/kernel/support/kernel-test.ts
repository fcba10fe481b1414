import { type TestContext, test } from "vitest"
import { createLaboratory, type Laboratory } from "../../../src/linux/host/namespace/laboratory.js"
import { laboratoryTrouble } from "../../../src/linux/host/namespace/trouble.js"

/**
 * A test that needs the real kernel. Where there is none to be had it is skipped, and the reason is printed; with FLOODWALL_REQUIRE_KERNEL=1, as in
 * continuous integration, a missing kernel is a failure.
 */
export function needsKernel(context: Pick<TestContext, "skip">): void {
  const trouble = laboratoryTrouble()
  if (trouble === null) return
  if (process.env["FLOODWALL_REQUIRE_KERNEL"] === "1") throw new Error(`a test needs the kernel: ${trouble}`)
  if (!told) console.warn(`kernel tests are skipped: ${trouble}`)
  told = true
  context.skip(trouble)
}

let told = false

/** `test` with a laboratory of its own: `kernelTest("…", ({ laboratory }) => …)`. Skips as `needsKernel` does. */
export const kernelTest = test.extend<{ laboratory: Laboratory }>({
  laboratory: async ({ skip }, use) => {
    needsKernel({ skip } as Pick<TestContext, "skip">)
    const laboratory = createLaboratory()
    try {
      await use(laboratory)
    } finally {
      laboratory.close()
    }
  },
})
