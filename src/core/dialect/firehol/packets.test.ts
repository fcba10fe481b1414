import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { readIptables } from "../../backend/iptables/read.js"
import { parseAddress } from "../../base/address.js"
import { hostPrefix } from "../../base/prefix.js"
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

const own = parseAddress("198.51.100.1")!

function engineOf(ruleset: Ruleset): Engine {
  const { engine, diagnostics } = createEngine(ruleset, {
    interfaces: [{ name: "eth0", networks: ["default"] }],
    local: [own],
    random: () => 0,
  })
  if (!engine) throw new Error(diagnostics.map(({ message }) => message).join("; "))
  return engine
}

/**
 * What FireHOL makes of `ipv4 interface eth0 wan` with these rules at the place of its protections: RELATED first, then the protections, then
 * what its server lines accept, then everything is dropped.
 */
function tool(protections: string, accepts: readonly string[], end = "DROP"): Engine {
  const rules = protections
    .trim()
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
  const chains = [
    ...new Set(rules.filter((line) => line.startsWith("-A pr")).map((line) => line.split(" ")[1]!)),
  ]
  const isFirst = (line: string) => line.startsWith("-A pr")
  const server = (port: string) => [
    `-A in_wan -p tcp --sport 1024:65535 --dport ${port} -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT`,
    `-A out_wan -p tcp --sport ${port} --dport 1024:65535 -m conntrack --ctstate ESTABLISHED -j ACCEPT`,
  ]
  const text = [
    "*filter",
    ":INPUT DROP [0:0]",
    ":FORWARD DROP [0:0]",
    ":OUTPUT DROP [0:0]",
    ...["in_wan", "out_wan", ...chains].map((name) => `:${name} - [0:0]`),
    "-A INPUT -i eth0 -j in_wan",
    "-A OUTPUT -o eth0 -j out_wan",
    "-A in_wan -p icmp -m conntrack --ctstate RELATED -j ACCEPT",
    "-A out_wan -p icmp -m conntrack --ctstate RELATED -j ACCEPT",
    ...rules.filter(isFirst),
    ...rules.filter((line) => !isFirst(line)),
    ...accepts.flatMap(server),
    "-A in_wan -p icmp -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT",
    "-A out_wan -p icmp -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT",
    `-A in_wan -j ${end}`,
    "-A out_wan -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT",
    "COMMIT",
  ].join("\n")
  const { ruleset, diagnostics } = readIptables({ path: "firehol.rules", text: `${text}\n` }, 4)
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([])
  return engineOf(ruleset)
}

function ours(configuration: string, exact: boolean): Engine {
  const { policy, items } = importFirehol([{ path: "firehol.conf", text: configuration }], {
    exact,
    read: (path) => ({ id: "unreadable-file", message: path }),
  })
  const host = { ...unknownHost, addresses: [hostPrefix(own)] }
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
    const path: Path = inputInterface === "" ? "output" : "input"
    return `${verdictNames[engine.judge(packet, path).verdict]} ${text.replace(/^[+@]\S+ /, "")}`
  })
}

const flags = [
  "S",
  "S",
  "S",
  "S.",
  "A",
  "F.",
  "F",
  "R",
  "P.",
  "FPU",
  "SFRPUA",
  "none",
  "SF",
  "SR",
  "SP",
  "PU",
  "FRA",
  "U",
]

/** Packets of a few clients over a few seconds, most of them SYNs, and the host's answers. */
const scripts = fc
  .array(
    fc.record({
      after: fc.constantFrom(0, 0, 1, 20, 300),
      host: fc.integer({ min: 1, max: 4 }),
      port: fc.integer({ min: 40000, max: 40015 }),
      to: fc.constantFrom(22, 22, 80, 80, 443),
      kind: fc.constantFrom(...flags, "ping", "ping", "udp", "answer"),
    }),
    { minLength: 20, maxLength: 120 },
  )
  .map((list) =>
    list
      .map(({ after, host, port, to, kind }) => {
        const client = `203.0.113.${host}`
        if (kind === "ping")
          return `+${after}ms in eth0 ${client} > 198.51.100.1 icmp echo-request id ${host} seq 1`
        if (kind === "udp") return `+${after}ms in eth0 ${client}:${port} > 198.51.100.1:53 udp len 20`
        if (kind === "answer")
          return `+${after}ms out eth0 198.51.100.1:${to} > ${client}:${port} S. seq 1 ack 1`
        return `+${after}ms in eth0 ${client}:${port} > 198.51.100.1:${to} ${kind} seq 0 ack 0`
      })
      .join("\n"),
  )

