import { spawn } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { buildSync } from "esbuild"
import { beforeEach, expect, onTestFinished, test } from "vitest"
import { address } from "../../src/linux/host/namespace/laboratory.js"
import { createGateway, type Gateway, openEcho, reaches, serveEcho } from "./support/gateway.js"
import { needsKernel } from "./support/kernel-test.js"

let gateway: Gateway

beforeEach(({ skip }) => {
  needsKernel({ skip })
  gateway = createGateway()
  // The host outside is the gateway of the laboratory, and a gateway is never blocked.
  for (const family of ["-4", "-6"])
    gateway.laboratory.firewall.run("ip", [family, "route", "del", "default"], { fails: "allowed" })
})

const outside = address.outside.ipv4
const apply = () => gateway.floodwall("apply", "--keep", gateway.policy("one", "{ preset: default }"))
const sources = () =>
  gateway
    .floodwall("blocked", "--json")
    .stdout.split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { source: string; scope: string; by: string; droppedPackets: number })

test("block cuts what is open, unblock lets in again, and the list says what was dropped", async () => {
  expect(gateway.floodwall("block", outside)).toMatchObject({ status: 3 })
  expect(apply().status).toBe(0)
  await serveEcho(gateway.laboratory.firewall, 80)
  const talk = await openEcho(gateway.laboratory.outside, address.wan.ipv4, 80)
  expect(await talk?.say("before")).toBe("before")
  expect(gateway.floodwall("block", outside, "--for", "10m", "--why", "a test")).toMatchObject({ status: 0 })
  expect(await talk?.say("after", 500)).toBeUndefined()
  expect(await reaches(gateway.laboratory.outside, address.wan.ipv4, 80)).toBe(false)
  const [line] = sources()
  expect(line).toMatchObject({ source: outside, scope: "everything", by: "hand" })
  expect(line?.droppedPackets).toBeGreaterThanOrEqual(2)
  const why = gateway.floodwall("why", outside, "80/tcp")
  expect(why.status).toBe(1)
  expect(why.stdout).toMatch(/by-hand: a test/)
  expect(why.stdout).toMatch(/is stopped: drop \(.* blocked\)/)
  expect(gateway.floodwall("unblock", outside)).toMatchObject({
    status: 0,
    stdout: `${outside} is let in again\n`,
  })
  expect(gateway.floodwall("unblock", outside).status).toBe(1)
  expect(await reaches(gateway.laboratory.outside, address.wan.ipv4, 80)).toBe(true)
  expect(gateway.floodwall("why", outside, "80/tcp").stdout).toMatch(
    /A new connection to 80\/tcp gets through/,
  )
  talk?.close()
})

test("a network cuts what is open as well, by look-ups that stand only while there is one, and no apply or diff takes them for somebody's change", async () => {
  expect(apply().status).toBe(0)
  await serveEcho(gateway.laboratory.firewall, 80)
  const talk = await openEcho(gateway.laboratory.outside, address.wan.ipv4, 80)
  const chain = () =>
    gateway.laboratory.firewall
      .run("nft", ["list", "chain", "inet", "floodwall", "live"])
      .stdout.split("\n")
      .filter((line) => line.includes("blocked networks"))
  const network = `${outside}/31`
  expect(chain()).toEqual([])
  expect(gateway.floodwall("block", network, "--for", "10m")).toMatchObject({ status: 0 })
  expect(chain()).toHaveLength(5)
  expect(await talk?.say("blocked", 500)).toBeUndefined()
  expect(sources()[0]?.droppedPackets).toBeGreaterThanOrEqual(1)
  expect(apply().stdout).toMatch(/unchanged/)
  expect(gateway.floodwall("diff", join(gateway.folder, "one.yaml")).status).toBe(0)
  // Another policy's rules lead there, too.
  const other = gateway.policy("two", "{ preset: strong }")
  expect(gateway.floodwall("apply", "--keep", other).status).toBe(0)
  expect(chain()).toHaveLength(5)
  gateway.laboratory.firewall.nft("flush chain inet floodwall live")
  expect(sources()).toHaveLength(1)
  expect(chain()).toHaveLength(5)
  // The administrator's exception is asked in front of them.
  gateway.laboratory.firewall.nft(`add rule inet floodwall bypass ip saddr ${outside} accept`)
  const excepted = await openEcho(gateway.laboratory.outside, address.wan.ipv4, 80)
  expect(await excepted?.say("excepted")).toBe("excepted")
  excepted?.close()
  expect(gateway.floodwall("unblock", network).status).toBe(0)
  expect(gateway.floodwall("blocked").status).toBe(0)
  expect(chain()).toEqual([])
  talk?.close()
})

test("who proved nothing is kept from opening only: what is open, and what we call, goes on", async () => {
  apply()
  await serveEcho(gateway.laboratory.firewall, 80)
  await serveEcho(gateway.laboratory.outside, 81)
  const talk = await openEcho(gateway.laboratory.outside, address.wan.ipv4, 80)
  gateway.laboratory.firewall.nft(`add element inet floodwall blocked-new4 { ${outside} timeout 10m }`)
  expect(await reaches(gateway.laboratory.outside, address.wan.ipv4, 80)).toBe(false)
  expect(await talk?.say("still")).toBe("still")
  expect(await reaches(gateway.laboratory.firewall, outside, 81)).toBe(true)
  expect(sources()).toMatchObject([{ source: outside, scope: "new-connections", by: "rule" }])
  // Blocked from everything, calls of our own get no answer either.
  gateway.floodwall("block", outside)
  expect(await reaches(gateway.laboratory.firewall, outside, 81)).toBe(false)
  talk?.close()
})

