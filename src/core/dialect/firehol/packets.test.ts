import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { readIptables } from "../../backend/iptables/read.js"
import { parseAddress } from "../../base/address.js"
import { hostPrefix, isPrefix, type Prefix, parsePrefix } from "../../base/prefix.js"
import { createEngine, type Engine, type Path } from "../../engine/engine.js"
import { verdictNames } from "../../engine/verdict.js"
import { decode } from "../../packet/decode.js"
import { Packet } from "../../packet/packet.js"
import { parseScript } from "../../packet/script.js"
import { compilePolicy } from "../../policy/compile.js"
import { unknownHost } from "../../policy/environment.js"
import { loadPolicy } from "../../policy/load.js"
import type { Ruleset } from "../../ruleset/ruleset.js"
import { printDraft } from "../draft.js"
import { importFirehol } from "./import.js"

/** The tool's rules and ours over the same packets: equal where the report says so, different where it says so. */

const own = ["198.51.100.1", "2001:db8:1::1"].map((text) => parseAddress(text)!)

function networks(...texts: readonly string[]): readonly Prefix[] {
  return texts.map((text) => parsePrefix(text)).filter(isPrefix)
}

function engineOf(ruleset: Ruleset): Engine {
  const { engine, diagnostics } = createEngine(ruleset, {
    interfaces: [
      { name: "eth0", networks: ["default"] },
      { name: "eth1", networks: networks("10.0.0.0/8", "2001:db8:2::/64") },
    ],
    local: own,
    random: () => 0,
  })
  if (!engine) throw new Error(diagnostics.map(({ message }) => message).join("; "))
  return engine
}

const options = (exact: boolean) => ({
  exact,
  read: (path: string) => ({ id: "unreadable-file", message: path }) as const,
})

/** FireHOL's own rules for the configuration. */
function tool(configuration: string): Engine {
  const rules = importFirehol([{ path: "firehol.conf", text: configuration }], options(false)).ownerRules?.()
  if (!rules) throw new Error("nobody knows the rules")
  const read = [
    readIptables({ path: "rules.v4", text: rules.ipv4 }, 4),
    readIptables({ path: "rules.v6", text: rules.ipv6 }, 6),
  ]
  const errors = read.flatMap(({ diagnostics }) => diagnostics.filter(({ severity }) => severity === "error"))
  expect(errors).toEqual([])
  return engineOf({ tables: read.flatMap(({ ruleset }) => ruleset.tables) })
}

function ours(configuration: string, exact: boolean): Engine {
  const { policy, items } = importFirehol([{ path: "firehol.conf", text: configuration }], options(exact))
  const host = { ...unknownHost, addresses: own.map(hostPrefix) }
  const text = printDraft(policy, items, "import")
  const loaded = loadPolicy(
    { path: "policy.yaml", text },
    { read: () => ({ problem: "none" }), glob: () => [], host },
  )
  if (!loaded.policy) throw new Error(loaded.diagnostics.map(({ message }) => message).join("; "))
  return engineOf(compilePolicy(loaded.policy, host).ruleset)
}

const packet = new Packet()

/** `accept` or `drop` for each packet, with its line. */
function judge(engine: Engine, script: string): string[] {
  const { packets, diagnostics } = parseScript(script, "packets")
  expect(diagnostics).toEqual([])
  return packets.map(({ bytes, linkType, time, inputInterface, outputInterface, text }) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    decode(packet, view, 0, bytes.length, bytes.length, linkType)
    packet.time = time
    packet.inputInterface = inputInterface === "" ? 0 : engine.interfaces.index(inputInterface)
    packet.outputInterface = outputInterface === "" ? 0 : engine.interfaces.index(outputInterface)
    const path: Path = inputInterface === "" ? "output" : outputInterface === "" ? "input" : "forward"
    return `${verdictNames[engine.judge(packet, path).verdict]} ${text.replace(/^[+@]\S+ /, "")}`
  })
}

const flags = [
  ...["S", "S", "S", "S.", "A", "F.", "F", "R", "P."],
  ...["FPU", "SFRPUA", "none", "SF", "SR", "SP", "PU", "FRA", "U"],
]

/** Where packets go from and to, in one family: to this host, or through it. */
interface World {
  readonly client: (host: number) => string
  readonly server: string
  readonly way: string
  readonly back: string
}

const toUs: World = {
  client: (host) => `203.0.113.${host}`,
  server: "198.51.100.1",
  way: "in eth0",
  back: "out eth0",
}
const toUs6: World = {
  client: (host) => `[2001:db8:${host}::9]`,
  server: "[2001:db8:1::1]",
  way: "in eth0",
  back: "out eth0",
}
const through: World = { ...toUs, server: "10.0.0.80", way: "in eth0 out eth1", back: "in eth1 out eth0" }
const outward: World = {
  client: (host) => `10.0.0.${host}`,
  server: "203.0.113.80",
  way: "in eth1 out eth0",
  back: "in eth0 out eth1",
}