const drop = (chain: string) =>
  `-A ${chain} -m limit --limit 1/second --limit-burst 5 -j LOG --log-prefix "x:"\n-A ${chain} -j DROP`

/** FireHOL's rules for strong, with malformed-bad as 3.1.8 has it. */
const strong = (rate: string, burst: number) => `
  -A in_wan -p tcp -m conntrack --ctstate NEW ! --syn -j pr_wan_nsn3
  ${drop("pr_wan_nsn3")}
  -A in_wan -p icmp --icmp-type echo-request -j pr_wan_ifl4
  -A pr_wan_ifl4 -m limit --limit ${rate} --limit-burst ${burst} -j RETURN
  ${drop("pr_wan_ifl4")}
  -A in_wan -p tcp --syn -j pr_wan_sfl5
  -A pr_wan_sfl5 -m limit --limit ${rate} --limit-burst ${burst} -j RETURN
  ${drop("pr_wan_sfl5")}
  ${packets("6")}`

const packets = (number: string) => `
  -A in_wan -p tcp --tcp-flags ALL ALL -j pr_wan_mbd${number}
  -A in_wan -p tcp --tcp-flags ALL NONE -j pr_wan_mbd${number}
  ${[
    "SYN,FIN SYN,FIN",
    "SYN,RST SYN,RST",
    "ALL SYN,RST,ACK,FIN,URG",
    "ALL FIN,URG,PSH",
    "ALL SYN,FIN",
    "ALL FIN",
    "ALL URG,PSH,SYN,FIN",
    "ACK,FIN FIN",
    "ACK,PSH PSH",
    "ACK,URG URG",
    "FIN,RST FIN,RST",
  ]
    .map((each) => `-A in_wan -p tcp --tcp-flags ${each} -j pr_wan_mbd${number}`)
    .join("\n")}
  ${drop(`pr_wan_mbd${number}`)}`

const floods = (rate: string, burst: number) => `
  -A in_wan -p tcp --syn -j pr_wan_sfl1
  -A pr_wan_sfl1 -m limit --limit ${rate} --limit-burst ${burst} -j RETURN
  ${drop("pr_wan_sfl1")}`

const clients = (match: string, name = "1") => `
  -A in_wan -m conntrack --ctstate NEW -j pr_wan_clm${name}
  -A pr_wan_clm${name} ${match} -j RETURN
  ${drop(`pr_wan_clm${name}`)}`

const wan = (...lines: readonly string[]) =>
  `ipv4 interface eth0 wan\n${lines.map((line) => `  ${line}\n`).join("")}`
const services = 'server "http ssh icmp" accept'

describe("equal where the report says so", () => {
  test.each<[string, string, string, boolean, readonly string[]]>([
    ["no protection", wan(services), "", false, ["80", "22"]],
    [
      "new TCP without SYN",
      wan("protection new-tcp-w/o-syn", services),
      `-A in_wan -p tcp -m conntrack --ctstate NEW ! --syn -j pr_wan_nsn1\n${drop("pr_wan_nsn1")}`,
      false,
      ["80", "22"],
    ],
    [
      "bad packets",
      wan('protection "malformed-xmas malformed-null malformed-bad"', services),
      packets("1"),
      false,
      ["80", "22"],
    ],
    [
      "strong, exactly",
      wan("protection strong 10/sec 10", services),
      strong("10/sec", 10),
      true,
      ["80", "22"],
    ],
    [
      "SYN floods, exactly",
      wan("protection syn-floods 5/sec 7", services),
      floods("5/sec", 7),
      true,
      ["80", "22"],
    ],
    [
      "connections at once",
      wan("protection connlimit 3 mask 32", services),
      clients("-m connlimit --connlimit-upto 3 --connlimit-saddr --connlimit-mask 32"),
      false,
      ["80", "22"],
    ],
    [
      "connections at once of networks, exactly",
      wan("protection connlimit 5 mask 24", services),
      clients("-m connlimit --connlimit-upto 5 --connlimit-saddr --connlimit-mask 24"),
      true,
      ["80", "22"],
    ],
    [
      "the rate of connections",
      wan("protection connrate upto 60/minute burst 4", services),
      clients(
        "-m hashlimit --hashlimit-name w --hashlimit-upto 60/minute --hashlimit-mode srcip --hashlimit-burst 4",
      ),
      false,
      ["80", "22"],
    ],
  ])("%s", { timeout: 60_000 }, (_name, configuration, protections, exact, ports) => {
    const seen = { accept: 0, drop: 0 }
    fc.assert(
      fc.property(scripts, (script) => {
        const theirs = arriving(judge(tool(protections, ports), script))
        expect(arriving(judge(ours(configuration, exact), script))).toEqual(theirs)
        for (const line of theirs) seen[line.startsWith("accept") ? "accept" : "drop"]++
      }),
      { numRuns: 25, seed: 7 },
    )
    // The positive control: both happened, often.
    expect(Math.min(seen.accept, seen.drop)).toBeGreaterThan(100)
  })
})

