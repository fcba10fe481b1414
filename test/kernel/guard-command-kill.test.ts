import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { expect, test } from "vitest"
import { createGuarded, PATIENCE, within } from "./support/guarded.js"
import { needsKernel } from "./support/kernel-test.js"

test("apply, block and unblock that are killed beside a guard leave all or nothing: what is in force is one policy's, and ledger and kernel say the same", {
  timeout: 300_000,
}, async (context) => {
  needsKernel(context)
  const { gateway, start, policy, nft } = createGuarded()
  const guard = await start()
  const variants = ["8443", "9443"].map((port) => {
    const path = join(gateway.folder, `${port}.yaml`)
    writeFileSync(path, readFileSync(policy, "utf8").replace("[ssh]", `[ssh, ${port}/tcp]`))
    return path
  })
  let random = 11
  for (let round = 0; round < 9; round++) {
    const host = `198.51.100.${round + 1}`
    const words = [
      ["apply", variants[round % 2] as string, "--keep", "--force"],
      ["block", host],
      ["unblock", `198.51.100.${round}`],
    ][round % 3] as string[]
    const command = gateway.start(...words)
    random = (Math.imul(random, 1103515245) + 12345) >>> 0
    await pause(200 + ((random >>> 16) % 1200))
    command.child.kill("SIGKILL")
    await command.ended
  }
  // One policy's rules, whole, and the guard works by what is in force.
  const status = () =>
    JSON.parse(gateway.floodwall("status", "--json").stdout) as {
      readonly policy: string
      readonly protected: boolean
      readonly guard: { readonly policy: string }
    }
  expect(
    await within(PATIENCE, () => {
      const { policy: inForce, guard: works, protected: isOn } = status()
      return isOn && inForce === works.policy
    }),
  ).toBe(true)
  const blocked = gateway
    .floodwall("blocked", "--json")
    .stdout.split("\n")
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { readonly source: string }).source)
  const inKernel = [...nft("list", "set", "inet", "floodwall", "blocked4").matchAll(/198\.51\.100\.\d+/g)]
  expect(blocked.sort()).toEqual(inKernel.map(([source]) => source).sort())
  expect(guard.output()).not.toMatch(/error|could not/)
})
