import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { createGuarded, PATIENCE, within } from "./support/guarded.js"
import { needsKernel } from "./support/kernel-test.js"
import { smallDisk } from "./support/small-disk.js"

test("the state folder is deleted: it is there again within seconds with all that was in it, and the next guard knows why each is blocked", {
  timeout: 300_000,
}, async (context) => {
  needsKernel(context)
  const { gateway, start, from, scan, nft, isListed, notices } = createGuarded()
  const guard = await start()
  const scanner = from(70)
  scan(scanner)
  expect(await within(PATIENCE, () => isListed(scanner))).toBe(true)
  expect(gateway.floodwall("block", "198.51.100.9", "--why", "before").status).toBe(0)
  nft("add", "rule", "inet", "floodwall", "bypass", "ip", "saddr", "192.0.2.9", "accept")
  const kept = ["boot.nft", "boot-without-ingress.nft", "bypass.nft", "confirmed.json", "ledger.db"]
  const there = () => kept.filter((name) => existsSync(join(gateway.state, name)))
  expect(await within(PATIENCE, () => there().length === kept.length)).toBe(true)
  const texts = () => kept.slice(0, 3).map((name) => readFileSync(join(gateway.state, name), "utf8"))
  const before = texts()

  // At once: while it is being emptied, the guard makes it again.
  renameSync(gateway.state, `${gateway.state}.gone`)
  rmSync(`${gateway.state}.gone`, { recursive: true })
  expect([await within(PATIENCE, () => there().length === kept.length), there()]).toEqual([true, kept])
  expect(texts()).toEqual(before)
  expect(await within(PATIENCE, () => notices().length === 2)).toBe(true)
  expect(notices()).toEqual([
    expect.stringMatching(/^what \S+ remembers of the rules was deleted: it was written again$/),
    "the ledger was deleted or replaced: it was made again, with all that was in it",
  ])
  expect(gateway.floodwall("block", "198.51.100.10", "--why", "after").status).toBe(0)

  guard.child.kill("SIGKILL")
  await guard.ended
  nft("flush", "ruleset")
  const next = await start()
  const blocked = gateway.floodwall("blocked").stdout
  expect(blocked).toMatch(/198\.51\.100\.10 .*by-hand: after[\s\S]*198\.51\.100\.9 .*by-hand: before/)
  expect(blocked).toMatch(new RegExp(`${scanner} .*port-scan: `))
  expect(gateway.floodwall("events", "--kind", "port-scan").stdout).toContain(scanner)
  expect(nft("list", "chain", "inet", "floodwall", "bypass")).toContain("192.0.2.9")

  // Only the ledger, and somebody else's in its place.
  rmSync(join(gateway.state, "ledger.db"))
  gateway.laboratory.firewall.run("sh", ["-c", `echo nonsense > ${join(gateway.state, "ledger.db")}`])
  expect(
    await within(PATIENCE, () => /^the ledger was deleted or replaced/.test(notices().at(-1) ?? "")),
  ).toBe(true)
  expect(readFileSync(join(gateway.state, "ledger.db.replaced"), "utf8")).toBe("nonsense\n")
  next.child.kill("SIGKILL")
  await next.ended
  expect(gateway.floodwall("blocked").stdout).toContain("by-hand: before")
})

test.for([
  ["full", "ENOSPC"],
  ["read-only", "EROFS"],
] as const)(
  "a guard that starts on a disk that is %s, with nothing in the kernel, protects from memory, whatever is flushed, and writes when it can; an empty folder is no removal",
  async ([how, word], context) => {
    needsKernel(context)
    const guarded = createGuarded()
    const { gateway, from, scan, nft, isListed, notices } = guarded
    const { firewall } = gateway.laboratory
    const disk = await smallDisk(gateway, "300k")
    if (how === "full") disk.fill()
    else disk.remount("ro")
    const guard = await guarded.start({ wrap: disk.enter })
    expect(gateway.status()).toMatchObject({ protected: true })
    const loud = new RegExp(
      `${word}.*: the rules in force are known to this process alone, and a reboot would not`,
    )
    expect(notices()).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^the ledger \S+ cannot be opened/),
        expect.stringMatching(loud),
      ]),
    )
    const scanner = from(71)
    scan(scanner)
    expect(await within(PATIENCE, () => isListed(scanner))).toBe(true)
    nft("flush", "ruleset")
    expect(await within(PATIENCE, () => isListed(scanner))).toBe(true)
    expect(gateway.status()).toMatchObject({ protected: true })

    if (how === "full") disk.makeRoom()
    else disk.remount("rw")
    const known = ["boot-without-ingress.nft", "boot.nft", "confirmed.json", "ledger.db"]
    const there = () => readdirSync(disk.files).filter((name) => known.includes(name))
    expect([await within(PATIENCE, () => there().length === known.length), there()]).toEqual([true, known])
    expect(await within(PATIENCE, () => /the ledger is written again/.test(guard.output()))).toBe(true)
    expect(guard.output()).toMatch(/the rules in force are remembered in \S+ again/)

    // Deleted, and no room to make it again: a flush is still no removal.
    for (const name of known.slice(0, 3)) rmSync(join(disk.files, name))
    disk.fill()
    nft("flush", "ruleset")
    expect(await within(PATIENCE, () => isListed(scanner))).toBe(true)
    expect(await within(PATIENCE, () => /ENOSPC.*: the rules in force are known/.test(guard.output()))).toBe(
      true,
    )
    expect(guard.output()).not.toContain("were removed")

    // That is what a removal is: there is no coming back.
    disk.makeRoom()
    expect(await within(PATIENCE, () => there().length === known.length)).toBe(true)
    const [enter = "", ...where] = disk.enter
    const removed = firewall.namespace.run(
      enter,
      [...where, process.execPath, join(process.cwd(), "bin/floodwall"), "remove"],
      { environment: { FLOODWALL_STATE: gateway.state }, fails: "allowed" },
    )
    expect(removed).toMatchObject({ status: 0, stdout: expect.stringContaining("NOTHING is protected") })
    expect(await within(PATIENCE, () => /were removed with floodwall remove/.test(guard.output()))).toBe(true)
    expect(nft("list", "tables")).not.toContain("floodwall")
    expect(there()).toEqual(["ledger.db"])
  },
)
