import { expect, test } from "vitest"
import { buildPacket } from "../packet/build.js"
import type { PacketDescription } from "../packet/description.js"
import { SYN } from "../packet/packet.js"
import {
  add,
  counter,
  ct,
  ctCountOver,
  ctStateIn,
  drop,
  equal,
  iifname,
  ip,
  notrack,
  payload,
  reject,
} from "../ruleset/build.js"
import { chain, engineOf, judgePacket as judge, rule, table } from "./engine-fixture.js"

/** What random rules and traffic found that the engine does not do as the kernel (docs/model-gaps.md): today's behaviour, so that a change is seen. */

const there = { source: "10.0.0.9", destination: "10.0.0.1" }
const back = { source: "10.0.0.1", destination: "10.0.0.9" }
const question: PacketDescription = { ...there, udp: { sourcePort: 1, destinationPort: 2 } }

test("the host's own ICMP errors have no connection before conntrack: notrack untracks them, in the kernel it comes too late", () => {
  const engine = engineOf(
    table([
      chain("out", "output", -300, [rule(notrack)]),
      chain("in", "input", 0, [rule(ctStateIn("new"), counter)]),
    ]),
  )
  expect(judge(engine, question, "input")).toBe("accept new")
  const quoted = buildPacket(question).slice(14)
  const error: PacketDescription = { ...back, icmp: { type: 3, code: 3, rest: 0 }, payload: quoted }
  expect(judge(engine, error, "output")).toBe("accept untracked")
})

test("a count of connections before conntrack lets a later fragment pass, which the kernel drops", () => {
  const engine = engineOf(
    table(
      [chain("early", "ingress", 0, [rule(add("counted", ip("saddr"), {}, ctCountOver(1)), counter)])],
      [{ name: "counted", key: ["ipv4_addr"], flags: ["dynamic"], size: 8 }],
    ),
    { interfaces: [{ name: "eth0", networks: [] }] },
  )
  const later = { ...there, protocol: 17, fragment: { offset: 32, more: true }, payload: 16 }
  // Taken in by defragmentation, which is behind ingress.
  expect(judge(engine, later, "input").split(" ")[0]).toBe("absorbed")
})

test("an IPv6 packet whose extension headers are cut short passes an ingress chain of the inet family, where the kernel drops it", () => {
  const engine = engineOf(table([chain("early", "ingress", 0, [rule(counter)])]), {
    interfaces: [{ name: "eth0", networks: [] }],
  })
  const cut = { source: "2001:db8::9", destination: "2001:db8::1", protocol: 51 }
  expect(judge(engine, cut, "input").split(" ")[0]).toBe("accept")
})

test("at egress the Ethernet header is the one that the packet came with", () => {
  const leaving = table([
    {
      name: "out",
      base: { type: "filter", hook: "egress", priority: 0, policy: "accept", devices: ["eth0"] },
      rules: [rule(equal(payload("ether", "saddr"), [0x02000000, 0x0001]), drop)],
    },
  ])
  const engine = engineOf(
    { tables: leaving.tables.map((each) => ({ ...each, family: "netdev" as const })) },
    { interfaces: [{ name: "eth0", networks: [] }] },
  )
  expect(judge(engine, question, "forward").split(" ")[0]).toBe("drop")
})

test("an error about the host's own reset confirms no connection: the kernel's then has one", () => {
  const engine = engineOf(
    table([
      chain("through", "forward", 0, [rule(equal(ct("direction"), 0), reject("tcp-reset"))]),
      chain("out", "output", 0, [rule(ctStateIn("related"), reject("port-unreachable"))]),
    ]),
  )
  const tcp = { sourcePort: 1, destinationPort: 2, flags: SYN }
  expect(judge(engine, { ...there, tcp }, "forward")).toBe("reject new")
  expect(judge(engine, { ...back, tcp: { sourcePort: 2, destinationPort: 1, flags: 4 } }, "output")).toBe(
    "reject related",
  )
  expect(engine.conntrack.table.count).toBe(0)
})

test("a tagged frame belongs to the device that it was captured on, where the kernel has a device of its VLAN, or nobody", () => {
  const engine = engineOf(table([chain("pre", "prerouting", 0, [rule(iifname("eth0"), drop)])]))
  expect(judge(engine, { ...question, vlans: [5] }, "input").split(" ")[0]).toBe("drop")
  // Of VLAN 0 it is the device's in the kernel too.
  expect(judge(engine, { ...question, vlans: [0] }, "input").split(" ")[0]).toBe("drop")
})

test("ARP is not asked about at ingress of netdev, where the kernel's rules see it", () => {
  const early = table([chain("early", "ingress", 0, [rule(drop)])])
  const engine = engineOf({ tables: early.tables.map((each) => ({ ...each, family: "netdev" as const })) })
  const arp = {
    operation: 1,
    senderMac: "02:00:00:00:00:01",
    sender: "10.0.0.9",
    targetMac: "00:00:00:00:00:00",
    target: "10.0.0.1",
  }
  expect(judge(engine, { arp }, "input").split(" ")[0]).toBe("none")
  expect(judge(engine, question, "input").split(" ")[0]).toBe("drop")
})