/** The policy closes nothing that leaves. */
function arriving(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => line.split(" ")[1] === "in")
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
    const theirs = judge(tool(floods("10/sec", 10), ["80", "22"]), after)
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
    const shut = judge(tool(floods("10/sec", 10), ["80", "22"]), together).filter(isVisitor)
    expect(counted(shut)).toBe("accept 5, drop 95")
    expect(counted(judge(ours(configuration, false), together).filter(isVisitor))).toBe("accept 100, drop 0")
    expect(counted(judge(ours(configuration, true), together).filter(isVisitor))).toBe("accept 5, drop 95")
  })

  test("looser: src behind connlimit says who is limited, and drops nobody else", () => {
    const configuration = wan("protection connlimit 5 src 203.0.113.66", services)
    const rules = clients("-s 203.0.113.66 -m connlimit --connlimit-upto 5 --connlimit-saddr")
    const script = `${flood.replace("repeat 100", "repeat 10")}\n${visitor}`
    expect(counted(judge(tool(rules, ["80", "22"]), script))).toBe("accept 5, drop 15")
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
    const before =
      "-A in_wan -p tcp --sport 1024:65535 --dport 80 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT"
    expect(counted(judge(tool(`${before}\n${floods("1/minute", 1)}`, ["22"]), script))).toBe(
      "accept 101, drop 99",
    )
    expect(counted(judge(ours(configuration, true), script))).toBe("accept 101, drop 99")
    expect(counted(judge(ours(configuration, false), script))).toBe("accept 2, drop 198")
  })

  test("stricter: invalid packets under policy accept; exactly, they pass", () => {
    const configuration = wan("policy accept", "protection invalid", services)
    const script =
      "in eth0 203.0.113.9:5000 > 198.51.100.1:80 F. seq 1 ack 1\nin eth0 203.0.113.9:5001 > 198.51.100.1:80 R. seq 1 ack 1"
    expect(counted(judge(tool("", [], "ACCEPT"), script))).toBe("accept 2, drop 0")
    expect(counted(judge(ours(configuration, true), script))).toBe("accept 2, drop 0")
    expect(counted(judge(ours(configuration, false), script)).split(",")[1]).not.toBe(" drop 0")
  })

  test("stricter: a second connrate; exactly, it charges twice", () => {
    const configuration = wan(
      "protection connrate upto 60/minute burst 6",
      "protection connrate upto 5/second burst 6",
      services,
    )
    const match =
      "-m hashlimit --hashlimit-name w --hashlimit-upto 60/minute --hashlimit-mode srcip --hashlimit-burst 6"
    const rules = `${clients(match)}\n${clients(match, "2")}`
    const script = flood.replace("repeat 100 every 100us", "repeat 10 every 10ms")
    expect(counted(judge(tool(rules, ["80"]), script))).toBe("accept 3, drop 7")
    expect(counted(judge(ours(configuration, true), script))).toBe("accept 3, drop 7")
    expect(counted(judge(ours(configuration, false), script))).toBe("accept 6, drop 4")
  })

  test("looser: pings are not closed, nor what leaves", () => {
    const script = "in eth0 203.0.113.9 > 198.51.100.1 icmp echo-request id 1 seq 1"
    expect(judge(ours(wan("server ssh accept"), false), script)).toEqual([`accept ${script}`])
  })
})
