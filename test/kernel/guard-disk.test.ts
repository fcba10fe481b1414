import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { expect, test } from "vitest"
import { createGuarded, PATIENCE, within } from "./support/guarded.js"
import { needsKernel } from "./support/kernel-test.js"
import { smallDisk } from "./support/small-disk.js"

test("a full disk: blocking and putting back go on, everybody is told, and the ledger is whole when there is room", {
  timeout: 300_000,
}, async (context) => {
  needsKernel(context)
  const guarded = createGuarded()
  const { gateway, policy, from, scan, nft, isListed, notices } = guarded
  const disk = await smallDisk(gateway, "700k")
  const guard = await guarded.start({ wrap: disk.enter })
  const [first, second, third] = [from(60), from(61), from(62)]
  scan(first)
  expect(await within(PATIENCE, () => isListed(first))).toBe(true)

  disk.fill()
  scan(second)
  scan(third)
  expect(await within(PATIENCE, () => isListed(second) && isListed(third))).toBe(true)
  const full = /the ledger cannot be written \(database or disk is full\)/
  expect(notices()).toEqual([expect.stringMatching(full)])
  expect(await within(PATIENCE, () => full.test(guard.output()))).toBe(true)
  const events = gateway.floodwall("events").stdout
  expect(events).toMatch(full)
  expect(events.match(new RegExp(`block ${third.replaceAll(".", "\\.")}:`, "g"))).toHaveLength(1)
  expect(gateway.floodwall("unblock", third).status).toBe(0)
  // Rules that cannot be remembered are not taken; those that are remembered are put back.
  writeFileSync(policy, readFileSync(policy, "utf8").replace("[ssh]", "[ssh, 8443/tcp]"))
  guard.child.kill("SIGHUP")
  expect(await within(PATIENCE, () => /the rules stay as they are: .*ENOSPC/.test(guard.output()))).toBe(true)
  nft("flush", "ruleset")
  expect(await within(PATIENCE, () => isListed(second))).toBe(true)
  expect([isListed(first), isListed(third)]).toEqual([true, false])

  disk.makeRoom()
  expect(await within(PATIENCE, () => notices().at(-1) === "the ledger is written again")).toBe(true)
  guard.child.kill("SIGKILL")
  await guard.ended
  nft("flush", "ruleset")
  const next = await guarded.start({ wrap: disk.enter })
  expect(await within(PATIENCE, () => isListed(first) && isListed(second))).toBe(true)
  expect(isListed(third)).toBe(false)
  expect(nft("list", "table", "inet", "floodwall")).toContain("8443")
  const blocked = gateway.floodwall("blocked", "--json").stdout.trim().split("\n")
  expect(blocked.map((line) => (JSON.parse(line) as { kind: string }).kind)).toEqual([
    "port-scan",
    "port-scan",
  ])
  expect(readdirSync(disk.files).filter((name) => /broken|^\./.test(name))).toEqual([])

  // A disk that is read-only since: the guard starts on what is there.
  next.child.kill("SIGKILL")
  await next.ended
  disk.remount("ro")
  const last = await guarded.start({ wrap: disk.enter })
  expect(last.output()).toMatch(/the ledger \S+ cannot be opened/)
  nft("flush", "ruleset")
  expect(await within(PATIENCE, () => isListed(second))).toBe(true)
  scan(from(63))
  expect(await within(PATIENCE, () => isListed(from(63)))).toBe(true)
})