/** Packets of a few clients over a few seconds, most of them SYNs, and the server's answers. */
const scriptsOf = ({ client, server, way, back }: World) =>
  fc
    .array(
      fc.record({
        after: fc.constantFrom(0, 0, 1, 20, 300),
        host: fc.integer({ min: 1, max: 4 }),
        port: fc.integer({ min: 40000, max: 40015 }),
        to: fc.constantFrom(22, 22, 80, 80, 443),
        kind: fc.constantFrom(...flags, "ping", "ping", "udp", "answer"),
      }),
      { minLength: 20, maxLength: 90 },
    )
    .map((list) =>
      list
        .map(({ after, host, port, to, kind }) => {
          const bare = (text: string) => text.replace(/[[\]]/g, "")
          const from = client(host)
          const head = `+${after}ms ${way}`
          if (kind === "ping")
            return `${head} ${bare(from)} > ${bare(server)} icmp echo-request id ${host} seq 1`
          if (kind === "udp") return `${head} ${from}:${port} > ${server}:53 udp len 20`
          if (kind === "answer") return `+${after}ms ${back} ${server}:${to} > ${from}:${port} S. seq 1 ack 1`
          return `${head} ${from}:${port} > ${server}:${to} ${kind} seq 0 ack 0`
        })
        .join("\n"),
    )

const wan = (...lines: readonly string[]) =>
  `ipv4 interface eth0 wan\n${lines.map((line) => `  ${line}\n`).join("")}`
const wan6 = (...lines: readonly string[]) =>
  `version 6\ninterface eth0 wan\n${lines.map((line) => `  ${line}\n`).join("")}`
const router = (...lines: readonly string[]) =>
  `version 5\nrouter r1 inface eth0 outface eth1\n${lines.map((line) => `  ${line}\n`).join("")}`
const both = (host: string, passed: string) =>
  `ipv4 interface eth0 wan\n  ${host}\nipv4 router r1 inface eth0 outface eth1\n  ${passed}\n`
const services = 'server "http ssh icmp" accept'
const services6 = 'server "http ssh icmp icmpv6" accept'

describe("equal where the report says so", () => {
  test.each<[string, string, boolean, World]>([
    ["no protection", wan(services), false, toUs],
    ["new TCP without SYN", wan("protection new-tcp-w/o-syn", services), false, toUs],
    ["bad packets", wan('protection "malformed-xmas malformed-null"', services), false, toUs],
    ["SYN floods, exactly", wan("protection syn-floods 5/sec 7", services), true, toUs],
    ["all floods, exactly", wan("protection all-floods 5/sec 9", services), true, toUs],
    ["pings, exactly", wan("protection icmp-floods 2/sec 3", services), true, toUs],
    ["connections at once", wan("protection connlimit 3 mask 32", services), false, toUs],
    ["connections at once of networks, exactly", wan("protection connlimit 5 mask 24", services), true, toUs],
    ["the rate of connections", wan("protection connrate upto 60/minute burst 4", services), false, toUs],
    [
      "behind the line that accepts, exactly",
      wan("server http accept", "protection syn-floods 2/sec 2", services),
      true,
      toUs,
    ],
    [
      "a service's own limit, exactly",
      wan("server http accept with limit 2/sec 3 overflow drop", 'server "ssh icmp" accept'),
      true,
      toUs,
    ],
    [
      "a service's own limit for each client",
      wan("server http accept with hashlimit web upto 2/sec burst 3 mode srcip", 'server "ssh icmp" accept'),
      false,
      toUs,
    ],
    [
      "an interface for some sources, under policy accept",
      "ipv4 interface eth0 wan src 203.0.113.0/31\n  policy accept\n",
      false,
      toUs,
    ],
    [
      "ports for some sources",
      wan("server http accept src 203.0.113.2", 'server "ssh icmp" accept'),
      false,
      toUs,
    ],
    [
      "closed to this host, open through it: through",
      `${both('server "ssh icmp" accept', "route all accept")}`,
      false,
      through,
    ],
    [
      "open to this host, closed through it: through",
      `${both("policy accept", 'server "ssh icmp" accept')}`,
      false,
      through,
    ],
    [
      "this host's ports are not open through it",
      `${both('server "http icmp" accept', 'server "ssh icmp" accept')}`,
      false,
      through,
    ],
    ["IPv6: bad packets", wan6('protection "malformed-xmas malformed-null"', services6), false, toUs6],
    [
      "IPv6: floods, exactly",
      wan6("protection syn-floods 5/sec 7", "protection icmp-floods 4/sec 2", services6),
      true,
      toUs6,
    ],
    ["IPv6: connections at once, exactly", wan6("protection connlimit 3", services6), true, toUs6],
    ["through: bad packets", router('protection "malformed-xmas malformed-null"', services), false, through],
    ["through: floods, exactly", router("protection syn-floods 5/sec 7", services), true, through],
    [
      "through, reverse: floods of those behind, exactly",
      router("protection reverse syn-floods 5/sec 7", "client all accept"),
      true,
      outward,
    ],
  ])("%s", { timeout: 180_000 }, (_name, configuration, exact, world) => {
    const seen = { accept: 0, drop: 0 }
    fc.assert(
      fc.property(scriptsOf(world), (script) => {
        const theirs = arriving(judge(tool(configuration), script), world)
        expect(arriving(judge(ours(configuration, exact), script), world)).toEqual(theirs)
        for (const line of theirs) seen[line.startsWith("accept") ? "accept" : "drop"]++
      }),
      { numRuns: 10, seed: 7, endOnFailure: true },
    )
    // The positive control: both happened, often.
    expect(Math.min(seen.accept, seen.drop)).toBeGreaterThan(40)
  })
})

