import { expect, test } from "vitest"
import { decode } from "../packet/decode.js"
import { Packet } from "../packet/packet.js"
import { parseScript } from "../packet/script.js"
import type { ExpressionNode } from "../ruleset/node.js"
import type { Run } from "../ruleset/runtime.js"
import { createEngine } from "./engine.js"
import { TraceValues } from "./trace-values.js"

/** What expressions are worth for a packet that arrives on eth0, asked while a rule is traced. */
function valuesFor(packetText: string, ...nodes: readonly ExpressionNode[]) {
  const { engine } = createEngine(
    {
      tables: [
        {
          family: "inet",
          name: "t",
          sets: [],
          chains: [
            {
              name: "c",
              base: { type: "filter", hook: "input", priority: 0, policy: "accept" },
              rules: [],
            },
          ],
        },
      ],
    },
    { interfaces: [{ name: "eth0", networks: [] }], random: () => 0, conntrack: "on" },
  )
  const [script] = parseScript(packetText, "").packets
  const packet = new Packet()
  const { bytes, linkType } = script!
  decode(packet, new DataView(bytes.buffer, bytes.byteOffset), 0, bytes.length, bytes.length, linkType)
  packet.inputInterface = 1
  const values = new TraceValues(engine!.interfaces)
  const found: (string | undefined | null)[] = []
  const nothing = () => {}
  engine!.judge(packet, "input", {
    enter: (_chain: number, seen: Packet, run: Run) => {
      for (const node of nodes) found.push(values.of(node, seen, run))
    },
    ...{ step: nothing, verdict: nothing, end: nothing, policy: nothing, kernel: nothing },
  })
  return found
}

test("values in nft's notation, by type", () => {
  expect(
    valuesFor(
      "192.0.2.9:4000 > 198.51.100.1:22 S",
      { expression: "payload", protocol: "ip", field: "saddr" },
      { expression: "payload", protocol: "tcp", field: "dport" },
      { expression: "payload", protocol: "tcp", field: "flags" },
      { expression: "meta", key: "iifname" },
      { expression: "meta", key: "oifname" },
      { expression: "meta", key: "iif" },
      { expression: "ct", key: "state" },
      {
        expression: "concatenation",
        parts: [
          { expression: "payload", protocol: "ip", field: "daddr" },
          { expression: "payload", protocol: "tcp", field: "dport" },
        ],
      },
    ),
  ).toEqual(["192.0.2.9", "22", "syn", '"eth0"', '""', '"eth0"', "new", "198.51.100.1 . 22"])
})

test("what the packet does not have is undefined; what counts or goes by chance is not asked again", () => {
  expect(
    valuesFor(
      "192.0.2.9 > 198.51.100.1 icmp echo-request id 1 seq 1",
      { expression: "payload", protocol: "ip6", field: "saddr" },
      { expression: "payload", protocol: "tcp", field: "dport" },
      { expression: "numgen", mode: "inc", modulus: 2 },
      { expression: "numgen", mode: "random", modulus: 2 },
    ),
  ).toEqual([undefined, undefined, null, null])
})