test("networks that overlap, IPv6, other tools' words, and who is never blocked", () => {
  apply()
  expect(gateway.floodwall("block", "198.18.0.0/16", "198.18.1.0/24", "2001:db8:bad::5").status).toBe(0)
  expect(gateway.rules("all")).toMatch(/blocked-networks4[^}]*elements = \{ 198\.18\.0\.0\/16 counter/)
  expect(gateway.floodwall("unblock", "198.18.0.0/17").status).toBe(0)
  expect(gateway.floodwall("-td", "198.18.7.7", "300", "csf's", "way").status).toBe(0)
  expect(gateway.floodwall("--get-blocked-hosts", "198.18.7.7").stdout).toMatch(/csf's way/)
  expect(gateway.floodwall("--allow-hosts", "198.18.7.7").status).toBe(0)
  expect(
    sources()
      .map(({ source }) => source)
      .sort(),
  ).toEqual(["198.18.0.0/16", "2001:db8:bad::/64"])
  for (const own of [address.wan.ipv4, "127.0.0.1", "0.0.0.0/0"])
    expect(gateway.floodwall("block", own).status).toBe(1)
  expect(gateway.floodwall("block", "198.18.1.1/16").status).toBe(2)
  expect(gateway.floodwall("unblock", "--all").status).toBe(0)
  expect(sources()).toEqual([])
  expect(gateway.floodwall("events").stdout).toMatch(/block 198\.18\.7\.7: blocked until .*: csf's way/)
})

test("a broken ledger is set aside, and the list is what the kernel has", () => {
  apply()
  gateway.floodwall("block", "198.18.7.7", "--for", "2h")
  for (const file of ["ledger.db", "ledger.db-wal"])
    writeFileSync(join(gateway.state, file), "no database".repeat(1000))
  const listed = gateway.floodwall("blocked")
  expect(listed.stderr).toMatch(/the ledger was broken \(.*\); it lies in/)
  expect(listed.stdout).toMatch(/198\.18\.7\.7 .*\((1 h 59|2 h 00) min left/)
  expect(readdirSync(gateway.state).filter((name) => name.includes("broken"))).not.toEqual([])
})

test("a flush of the sets by somebody is made good by the next command", () => {
  apply()
  gateway.floodwall("block", "198.18.7.7", "198.18.8.0/24")
  gateway.laboratory.firewall.nft("flush set inet floodwall blocked4")
  gateway.laboratory.firewall.nft("flush set inet floodwall blocked-networks4")
  gateway.floodwall("blocked")
  expect(gateway.rules("all")).toMatch(/elements = \{ 198\.18\.7\.7 counter/)
  expect(gateway.rules("all")).toMatch(/elements = \{ 198\.18\.8\.0\/24 counter/)
})

test("killed at a hundred random moments, it loses and invents no block", { timeout: 300_000 }, async () => {
  apply()
  const folder = mkdtempSync(join(tmpdir(), "floodwall-ledger-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const worker = join(
    fileURLToPath(new URL("../..", import.meta.url)),
    "dist",
    `ledger-worker.${process.pid}.mjs`,
  )
  onTestFinished(() => rmSync(worker, { force: true }))
  buildSync({
    entryPoints: [fileURLToPath(new URL("support/ledger-worker.ts", import.meta.url))],
    outfile: worker,
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["koffi", "libsql"],
    logLevel: "error",
    banner: {
      js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
    },
  })
  // What may be: more than one where a step was under way.
  let possible: string[][] = [[]]
  let steps = 0
  for (let round = 1; round <= 100; round++) {
    const lines = await killed(worker, folder, round)
    const [first, ...rest] = lines as { state?: string[]; kernel?: string[]; will?: string; did?: string }[]
    expect(first?.kernel, `round ${round}`).toEqual(inKernel(first?.state ?? []))
    expect(possible, `round ${round}`).toContainEqual(first?.state)
    let now = first?.state ?? []
    let before = now
    for (const { will, did } of rest) {
      if (will !== undefined) {
        before = now
        now = after(now, will)
      }
      if (did !== undefined) {
        before = now
        steps++
      }
    }
    possible = [before, now]
  }
  expect(steps).toBeGreaterThan(100)
})

/** Sorted as text. */
function after(state: readonly string[], step: string): string[] {
  const [verb, source = ""] = step.split(" ")
  if (verb === "block") return [...new Set([...state, source])].sort()
  const isInside = (each: string) =>
    each === source || (source.endsWith("/30") && quad(each) === quad(source))
  return state.filter((each) => !isInside(each))
}

/** The /30 that a host or such a network lies in. */
function quad(source: string): number {
  return Math.floor(Number(/\.(\d+)(?:\/30)?$/.exec(source)?.[1]) / 4)
}

/** No network lies in another here, so all are there. */
function inKernel(state: readonly string[]): string[] {
  return [...state].sort()
}

/** What it said until it was killed: at a moment of its own in every round, which in every second one is not before three steps are done, however slow the machine. */
function killed(worker: string, folder: string, round: number): Promise<object[]> {
  const child = gateway.laboratory.firewall.namespace.inside(() =>
    spawn(process.execPath, [worker, folder, String(round)], { stdio: ["ignore", "pipe", "inherit"] }),
  )
  let text = ""
  let isTime = false
  const look = () => {
    if (isTime && (round % 2 === 1 || text.split('"did"').length > 3)) child.kill("SIGKILL")
  }
  child.stdout?.on("data", (data) => {
    text += data
    look()
  })
  child.stdout?.once("data", () =>
    setTimeout(
      () => {
        isTime = true
        look()
      },
      (round * 7919) % 40,
    ),
  )
  return new Promise((resolve) =>
    child.once("close", () =>
      resolve(
        text
          .split("\n")
          .slice(0, -1)
          .map((line) => JSON.parse(line) as object),
      ),
    ),
  )
}
