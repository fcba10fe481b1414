import { once } from "node:events"
import { setTimeout as pause } from "node:timers/promises"
import { expect, test } from "vitest"
import { address } from "../../src/linux/host/namespace/laboratory.js"
import { createGuarded, PATIENCE, within } from "./support/guarded.js"
import { needsKernel } from "./support/kernel-test.js"

/** A hundred take some minutes: `FLOODWALL_KILLS=100 npx vitest run --project kernel test/kernel/guard-kill.test.ts`. */
const kills = Number(process.env["FLOODWALL_KILLS"] ?? 4)

/** Seconds before its end in which a block is not looked for. */
const ENDING = 30

/** One scanner after the other, forty ports each, until it is killed: the address of each is written before it begins. */
const SCANNERS = `
import socket, sys, time
target = sys.argv[1]
number = int(sys.argv[2])
while True:
    source = f"10.9.{number // 250}.{number % 250 + 1}"
    print(source, flush=True)
    for port in range(2000, 2040):
        one = socket.socket(); one.setsockopt(socket.SOL_IP, 15, 1)
        one.setblocking(False); one.bind((source, 0))
        try: one.connect((target, port))
        except BlockingIOError: pass
        one.close()
    number += 1
    time.sleep(0.05)
`

test(`killed at ${kills} random moments under attack, the guard loses and invents no block, and ledger and kernel agree after each start`, {
  timeout: 180_000 + kills * 20_000,
  retry: 0,
}, async (context) => {
  needsKernel(context)
  const { gateway, start, nft } = createGuarded()
  const { firewall, outside } = gateway.laboratory
  outside.run("ip", ["route", "add", "local", "10.9.0.0/16", "dev", "lo"])
  firewall.run("ip", ["route", "add", "10.9.0.0/16", "via", address.outside.ipv4])
  // Blocks end by themselves after ten minutes, and a hundred kills may take longer.
  const listed = () =>
    [
      ...nft("list", "set", "inet", "floodwall", "blocked-new4").matchAll(
        /(10\.9\.\d+\.\d+) [^,}]*?expires (?:(\d+)m)?(?:(\d+)s)?/g,
      ),
    ].flatMap(([, host = "", minutes = "0", seconds = "0"]) => {
      const left = Number(minutes) * 60 + Number(seconds)
      ends.set(host, Date.now() + left * 1000)
      return left < ENDING ? [] : [host]
    })
  const isOver = (host: string) => (ends.get(host) ?? Number.POSITIVE_INFINITY) < Date.now() + ENDING * 1000
  const ledger = () =>
    gateway
      .floodwall("blocked", "--json")
      .stdout.split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { readonly source: string; readonly kind: string })
  const ends = new Map<string, number>()
  let scanned: string[] = []
  let known = new Set<string>()
  let [lost, invented, apart, adopted] = [0, 0, 0, 0]
  let random = 7
  for (let round = 0; round < kills; round++) {
    const guard = await start()
    // Before anybody scans again, both are what they were when it was killed, but for what was being done in that moment.
    const [inKernel, inLedger] = [listed(), ledger()]
    const names = new Set(inLedger.map(({ source }) => source))
    for (const source of known) if (!names.has(source) && !isOver(source)) lost++
    for (const source of names) if (!scanned.includes(source)) invented++
    apart += [...names].filter((source) => !inKernel.includes(source) && !isOver(source)).length
    apart += inKernel.filter((source) => !names.has(source)).length
    adopted += inLedger.filter(({ kind }) => kind === "rule").length
    const scanner = outside.namespace.spawn(
      "python3",
      ["-c", SCANNERS, address.wan.ipv4, String(scanned.length)],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    )
    let said = ""
    scanner.stdout?.on("data", (data) => (said += data))
    expect(await within(PATIENCE, () => listed().length > inKernel.length)).toBe(true)
    random = (Math.imul(random, 1103515245) + 12345) >>> 0
    await pause((random >>> 16) % 400)
    guard.child.kill("SIGKILL")
    scanner.kill("SIGKILL")
    await Promise.all([guard.ended, once(scanner, "close")])
    scanned = [...scanned, ...said.trim().split("\n")]
    known = new Set(listed())
  }
  console.log(
    `${kills} kills: ${known.size} blocked at the end, ${lost} lost, ${invented} invented, ${apart} where ledger and kernel differed`,
  )
  expect({ lost, invented, apart, adopted }).toEqual({ lost: 0, invented: 0, apart: 0, adopted: 0 })
  expect(known.size).toBeGreaterThanOrEqual(kills)
})
