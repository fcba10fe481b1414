/**
 * What a packet costs in user space, side by side with tcpdump, in one run of alternating rounds:
 *
 *     npm run bench [-- FILE [FILTER]] [--rounds 5] [--packets 1000000] [--preset default] [--sources 1000000] [--only guard]
 *
 * Without FILE a mixed capture is made (scripts/bench/mixed-capture.ts; the same each time). Processor time counts, not that of the clock on the
 * wall, so that others' work matters little. Machines differ and drift: only ratios within one run count.
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { laboratoryTrouble } from "../src/linux/host/namespace/trouble.js"
import { kindCosts, kinds } from "./bench/kinds.js"
import { writeMixedCapture } from "./bench/mixed-capture.js"
import { policyText, presetRules } from "./bench/policy.js"
import { costOf, type ProcessCost } from "./bench/process-cost.js"
import { stageCosts, stages } from "./bench/stages.js"
import { floodMemory } from "./bench-guard/flood-memory.js"
import { kura } from "./bench-kernel/competitors.js"

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    packets: { type: "string", default: "1000000" },
    sources: { type: "string", default: "1000000" },
    /** `guard`: nothing but the guard in a flood. */
    only: { type: "string" },
    preset: { type: "string", default: "default" },
    /** A process of its own for each row: what ran before would tell the compiler of another's packets. */
    row: { type: "string" },
  },
})
const rounds = Number(values.rounds)
const { preset } = values
const floodwall = join(import.meta.dirname, "..", "bin", "floodwall")

if (values.row !== undefined) process.stdout.write(JSON.stringify(rowCosts(values.row)))
else if (values.only === "guard") await guardInFlood()
else await main()

/** `stage NAME` or `kind INDEX decode|conntrack|rules`: nanoseconds a packet in each round. */
function rowCosts(row: string): number[] {
  const [what = "", name = "", rules = ""] = row.split(" ")
  if (what === "stage") return stageCosts(positionals[0]!, name, rounds)
  const ruleset = rules === "decode" ? null : rules === "conntrack" ? { tables: [] } : presetRules(preset)
  return kindCosts(kinds[Number(name)]!, ruleset, rounds)
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "floodwall-bench-"))
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }))
  let [capture, filter] = positionals
  if (capture === undefined) {
    capture = join(folder, "mixed.pcap")
    say(`writing ${Number(values.packets).toLocaleString("en")} packets …`)
    writeMixedCapture(capture, Number(values.packets))
  }
  filter ??= "tcp[tcpflags] & tcp-syn != 0 and not src net 203.0.112.0/20"
  const tiny = join(folder, "tiny.pcap")
  writeMixedCapture(tiny, 2)
  const policy = join(folder, "bench.yaml")
  writeFileSync(policy, policyText(preset))
  const rules = join(folder, "kura.iptables")
  writeFileSync(rules, kura)

  const packets = packetsOf(capture)
  const megabytes = (statSync(capture).size / 1e6).toFixed(0)
  say(`${packets.toLocaleString("en")} packets, ${megabytes} MB; medians of ${rounds} rounds (quartiles)\n`)
  await processes(capture, filter, { tiny, policy, rules, packets })
  inProcess(capture)
  await guardInFlood()
}