/** The policy closes nothing that leaves, and nothing on interfaces that no line names. */
function arriving(lines: readonly string[], { way }: World): readonly string[] {
  return lines.filter((line) => line.slice(line.indexOf(" ") + 1).startsWith(way))
}

/** `accept 20, drop 40` */
function counted(verdicts: readonly string[]): string {
  const accepted = verdicts.filter((line) => line.startsWith("accept")).length
  return `accept ${accepted}, drop ${verdicts.length - accepted}`
}

const flood = "in eth0 203.0.113.66:1024++ > 198.51.100.1:80 S repeat 100 every 100us"
const visitor = "in eth0 192.0.2.7:40000++ > 198.51.100.1:80 S repeat 10 every 100ms"

describe("different where the report says so", () => {
  test("looser: one source's flood shuts nobody else out", () => {
    const configuration = wan("protection syn-floods 10/sec 10", services)
    const after = `${flood}\n${visitor}`
    const theirs = judge(tool(configuration), after)
    expect(counted(theirs.slice(0, 100))).toBe("accept 10, drop 90")
    const fair = judge(ours(configuration, false), after)
    expect(counted(fair.slice(0, 100))).toBe("accept 10, drop 90")
    // The visitor behind the flood, one each tenth of a second, and at the same time as it.
    const together = Array.from(
      { length: 100 },
      (_, index) =>
        `+10ms ${flood.replace("repeat 100 every 100us", "").replace("1024++", `${1024 + index}`)}\nin eth0 192.0.2.${index + 1}:40000 > 198.51.100.1:80 S`,
    ).join("\n")
    const isVisitor = (line: string) => line.includes("192.0.2.")
    const shut = judge(tool(configuration), together).filter(isVisitor)
    expect(counted(shut)).toBe("accept 5, drop 95")
    expect(counted(judge(ours(configuration, false), together).filter(isVisitor))).toBe("accept 100, drop 0")
    expect(counted(judge(ours(configuration, true), together).filter(isVisitor))).toBe("accept 5, drop 95")
  })

  test("looser: src behind connlimit says who is limited, and drops nobody else", () => {
    const configuration = wan("protection connlimit 5 src 203.0.113.66", services)
    const script = `${flood.replace("repeat 100", "repeat 10")}\n${visitor}`
    expect(counted(judge(tool(configuration), script))).toBe("accept 5, drop 15")
    expect(counted(judge(ours(configuration, false), script))).toBe("accept 15, drop 5")
  })

  test("stricter: a protection behind the line that accepts is for that, too; exactly, it is not", () => {
    const configuration = wan(
      "server http accept",
      "protection syn-floods 1/minute 1",
      'server "ssh icmp" accept',
    )
    const ssh = flood.replace("1:80", "1:22").replace("203.0.113.66", "203.0.113.67")
    const script = `${flood}\n${ssh}`
    expect(counted(judge(tool(configuration), script))).toBe("accept 101, drop 99")
    expect(counted(judge(ours(configuration, true), script))).toBe("accept 101, drop 99")
    expect(counted(judge(ours(configuration, false), script))).toBe("accept 2, drop 198")
  })

  test("stricter: invalid packets under policy accept; exactly, they pass", () => {
    const configuration = wan("policy accept", "protection invalid", services)
    const script =
      "in eth0 203.0.113.9:5000 > 198.51.100.1:80 F. seq 1 ack 1\nin eth0 203.0.113.9:5001 > 198.51.100.1:80 R. seq 1 ack 1"
    expect(counted(judge(tool(configuration), script))).toBe("accept 2, drop 0")
    expect(counted(judge(ours(configuration, true), script))).toBe("accept 2, drop 0")
    expect(counted(judge(ours(configuration, false), script)).split(",")[1]).not.toBe(" drop 0")
  })

  test("stricter: a second connrate; exactly, it charges twice", () => {
    const configuration = wan(
      "protection connrate upto 60/minute burst 6",
      "protection connrate upto 5/second burst 6",
      services,
    )
    const script = flood.replace("repeat 100 every 100us", "repeat 10 every 10ms")
    expect(counted(judge(tool(configuration), script))).toBe("accept 3, drop 7")
    expect(counted(judge(ours(configuration, true), script))).toBe("accept 3, drop 7")
    expect(counted(judge(ours(configuration, false), script))).toBe("accept 6, drop 4")
  })

  test("looser: pings are not closed, nor what leaves", () => {
    const script = "in eth0 203.0.113.9 > 198.51.100.1 icmp echo-request id 1 seq 1"
    expect(judge(ours(wan("server ssh accept"), false), script)).toEqual([`accept ${script}`])
  })
})
