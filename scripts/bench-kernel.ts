/**
 * What rules cost a packet on this machine's kernel, side by side, in network namespaces of its own:
 *
 *     npm run bench:kernel [-- --rounds 5 --packets 100000 --policy FILE --rules FILE.nft … --kind "live connection" …]
 *
 * `--rules` measures rules of your own beside the others (outer device wan0, inner one lan0), or instead of them with `--only`; `--kind` measures these packets alone.
 *
 * Each rule set has a firewall of its own between two hosts. Frames are put into the receive path of its outer device (scripts/bench-kernel/live-frames.ts), and
 * what is let through is routed to the inner one and dropped there. Figures are nanoseconds of processor time a packet, less what making the frame costs, and
 * multiples of a packet of a live connection with connection tracking alone. Machines differ and drift: only ratios within one run count.
 */
import { readFileSync } from "node:fs"
import { basename } from "node:path"
import { parseArgs } from "node:util"
import { renderApply } from "../src/core/backend/nft/transaction.js"
import { printDiagnostic } from "../src/core/base/diagnostic.js"
import { buildPacket } from "../src/core/packet/build.js"
import { ACK, SYN } from "../src/core/packet/packet.js"
import { compilePolicy } from "../src/core/policy/compile.js"
import { loadPolicy } from "../src/core/policy/load.js"
import { settle } from "../src/linux/host/namespace/frame-capture.js"
import { address, createLaboratory, type Laboratory } from "../src/linux/host/namespace/laboratory.js"
import { libc } from "../src/linux/host/namespace/libc.js"
import { laboratoryTrouble } from "../src/linux/host/namespace/trouble.js"
import { fireholLike, kura } from "./bench-kernel/competitors.js"
import { allKinds, blocked, clientPort, insideServer, type Kind, LIVE } from "./bench-kernel/kinds.js"
import { type LiveFrames, liveFramesTrouble, openLiveFrames } from "./bench-kernel/live-frames.js"
import { openProcessorCounters } from "./bench-kernel/processor-counters.js"

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    packets: { type: "string", default: "100000" },
    policy: { type: "string" },
    rules: { type: "string", multiple: true, default: [] },
    only: { type: "boolean", default: false },
    kind: { type: "string", multiple: true },
  },
})
const kinds = allKinds.filter(({ name }) => name === LIVE || (values.kind?.includes(name) ?? true))
const rounds = Number(values.rounds)
const packets = Number(values.packets)

const trouble = laboratoryTrouble() ?? liveFramesTrouble()
if (trouble !== null) {
  process.stderr.write(`nothing can be measured here: ${trouble}\n`)
  process.exit(3)
}

interface Contender {
  readonly name: string
  readonly load: (laboratory: Laboratory) => void
  readonly tracks: boolean
  readonly blocks: boolean
}

const UNIT = "connection tracking alone"

const conntrackOnly = `table inet tracking {
  chain prerouting {
    type filter hook prerouting priority mangle
    ct state invalid counter
  }
}`

