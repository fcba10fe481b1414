import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { createConnection } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { expect, onTestFinished, test } from "vitest"
import { createGuarded, type Guarded, PATIENCE, type RunningGuard, within } from "./support/guarded.js"
import { needsKernel } from "./support/kernel-test.js"

async function startGuard(...words: readonly string[]): Promise<
  Guarded & {
    readonly guard: RunningGuard
    readonly until: (what: () => boolean, seconds?: number) => Promise<boolean>
    restart(): Promise<RunningGuard>
  }
> {
  const guarded = createGuarded()
  const restart = () => guarded.start({ words })
  const until = (what: () => boolean, seconds = PATIENCE) => within(seconds, what)
  return { ...guarded, guard: await restart(), until, restart }
}

test("a scan is found and its source is in the kernel's set; nineteen ports are not a scan", async (context) => {
  needsKernel(context)
  const { scan, from, nft, until, guard, gateway } = await startGuard()
  const [honest, scanner] = [from(50), from(51)]
  scan(honest, 19)
  scan(scanner, 40)
  expect(await until(() => nft("list", "set", "inet", "floodwall", "blocked-new4").includes(scanner))).toBe(
    true,
  )
  // The block comes first, and then it is told.
  expect(await until(() => /port-scan: .*51 tried 20 or more closed TCP ports/.test(guard.output()))).toBe(
    true,
  )
  const blocked = JSON.parse(gateway.floodwall("blocked", "--json").stdout) as unknown
  expect(JSON.stringify(blocked)).toContain(scanner)
  expect(JSON.stringify(blocked)).not.toContain(honest)
})

test("who flushes the rules has them back within two seconds, and blocks with them; who writes into the chain bypass is left alone", async (context) => {
  needsKernel(context)
  const { scan, from, nft, until, guard, gateway } = await startGuard()
  const scanner = from(52)
  scan(scanner, 40)
  const isBlocked = () => nft("list", "set", "inet", "floodwall", "blocked-new4").includes(scanner)
  expect(await until(isBlocked)).toBe(true)

  nft("flush", "ruleset")
  expect(isBlocked()).toBe(false)
  expect(await until(isBlocked, 2)).toBe(true)
  expect(gateway.status()).toMatchObject({ inForce: true })
  expect(
    await until(() => /nft \(process \d+\) took the table away: they were put back/.test(guard.output())),
  ).toBe(true)

  nft("add", "rule", "inet", "floodwall", "bypass", "ip", "saddr", scanner, "tcp", "dport", "22", "accept")
  await pause(600)
  guard.child.kill("SIGHUP")
  expect(await until(() => guard.output().includes("the policy was read anew"))).toBe(true)
  expect(nft("list", "chain", "inet", "floodwall", "bypass")).toContain(scanner)
  expect(guard.output().match(/put back/g)).toHaveLength(1)

  // What stands there by hand comes back with the table.
  nft("flush", "ruleset")
  expect(
    await until(() => nft("list", "chain", "inet", "floodwall", "bypass").includes("tcp dport 22 accept"), 2),
  ).toBe(true)
  expect(await until(() => /rules of the chain bypass were put back: 1/.test(guard.output()))).toBe(true)
})

test("SIGHUP takes a new policy and refuses a wrong one; SIGTERM leaves everything; after kill -9 the next guard knows all blocks", async (context) => {
  needsKernel(context)
  const { scan, from, nft, until, guard, gateway, policy, restart } = await startGuard()
  const scanner = from(53)
  scan(scanner, 40)
  const isBlocked = () => nft("list", "set", "inet", "floodwall", "blocked-new4").includes(scanner)
  expect(await until(isBlocked)).toBe(true)

  const good = readFileSync(policy, "utf8")
  writeFileSync(policy, good.replace("[ssh]", "[ssh, nonsense]"))
  guard.child.kill("SIGHUP")
  expect(await until(() => /the one before stays/.test(guard.output()))).toBe(true)
  writeFileSync(policy, good.replace("[ssh]", "[ssh, 8443/tcp]"))
  guard.child.kill("SIGHUP")
  expect(await until(() => nft("list", "table", "inet", "floodwall").includes("8443"))).toBe(true)
  expect(isBlocked()).toBe(true)

  guard.child.kill("SIGKILL")
  await guard.ended
  expect(isBlocked()).toBe(true)
  nft("flush", "set", "inet", "floodwall", "blocked-new4")
  const second = await restart()
  expect(isBlocked()).toBe(true)

  second.child.kill("SIGTERM")
  expect(await second.ended).toBe(0)
  expect(isBlocked()).toBe(true)
  expect(gateway.status()).toMatchObject({ inForce: true })
  expect(gateway.floodwall("stop").status).toBe(1)
  await restart()
  expect(gateway.floodwall("stop", "--remove").stdout).toMatch(/^Stopped and removed/)
  expect(nft("list", "tables")).not.toContain("floodwall")
})

test("the socket is root's and a group's; a second guard is refused; requests that are too long or make no sense are", async (context) => {
  needsKernel(context)
  const { socket, gateway, guard, policy } = await startGuard()
  expect((statSync(socket).mode & 0o777).toString(8)).toBe("660")
  expect(gateway.floodwall("run", policy)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("[guard-running]"),
  })
  for (const line of ["nonsense", "{}", '{"request":"block"}', "x".repeat(2_000_000)]) {
    expect([line.slice(0, 20), JSON.parse(await askRaw(socket, line))]).toEqual([
      line.slice(0, 20),
      { error: expect.objectContaining({ id: "bad-request" }) },
    ])
  }
  expect(JSON.parse(await askRaw(socket, '{"request":"status"}'))).toMatchObject({
    answer: { status: { pid: guard.child.pid } },
  })
})

test("metrics are served where asked for, and the hook is told once for all that a minute finds", async (context) => {
  needsKernel(context)
  const folder = mkdtempSync(join(tmpdir(), "floodwall-hook-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const hook = join(folder, "told")
  const { scan, from, until, gateway, isListed } = await startGuard(
    "--metrics",
    "127.0.0.1:9477",
    "--hook",
    `cat >> ${hook}`,
  )
  // By one process: what is found within a second of the first is told with it.
  const scanners = [54, 55, 56].map(from)
  scan(scanners, 40)
  const told = () => {
    try {
      return readFileSync(hook, "utf8").trim()
    } catch {
      return ""
    }
  }
  expect(await until(() => told() !== "")).toBe(true)
  const message = JSON.parse(told()) as { readonly total: number; readonly events: readonly object[] }
  expect(message.total).toBeGreaterThanOrEqual(3)
  expect(await until(() => scanners.every(isListed))).toBe(true)
  const { stdout } = gateway.laboratory.firewall.namespace.run("python3", [
    "-c",
    "import urllib.request as r; print(r.urlopen('http://127.0.0.1:9477/metrics').read().decode())",
  ])
  expect(stdout).toMatch(/^floodwall_findings_total \d+$/m)
  expect(stdout).toMatch(/^floodwall_blocked_sources 3$/m)
})

function askRaw(path: string, line: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = createConnection(path)
    let text = ""
    socket.on("data", (chunk) => {
      text += chunk.toString()
    })
    socket.on("error", () => resolve(text))
    socket.on("close", () => resolve(text))
    socket.write(`${line}\n`)
  })
}
