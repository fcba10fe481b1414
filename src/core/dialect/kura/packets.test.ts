import { expect, test } from "vitest"
import { readIptables } from "../../backend/iptables/read.js"
import { engineOf, judgeScript } from "../../engine/engine-fixture.js"
import { compilePolicy } from "../../policy/compile.js"
import { host, importText, loaded } from "../dialect-fixture.js"
import { importKura } from "./import.js"
import { kuraRulesText } from "./rules.js"

const letters = ["F", "S", "R", "P", ".", "U"]

/** All 64 combinations of flags, each from a port of its own, and on a connection that is established. */
function flagPackets(from: string, to: string): string[] {
  const combinations = Array.from({ length: 64 }, (_, flags) =>
    letters.filter((_letter, bit) => flags & (1 << bit)).join(""),
  )
  const open = (port: number) => [
    `in eth0 ${from}:${port} > ${to}:80 S seq 100 mss 1460`,
    `out eth0 ${to}:80 > ${from}:${port} S. seq 900 ack 101 mss 1460`,
    `in eth0 ${from}:${port} > ${to}:80 . seq 101 ack 901`,
  ]
  return combinations.flatMap((flags, index) => [
    `in eth0 ${from}:${1000 + index} > ${to}:80 ${flags || "none"} mss 1460`,
    ...open(2000 + index),
    `in eth0 ${from}:${2000 + index} > ${to}:80 ${flags || "none"} seq 101 ack 901`,
  ])
}

const ipv4 = [
  ...flagPackets("192.0.2.10", "198.51.100.1"),
  ...["", "mss 0", "mss 400", "mss 535", "mss 536", "mss 1460", "mss 65535"].map(
    (option, index) => `in eth0 192.0.2.10:${3000 + index} > 198.51.100.1:80 S ${option}`,
  ),
  "in eth0 192.0.2.50 > 198.51.100.1 icmp echo-request id 7 seq 1",
  "out eth0 198.51.100.1 > 192.0.2.51 icmp echo-request id 8 seq 1",
  "in eth0 192.0.2.51 > 198.51.100.1 icmp echo-reply id 8 seq 1",
  "out eth0 198.51.100.1:50000 > 203.0.113.53:53 udp len 40",
  "in eth0 192.0.2.1 > 198.51.100.1 icmp fragmentation-needed mtu 1280 quote (198.51.100.1:50000 > 203.0.113.53:53 udp len 40)",
  "in eth0 203.0.113.53:53 > 198.51.100.1:50000 udp len 40",
]

const ipv6 = [
  ...flagPackets("[2001:db8::10]", "[2001:db8:1::1]"),
  "in eth0 2001:db8::50 > 2001:db8:1::1 icmpv6 echo-request id 7 seq 1",
  "out eth0 2001:db8:1::1 > 2001:db8::51 icmpv6 echo-request id 8 seq 1",
  "in eth0 2001:db8::51 > 2001:db8:1::1 icmpv6 echo-reply id 8 seq 1",
  "in eth0 [2001:db8::10]:53 > [2001:db8:1::1]:5000 udp len 40",
]

function verdicts(lines: readonly string[]): string[] {
  return lines.map((line) => line.split(" ")[0]!)
}

for (const [family, form, packets, dropped] of [
  [4, "all", ipv4, 122],
  [4, "echo-requests", ipv4, 120],
  [6, "all", ipv6, 117],
  [6, "echo-requests", ipv6, 116],
] as const)
  test(`IPv${family}, ${form}: the policy says of every packet what Kura's rules say`, () => {
    const text = kuraRulesText(family, form)
    const owner = engineOf(readIptables({ path: "kura", text }, family).ruleset)
    const { ruleset, diagnostics } = compilePolicy(loaded(importText(importKura, text)), host)
    expect(diagnostics).toEqual([])
    const theirs = verdicts(judgeScript(owner, packets.join("\n")))
    const ours = verdicts(judgeScript(engineOf(ruleset), packets.join("\n")))
    const differ = packets.flatMap((packet, index) =>
      theirs[index] === ours[index] ? [] : [`${theirs[index]} → ${ours[index]}  ${packet}`],
    )
    expect(differ).toEqual([])
    expect(theirs.filter((verdict) => verdict === "drop")).toHaveLength(dropped)
  })