/** The guard's memory in a flood in a million forged names, in network namespaces of its own. */
async function guardInFlood(): Promise<void> {
  const trouble = laboratoryTrouble()
  if (trouble !== null) return say(`\nleft out: the guard in a flood: ${trouble}`)
  const { sources, seconds, before, most, after } = await floodMemory(floodwall, Number(values.sources))
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`
  say(
    `\n${line(`the guard, ${sources.toLocaleString("en")} forged sources in ${seconds.toFixed(0)} s`, ["before", "at most", "5 s after"])}`,
  )
  say(line("resident memory (below 150 MB is promised)", [before, most, after].map(megabytes)))
}

interface Files {
  readonly tiny: string
  readonly policy: string
  readonly rules: string
  readonly packets: number
}

async function processes(capture: string, filter: string, files: Files): Promise<void> {
  const replay = (of: string, ...more: string[]) => [floodwall, "replay", of, ...more]
  const byPolicy = ["--policy", files.policy]
  const byKura = ["--rules", files.rules, "--format", "iptables"]
  const all: readonly Row[] = [
    {
      name: "tcpdump -r FILE FILTER -w /dev/null",
      command: "tcpdump",
      words: ["-r", capture, filter, "-w", "/dev/null"],
    },
    {
      name: `floodwall replay FILE, ${preset} policy`,
      command: process.execPath,
      words: replay(capture, ...byPolicy),
      start: replay(files.tiny, ...byPolicy),
    },
    {
      name: `floodwall replay --no-findings FILE, ${preset} policy`,
      command: process.execPath,
      words: replay(capture, "--no-findings", ...byPolicy),
      start: replay(files.tiny, "--no-findings", ...byPolicy),
    },
    {
      name: `floodwall replay --json FILE, ${preset} policy`,
      command: process.execPath,
      words: replay(capture, "--json", ...byPolicy),
      start: replay(files.tiny, "--json", ...byPolicy),
    },
    {
      name: "floodwall replay FILE, Eclipse Kura's 17 rules",
      command: process.execPath,
      words: replay(capture, ...byKura),
      start: replay(files.tiny, ...byKura),
    },
  ]
  // Bundled now, not in the first round.
  await costOf(process.execPath, [floodwall, "--version"])
  const rows = all.filter(({ name, start }) => start === undefined || works(name, start))
  const costs = rows.map(() => ({ whole: [] as ProcessCost[], start: [] as ProcessCost[] }))
  for (let round = 0; round < rounds; round++) {
    for (const [index, { command, words, start }] of rows.entries()) {
      costs[index]!.whole.push(await costOf(command, words))
      if (start) costs[index]!.start.push(await costOf(command, start))
    }
  }
  const perPacket = (nanoseconds: number) => nanoseconds / files.packets
  const compared = quartiles(costs[0]!.whole.map(both))[1]
  say(line("whole processes, ns a packet", ["user", "user+system", "less start-up", "× tcpdump", "memory"]))
  for (const [index, { name }] of rows.entries()) {
    const { whole, start } = costs[index]!
    const beginning = start.length > 0 ? quartiles(start.map(both))[1] : 0
    const total = whole.map(both)
    say(
      line(name, [
        perPacket(quartiles(whole.map(({ user }) => user))[1]).toFixed(0),
        spread(total.map(perPacket)),
        spread(total.map((each) => perPacket(each - beginning))),
        (quartiles(total)[1] / compared).toFixed(1),
        `${(Math.max(...whole.map(({ memory }) => memory)) / 1e6).toFixed(0)} MB`,
      ]),
    )
  }
  const starts = costs.slice(1).flatMap(({ start }) => start.map(both))
  say(`\nstart-up (a replay of 2 packets): ${(quartiles(starts)[1] / 1e6).toFixed(0)} ms\n`)
}

interface Row {
  readonly name: string
  readonly command: string
  readonly words: readonly string[]
  /** The same with a capture of two packets: start-up. */
  readonly start?: readonly string[]
}

/** False: it fails on two packets already, and why is told. */
function works(name: string, words: readonly string[]): boolean {
  const { status, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" })
  if (status !== 0) say(`left out: ${name}: ${stderr.split("\n")[0]}`)
  return status === 0
}

function both({ user, system }: ProcessCost): number {
  return user + system
}

function inProcess(capture: string): void {
  say(line("stages of FILE, ns a packet", ["first round", "later rounds"]))
  for (const [name, { title }] of Object.entries(stages)) {
    const [first = Number.NaN, ...later] = inOwnProcess(`stage ${name}`, capture)
    say(line(title, [first.toFixed(0), spread(later)]))
  }
  say(`\n${line("kinds of packets, ns a packet", ["decoded", "tracked", `${preset} policy`])}`)
  for (const [index, { name }] of kinds.entries()) {
    const each = ["decode", "conntrack", "rules"].map((rules) =>
      inOwnProcess(`kind ${index} ${rules}`, capture),
    )
    say(line(name, each.map(spread)))
  }
}

function inOwnProcess(row: string, capture: string): number[] {
  const words = [
    fileURLToPath(import.meta.url),
    capture,
    "--row",
    row,
    "--rounds",
    String(rounds),
    "--preset",
    preset,
  ]
  const { stdout, status, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" })
  if (status !== 0) throw new Error(`${row}: ${stderr}`)
  return JSON.parse(stdout)
}

function packetsOf(capture: string): number {
  const { stdout } = spawnSync("tcpdump", ["-r", capture, "--count"], { encoding: "utf8" })
  const packets = Number(/^(\d+) packet/m.exec(stdout ?? "")?.[1])
  if (!(packets > 0)) throw new Error(`tcpdump is not there, or does not count packets in ${capture}`)
  return packets
}

/** First quartile, median, third. */
function quartiles(costs: readonly number[]): [number, number, number] {
  const sorted = [...costs].sort((left, right) => left - right)
  const at = (share: number) => sorted[Math.round((sorted.length - 1) * share)] ?? Number.NaN
  return [at(0.25), at(0.5), at(0.75)]
}

function spread(costs: readonly number[]): string {
  const [low, median, high] = quartiles(costs)
  return `${median.toFixed(0)} (${low.toFixed(0)}-${high.toFixed(0)})`
}

function line(name: string, cells: readonly string[]): string {
  return `${name.padEnd(50)}${cells.map((cell) => cell.padStart(18)).join("")}`
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
