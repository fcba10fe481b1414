/**
 * What rules cost a packet on this machine's kernel, side by side, in network namespaces of its own:
 *
 *     npm run bench:kernel [-- --rounds 5 --packets 100000 --policy FILE]
 *
 * Each rule set has a firewall of its own between two hosts. Frames are put into the receive path of its outer device (scripts/bench-kernel/live-frames.ts), and
 * what is let through is routed to the inner one and dropped there. Figures are nanoseconds of processor time a packet, less what making the frame costs, and
 * multiples of a packet of a live connection with connection tracking alone. Machines differ and drift: only ratios within one run count.
 */
import { readFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { renderNft } from "../src/core/backend/nft/render.js"
import { printDiagnostic } from "../src/core/base/diagnostic.js"
import { buildPacket } from "../src/core/packet/build.js"
import { ACK, PSH, SYN } from "../src/core/packet/packet.js"
import { compilePolicy } from "../src/core/policy/compile.js"
import { loadPolicy } from "../src/core/policy/load.js"
import { settle } from "../src/linux/host/namespace/frame-capture.js"
import { address, createLaboratory, type Laboratory } from "../src/linux/host/namespace/laboratory.js"
import { libc } from "../src/linux/host/namespace/libc.js"
import { laboratoryTrouble } from "../src/linux/host/namespace/trouble.js"
import { fireholLike, kura } from "./bench-kernel/competitors.js"
import {
  FRAME,
  type FrameProgram,
  type LiveFrames,
  liveFramesTrouble,
  openLiveFrames,
} from "./bench-kernel/live-frames.js"

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    packets: { type: "string", default: "100000" },
    policy: { type: "string" },
  },
})
const rounds = Number(values.rounds)
const packets = Number(values.packets)

const trouble = laboratoryTrouble() ?? liveFramesTrouble()
if (trouble !== null) {
  process.stderr.write(`nothing can be measured here: ${trouble}\n`)
  process.exit(3)
}

/** Sources of the `blocked` kind: 1024 of them, seven apart. */
const blocked = { base: 0x0a800000, step: 7, mask: 1023 }
const insideServer = "198.51.100.80"

interface Kind {
  readonly name: string
  readonly frames: FrameProgram
  /** Connection tracking is emptied before it is measured. */
  readonly isFlood: boolean
}

const anybody = { base: 0x0a400000, step: 1, mask: 0x3fffff }
const someone = { base: 0x0a010002, step: 1, mask: 0 }
const clientPort = { base: 20000, mask: 15 }
const anyPort = { base: 1024, mask: 0x7fff }

const kinds: readonly Kind[] = [
  { name: "Xmas", frames: { template: frame(0x3f), source: anybody, port: anyPort }, isFlood: true },
  { name: "no flags", frames: { template: frame(0), source: anybody, port: anyPort }, isFlood: true },
  { name: "SYN, forged", frames: { template: frame(SYN), source: anybody, port: anyPort }, isFlood: true },
  { name: "SYN, blocked", frames: { template: frame(SYN), source: blocked, port: anyPort }, isFlood: true },
  {
    name: "live connection",
    frames: { template: frame(ACK | PSH), source: someone, port: clientPort },
    isFlood: false,
  },
]

/** Ethernet, IPv4, TCP; source, port, identification and urgent pointer 0. Data where the header leaves room for it. */
function frame(flags: number): Uint8Array {
  const isSyn = (flags & SYN) !== 0 && flags !== 0x3f
  const built = buildPacket({
    source: "0.0.0.0",
    destination: insideServer,
    identification: 0,
    dontFragment: true,
    tcp: {
      sourcePort: 0,
      destinationPort: 80,
      flags,
      sequence: isSyn ? 1000 : 1001,
      acknowledgement: isSyn ? 0 : 5001,
      ...(isSyn && { maximumSegmentSize: 1460 }),
    },
    ...(!isSyn && { payload: 6 }),
  })
  const whole = new Uint8Array(FRAME)
  whole.set(built.subarray(0, FRAME))
  return whole
}

interface Contender {
  readonly name: string
  readonly load: (laboratory: Laboratory) => void
  readonly tracks: boolean
  readonly blocks: boolean
}

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
  return `${renderNft(compilePolicy(loaded.policy, host).ruleset).text}
add element inet floodwall blocked4 { ${elements.join(", ")} }`
}

const contenders: readonly Contender[] = [
  { name: "no rules", load: () => {}, tracks: false, blocks: false },
  {
    name: "connection tracking alone",
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

interface Cell {
  readonly stand: Stand
  readonly kind: Kind
  readonly nanoseconds: number[]
  passed: number
}

function measure(live: LiveFrames, programs: ReadonlyMap<Kind, number>, cells: readonly Cell[]): void {
  for (let round = 0; round < rounds; round++) {
    process.stderr.write(`\rround ${round + 1} of ${rounds}`)
    for (const cell of round % 2 === 0 ? cells : [...cells].reverse()) {
      const { kind, stand } = cell
      const { firewall } = kind.isFlood ? stand.flooded : stand.laboratory
      if (kind.isFlood && stand.contender.tracks) firewall.run("conntrack", ["-F"], { fails: "allowed" })
      const before = passedOn(kind.isFlood ? stand.flooded : stand.laboratory)
      firewall.namespace.inside(() => {
        const index = libc().if_nametoindex("wan0")
        live.send(programs.get(kind)!, index, packets / 10)
        cell.nanoseconds.push(live.send(programs.get(kind)!, index, packets) / packets)
      })
      cell.passed += passedOn(kind.isFlood ? stand.flooded : stand.laboratory) - before
    }
  }
  process.stderr.write("\n")
}

/** Nanoseconds for a frame that is thrown away where it is made. */
function costOfMaking(frames: LiveFrames): number {
  const program = frames.load(kinds[0]!.frames, true)
  const { firewall } = stands[0]!.laboratory
  const costs = Array.from({ length: rounds }, () =>
    firewall.namespace.inside(() => frames.send(program, libc().if_nametoindex("wan0"), packets) / packets),
  )
  return median(costs)
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
    .map((kind): Cell => ({ stand, kind, nanoseconds: [], passed: 0 })),
)
const making = costOfMaking(live)
measure(live, programs, cells)

const found = (name: string, kind: string) =>
  cells.find((cell) => cell.stand.contender.name === name && cell.kind.name === kind)
const unit = median(found("connection tracking alone", "live connection")?.nanoseconds ?? []) - making
const rows = stands.map(({ contender }) => {
  const columns = kinds.map(({ name }) => {
    const cell = found(contender.name, name)
    if (!cell) return "–"
    const share = cell.passed / (rounds * packets * 1.1)
    const cost = median(cell.nanoseconds) - making
    return `${cost.toFixed(0)} ns, ${(cost / unit).toFixed(2)}× (${(share * 100).toFixed(0)} % passed)`
  })
  return `| ${contender.name} | ${columns.join(" | ")} |`
})
console.log(`| rules | ${kinds.map(({ name }) => name).join(" | ")} |`)
console.log(`|---|${kinds.map(() => "---|").join("")}`)
console.log(rows.join("\n"))
console.log(
  `\n×: multiples of a packet of a live connection with connection tracking alone; medians of ${rounds} rounds of ${packets} packets; ${making.toFixed(0)} ns for making a frame are taken off. What passes costs its forwarding too.`,
)
live.close()
for (const { laboratory, flooded } of stands) {
  laboratory.close()
  flooded.close()
}
process.exit(0)
