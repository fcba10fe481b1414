import { expect } from "vitest"
import { tcpStates } from "../../src/core/engine/conntrack/tcp.js"
import type { PacketDescription } from "../../src/core/packet/description.js"
import { ACK, PSH, SYN } from "../../src/core/packet/packet.js"
import { ctStateIn, equal, hasAny, reject, tcp } from "../../src/core/ruleset/build.js"
import { stepsToText } from "../../src/core/ruleset/kinds.js"
import type { Ruleset } from "../../src/core/ruleset/ruleset.js"
import { HookOracle } from "./support/hook-oracle.js"
import { kernelTest } from "./support/kernel-test.js"

const steps = [
  equal(tcp("dport"), 80),
  ctStateIn("established"),
  hasAny(tcp("flags"), PSH),
  reject("tcp-reset"),
]
const ruleset: Ruleset = {
  tables: [
    {
      family: "ip",
      name: "t",
      sets: [],
      chains: [
        {
          name: "through",
          base: { type: "filter", hook: "forward", priority: 0, policy: "accept" },
          rules: [{ steps, origin: { span: { file: "test", line: 1, column: 1 }, text: "" } }],
        },
      ],
    },
  ],
}

kernelTest(
  "a rule's reset closes the connection that it resets, and its answer is that connection's",
  ({ laboratory }) => {
    const oracle = new HookOracle(
      laboratory,
      `table ip t {\n chain through {\n type filter hook forward priority 0\n ${stepsToText(steps)}\n }\n}`,
    )
    const client = { source: "203.0.113.7", destination: "198.51.100.2" }
    const server = { source: "198.51.100.2", destination: "203.0.113.7" }
    const go = (flags: number, sequence: number, acknowledgement = 0, payload = 0): PacketDescription => ({
      ...client,
      tcp: { sourcePort: 4000, destinationPort: 80, flags, sequence, acknowledgement },
      payload,
    })
    const come = (flags: number, sequence: number, acknowledgement: number): PacketDescription => ({
      ...server,
      tcp: { sourcePort: 80, destinationPort: 4000, flags, sequence, acknowledgement },
    })
    oracle.send("outside", [go(SYN, 100)])
    oracle.send("inside", [come(SYN | ACK, 500, 101)])
    oracle.send("outside", [go(ACK, 101, 501)])
    oracle.send("outside", [go(PSH | ACK, 101, 501, 5)])
    const dump = laboratory.firewall.run("cat", ["/proc/net/nf_conntrack"]).stdout
    const { compared, differences, engine } = oracle.compare(ruleset, {}, undefined, "states")
    expect(differences).toEqual([])
    // Four packets, and the reset.
    expect(compared).toBe(5)
    expect(
      dump
        .trim()
        .split("\n")
        .map((line) => line.split(/\s+/)[5]),
    ).toEqual(["CLOSE"])
    const states: (string | undefined)[] = []
    const { table } = engine.conntrack
    table.forEach(engine.now, (entry) => states.push(tcpStates[table.phaseOf(entry)]))
    expect(states).toEqual(["CLOSE"])
  },
)
