import { type TestContext, test } from "vitest"
import { createLaboratory, type Laboratory } from "../../../src/linux/host/namespace/laboratory.js"
import { laboratoryTrouble } from "../../../src/linux/host/namespace/trouble.js"

/** A test that needs the real kernel. Where there is none to be had it is skipped. */
export function needsKernel(context: Pick<TestContext, "skip">): void {
  const trouble = laboratoryTrouble()
  if (trouble !== null) skipWithout(context, trouble)
}

/** Skips the test, and prints the reason, once; with FLOODWALL_REQUIRE_KERNEL=1, as in continuous integration, what is missing is a failure. */
export function skipWithout(context: Pick<TestContext, "skip">, reason: string): void {
  if (process.env["FLOODWALL_REQUIRE_KERNEL"] === "1")
    throw new Error(`this test must not be skipped: ${reason}`)
  if (!told.has(reason)) console.warn(`skipped: ${reason}`)
  told.add(reason)
  context.skip(reason)
}

const told = new Set<string>()

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