function floodwall(ingress: boolean): string {
  const text = values.policy
    ? readFileSync(values.policy, "utf8")
    : "version: 1\ninterfaces: { wan: wan0 }\nprotect: { wan: default }\n"
  const host = {
    defaultInterfaces: ["wan0"],
    defaultRoutes: 1,
    addresses: [],
    listening: [],
    ingressDevices: ingress ? ["wan0", "lan0"] : [],
    egress: ingress,
  }
  const loaded = loadPolicy(
    { path: values.policy ?? "default.yaml", text },
    { read: (path) => ({ text: readFileSync(path, "utf8") }), glob: () => [], host },
  )
  if (!loaded.policy) {
    process.stderr.write(`${loaded.diagnostics.map(printDiagnostic).join("\n")}\n`)
    process.exit(2)
  }
  const elements = Array.from({ length: blocked.mask + 1 }, (_, index) => {
    const word = blocked.base + blocked.step * index
    return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`
  })
  // As an apply gives them to the kernel.
  return `${renderApply(compilePolicy(loaded.policy, host).ruleset, null, null).text}
add element inet floodwall blocked4 { ${elements.join(", ")} }`
}

const others: readonly Contender[] = [
  { name: "no rules", load: () => {}, tracks: false, blocks: false },
  {
    name: UNIT,
    load: (lab) => lab.firewall.nft(conntrackOnly),
    tracks: true,
    blocks: false,
  },
  {
    name: "Floodwall, at ingress",
    load: (lab) => lab.firewall.nft(floodwall(true)),
    tracks: true,
    blocks: true,
  },
  {
    name: "Floodwall, in prerouting",
    load: (lab) => lab.firewall.nft(floodwall(false)),
    tracks: true,
    blocks: true,
  },
  { name: "Kura's 17 rules", load: (lab) => restore(lab, kura), tracks: true, blocks: false },
  {
    name: "like FireHOL strong",
    load: (lab) => restore(lab, fireholLike("wan0")),
    tracks: true,
    blocks: false,
  },
]

/** What everything is measured by comes along in any case. */
const contenders: readonly Contender[] = [
  ...others.filter(({ name }) => !values.only || name === UNIT),
  ...values.rules.map(
    (path): Contender => ({
      name: basename(path),
      load: (lab) => lab.firewall.nft(readFileSync(path, "utf8")),
      tracks: true,
      blocks: true,
    }),
  ),
]

function restore(laboratory: Laboratory, rules: string): void {
  laboratory.firewall.run("iptables-restore", [], { input: rules })
}

const sink = `table netdev sink {
  chain egress {
    type filter hook egress device lan0 priority 0
    counter drop
  }
}`

interface Stand {
  readonly contender: Contender
  readonly laboratory: Laboratory
  /** For floods, whose connections are thrown away, so that the live ones are left alone. */
  readonly flooded: Laboratory
}

function build(contender: Contender): Stand | string {
  const make = () => {
    const laboratory = createLaboratory()
    for (const range of ["10.1.0.0/24", "10.64.0.0/10", "10.128.0.0/9"])
      laboratory.firewall.run("ip", ["route", "add", range, "via", address.outside.ipv4, "dev", "wan0"])
    contender.load(laboratory)
    return laboratory
  }
  try {
    const stand = { contender, laboratory: make(), flooded: make() }
    if (contender.tracks) greet(stand.laboratory)
    stand.laboratory.firewall.nft(sink)
    stand.flooded.firewall.nft(sink)
    return stand
  } catch (failure) {
    return `${contender.name}: left out, ${failure instanceof Error ? failure.message.split("\n")[0] : failure}`
  }
}

/** Sixteen handshakes, so that there are live connections. */
function greet({ outside, inside }: Laboratory): void {
  for (let port = clientPort.base; port <= clientPort.base + clientPort.mask; port++) {
    const client = { source: "10.1.0.2", destination: insideServer } as const
    const server = { source: insideServer, destination: "10.1.0.2" } as const
    const ports = { sourcePort: port, destinationPort: 80 }
    const send = (host: typeof outside, bytes: Uint8Array) => {
      host.sender("eth0").send([{ bytes }])
      settle(1)
    }
    send(
      outside,
      buildPacket({ ...client, tcp: { ...ports, flags: SYN, sequence: 1000, maximumSegmentSize: 1460 } }),
    )
    send(
      inside,
      buildPacket({
        ...server,
        tcp: {
          sourcePort: 80,
          destinationPort: port,
          flags: SYN | ACK,
          sequence: 5000,
          acknowledgement: 1001,
          maximumSegmentSize: 1460,
        },
      }),
    )
    send(
      outside,
      buildPacket({ ...client, tcp: { ...ports, flags: ACK, sequence: 1001, acknowledgement: 5001 } }),
    )
  }
}

function passedOn(laboratory: Laboratory): number {
  const { stdout } = laboratory.firewall.run("nft", ["list", "table", "netdev", "sink"])
  return Number(/packets (\d+)/.exec(stdout)?.[1] ?? 0)
}

/** What a packet took. Instructions and cycles of the processor in the kernel; 0 where it does not count them. */
interface Cost {
  readonly nanoseconds: number
  readonly instructions: number
  readonly cycles: number
}

interface Cell {
  readonly stand: Stand
  readonly kind: Kind
  readonly costs: Cost[]
  passed: number
}

const counters = openProcessorCounters()

function send(live: LiveFrames, program: number, { firewall }: Laboratory): Cost {
  return firewall.namespace.inside(() => {
    const index = libc().if_nametoindex("wan0")
    live.send(program, index, packets / 10)
    const before = counters?.read()
    const nanoseconds = live.send(program, index, packets)
    const after = counters?.read()
    const each = (counter: "instructions" | "cycles") =>
      before && after ? (after[counter] - before[counter]) / packets : 0
    return {
      nanoseconds: nanoseconds / packets,
      instructions: each("instructions"),
      cycles: each("cycles"),
    }
  })
}

function measure(live: LiveFrames, programs: ReadonlyMap<Kind, number>, cells: readonly Cell[]): void {
  for (let round = 0; round < rounds; round++) {
    process.stderr.write(`\rround ${round + 1} of ${rounds}`)
    for (const cell of round % 2 === 0 ? cells : [...cells].reverse()) {
      const { kind, stand } = cell
      const laboratory = kind.isFlood ? stand.flooded : stand.laboratory
      if (kind.isFlood && stand.contender.tracks)
        laboratory.firewall.run("conntrack", ["-F"], { fails: "allowed" })
      const before = round === 0 ? passedOn(laboratory) : 0
      cell.costs.push(send(live, programs.get(kind)!, laboratory))
      if (round === 0) cell.passed = (passedOn(laboratory) - before) / (packets * 1.1)
    }
  }
  process.stderr.write("\n")
}

/** A frame that is thrown away where it is made. */
function costOfMaking(frames: LiveFrames): Cost {
  const program = frames.load(allKinds[0]!.frames, true)
  const { laboratory } = stands[0]!
  const costs = Array.from({ length: rounds }, () => send(frames, program, laboratory))
  const middle = (part: keyof Cost) => median(costs.map((cost) => cost[part]))
  return {
    nanoseconds: middle("nanoseconds"),
    instructions: middle("instructions"),
    cycles: middle("cycles"),
  }
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((left, right) => left - right)[Math.floor(numbers.length / 2)] ?? 0
}

const live = openLiveFrames()
const stands: Stand[] = []
for (const contender of contenders) {
  const stand = build(contender)
  if (typeof stand === "string") process.stderr.write(`${stand}\n`)
  else stands.push(stand)
}
if (stands.length === 0) process.exit(3)
const programs = new Map(kinds.map((kind) => [kind, live.load(kind.frames)]))
const cells = stands.flatMap((stand) =>
  kinds
    .filter((kind) => kind.name !== "SYN, blocked" || stand.contender.blocks)
    .map((kind): Cell => ({ stand, kind, costs: [], passed: 0 })),
)
const making = costOfMaking(live)
measure(live, programs, cells)

/** Cycles say what a packet costs wherever the processor counts them. */
const unit: keyof Cost = counters ? "cycles" : "nanoseconds"
/** Neighbours on the machine come and go: a round is compared with itself. */
const found = cells.find(({ stand, kind }) => stand.contender.name === UNIT && kind.name === LIVE)
const net = (cell: Cell, part: keyof Cost) => cell.costs.map((cost) => cost[part] - making[part])
const units = found ? net(found, unit) : []
const rows = stands.map(({ contender }) => {
  const columns = kinds.map((kind) => {
    const cell = cells.find((each) => each.stand.contender === contender && each.kind === kind)
    if (!cell) return "–"
    const ratio = median(
      net(cell, unit).flatMap((cost, round) => (units[round] ? [cost / units[round]] : [])),
    )
    const counted = counters ? `, ${median(net(cell, "instructions")).toFixed(0)} instructions` : ""
    const time = median(net(cell, "nanoseconds")).toFixed(0)
    return `${ratio.toFixed(3)}× (${time} ns${counted}; ${(cell.passed * 100).toFixed(0)} % passed)`
  })
  return `| ${contender.name} | ${columns.join(" | ")} |`
})
console.log(`| rules | ${kinds.map(({ name }) => name).join(" | ")} |`)
console.log(`|---|${kinds.map(() => "---|").join("")}`)
console.log(rows.join("\n"))
console.log(
  `\n×: multiples, in ${unit}, of a packet of a live connection with connection tracking alone in the same round; medians of ${rounds} rounds of ${packets} packets; ${making.nanoseconds.toFixed(0)} ns for making a frame are taken off. What passes costs its forwarding too.`,
)
live.close()
counters?.close()
for (const { laboratory, flooded } of stands) {
  laboratory.close()
  flooded.close()
}
process.exit(0)
