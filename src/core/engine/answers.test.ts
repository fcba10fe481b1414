import { expect, test } from "vitest"
import { readIptables } from "../backend/iptables/read.js"
import { buildPacket } from "../packet/build.js"
import { decode } from "../packet/decode.js"
import type { PacketDescription } from "../packet/description.js"
import { LINKTYPE_ETHERNET } from "../packet/link-type.js"
import { ACK, Packet, RST, SYN } from "../packet/packet.js"
import { accept, ctCountOver, ctStateIn, drop, equal, ip, isIpv4, notrack, reject } from "../ruleset/build.js"
import { chain, engineOf, judgePacket as judge, rule, table } from "./engine-fixture.js"
import { verdictNames } from "./verdict.js"

const there = { source: "10.0.0.9", destination: "10.0.0.1" }
const back = { source: "10.0.0.1", destination: "10.0.0.9" }
const syn = { ...there, tcp: { sourcePort: 1000, destinationPort: 80, flags: SYN } }
const reset = {
  ...back,
  tcp: { sourcePort: 80, destinationPort: 1000, flags: RST | ACK, acknowledgement: 1 },
}

test("a rule's answers are related to the packet that they answer, whether its connection was confirmed or not; others are not", () => {
  const engine = engineOf(table([chain("in", "input", 0, [rule(ctStateIn("new"), reject("tcp-reset"))])]))
  expect(judge(engine, syn, "input")).toBe("reject new")
  const other = { ...reset, tcp: { ...reset.tcp, destinationPort: 1001 } }
  expect(judge(engine, other, "output")).toBe("accept invalid")
  expect(judge(engine, reset, "output")).toBe("accept related")
  // One answer for one packet.
  expect(judge(engine, reset, "output")).toBe("accept invalid")
})

test("an error answers the packet that it quotes", () => {
  const engine = engineOf(
    table([chain("in", "input", 0, [rule(ctStateIn("new"), reject("port-unreachable"))])]),
  )
  const question = (port: number) => ({ ...there, udp: { sourcePort: port, destinationPort: 53 } })
  const error = (port: number) => ({
    ...back,
    icmp: { type: 3, code: 3, rest: 0 },
    payload: buildPacket(question(port)).slice(14),
  })
  expect(judge(engine, question(1), "input")).toBe("reject new")
  expect(judge(engine, error(2), "output")).toBe("accept invalid")
  expect(judge(engine, error(1), "output")).toBe("accept related")
})

test("an error about a packet without a hop left, or with options that nobody follows, is related to it", () => {
  const engine = engineOf(table([chain("out", "output", 0, [rule(ctStateIn("invalid"), drop)])]))
  const question = { ...there, ttl: 1, udp: { sourcePort: 1, destinationPort: 53 } }
  const error = (type: number, about: PacketDescription) => ({
    ...back,
    icmp: { type, code: 0, rest: 0 },
    payload: buildPacket(about).slice(14),
  })
  expect(judge(engine, question, "forward")).toBe("drop new")
  expect(judge(engine, error(11, question), "output")).toBe("accept related")
  const chosen = { ...question, ttl: 9, ipOptions: Uint8Array.from([7, 3, 3, 0]) }
  expect(judge(engine, chosen, "forward")).toBe("drop new")
  expect(judge(engine, error(12, chosen), "output")).toBe("accept related")
  // Nobody was told of an error about this one.
  expect(judge(engine, error(11, question), "output")).toBe("drop invalid")
})

test("an answer that comes late is nobody's", () => {
  const engine = engineOf(table([chain("in", "input", 0, [rule(ctStateIn("new"), reject("tcp-reset"))])]))
  expect(judge(engine, syn, "input", 0)).toBe("reject new")
  expect(judge(engine, reset, "output", 1e9)).toBe("accept invalid")
})

test("a reset that ends its connection, and is counted on its way, leaves a table in which connections are found", () => {
  const counting = [rule(ctCountOver(100), drop)]
  const engine = engineOf(table([chain("in", "input", 0, counting), chain("out", "output", 0, counting)]))
  for (let round = 0; round < 20; round++) {
    expect(judge(engine, syn, "input", round * 1e8)).toBe("accept new")
    expect(judge(engine, reset, "output", round * 1e8 + 5e7)).toBe("accept established")
  }
  expect(engine.conntrack.table.count).toBeLessThanOrEqual(1)
})

test("connlimit at output lets each reset pass that ends its own connection", () => {
  const text = "*filter\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p tcp -m connlimit --connlimit-upto 2\nCOMMIT\n"
  const engine = engineOf(readIptables({ path: "rules", text }, 4).ruleset)
  for (const round of [0, 1, 2]) {
    expect(judge(engine, syn, "input", round * 50e6)).toBe("accept new")
    expect(judge(engine, reset, "output", round * 50e6 + 12e6)).toBe("accept established")
  }
})

test("packets of one connection within a tick count once when the first has confirmed it; new connections each for itself", () => {
  const engine = engineOf(table([chain("in", "input", 0, [rule(ctCountOver(2), drop)])]))
  const from = (sourcePort: number) => ({ ...there, udp: { sourcePort, destinationPort: 53 } })
  const burst = [1, 1, 1, 1, 2, 1, 2, 3, 4, 1]
  expect(burst.map((port, place) => judge(engine, from(port), "input", place * 1000))).toEqual(
    // The last finds itself at the list's beginning, and does not look for the dead behind it, which stay counted.
    burst.map((port, place) => (port < 3 && place < 9 ? "accept new" : "drop new")),
  )
})

test("notrack behind conntrack untracks what is invalid, and leaves connections alone", () => {
  const engine = engineOf(
    table([
      chain("pre", "prerouting", -150, [rule(isIpv4, notrack)]),
      chain("in", "input", 0, [rule(ctStateIn("untracked"), drop)]),
    ]),
  )
  expect(judge(engine, syn, "input")).toBe("accept new")
  expect(judge(engine, { ...there, tcp: { sourcePort: 5, destinationPort: 6, flags: RST } }, "input")).toBe(
    "drop untracked",
  )
})

test("a forwarded packet has one hop less where rules of a router see it, and behind them as many as it came with", () => {
  const engine = engineOf(
    table([
      chain("pre", "prerouting", 0, [rule(equal(ip("ttl"), 63), drop)]),
      chain("through", "forward", 0, [rule(equal(ip("ttl"), 63), accept), rule(drop)]),
      chain("post", "postrouting", 0, [rule(equal(ip("ttl"), 64), drop)]),
    ]),
  )
  const bytes = buildPacket({ ...syn, ttl: 64 })
  const packet = new Packet()
  decode(packet, new DataView(bytes.buffer), 0, bytes.length, bytes.length, LINKTYPE_ETHERNET)
  packet.inputInterface = 1
  packet.outputInterface = 2
  expect(verdictNames[engine.judge(packet, "forward").verdict]).toBe("accept")
  expect(packet.ttl).toBe(64)
})
