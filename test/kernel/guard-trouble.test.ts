import { existsSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { expect, test } from "vitest"
import { createGuarded, PATIENCE, within } from "./support/guarded.js"
import { needsKernel } from "./support/kernel-test.js"

test("a storm of flushes costs neither rules nor blocks nor what stands in the chain bypass, and is told in a few lines; somebody else's table of our name gives way; a socket that is deleted is there again; a storm of SIGHUP and a policy that is gone change nothing", {
  timeout: 300_000,
}, async (context) => {
  needsKernel(context)
  const { gateway, start, from, scan, nft, isListed, socket, policy } = createGuarded()
  const guard = await start()
  const scanner = from(50)
  scan(scanner)
  nft("add", "rule", "inet", "floodwall", "bypass", "ip", "saddr", "192.0.2.9", "accept")
  expect(await within(PATIENCE, () => isListed(scanner))).toBe(true)
  // Written down: what is flushed before somebody has seen it nobody can put back.
  const remembered = join(gateway.state, "bypass.nft")
  expect(
    await within(
      PATIENCE,
      () => existsSync(remembered) && /192\.0\.2\.9/.test(readFileSync(remembered, "utf8")),
    ),
  ).toBe(true)
  const own = () => nft("list", "chain", "inet", "floodwall", "bypass").includes("192.0.2.9")
  for (let flush = 0; flush < 8; flush++) {
    nft("flush", "ruleset")
    await pause(150 + 90 * flush)
  }
  expect([await within(PATIENCE, () => isListed(scanner)), await within(PATIENCE, own)]).toEqual([true, true])
  expect(guard.output().match(/took the table away|changed the rules/g)?.length).toBeLessThanOrEqual(3)
  expect(guard.output()).not.toContain("was not kept")

  nft("delete", "table", "inet", "floodwall")
  nft("add", "table", "inet", "floodwall")
  nft("add", "chain", "inet", "floodwall", "mine")
  nft("add", "rule", "inet", "floodwall", "mine", "drop")
  expect([await within(PATIENCE, () => isListed(scanner)), await within(PATIENCE, own)]).toEqual([true, true])
  expect(gateway.status()).toMatchObject({ protected: true })

  rmSync(socket)
  rmSync(policy)
  for (let signal = 0; signal < 100; signal++) guard.child.kill("SIGHUP")
  expect(await within(PATIENCE, () => /socket \S+ was deleted: it was made again/.test(guard.output()))).toBe(
    true,
  )
  expect(await within(PATIENCE, () => /cannot be read, and the one before stays/.test(guard.output()))).toBe(
    true,
  )
  expect(gateway.floodwall("blocked").stdout).toContain(scanner)
  expect(guard.output().match(/the one before stays/g)?.length).toBeLessThan(6)
})
