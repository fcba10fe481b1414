import * as fc from "fast-check"
import { ACK, FIN, PSH, RST, SYN, TCP, UDP, URG } from "../../../src/core/packet/packet.js"
import {
  above,
  address,
  and,
  atLeast,
  atMost,
  below,
  concat,
  ct,
  ctStateIn,
  equal,
  exists,
  exthdr,
  fib,
  hasAny,
  hasNone,
  icmp,
  icmpv6,
  iifname,
  inSet,
  ip,
  ip6,
  is,
  l4proto,
  limit,
  limitOver,
  maskedIs,
  meta,
  missing,
  network,
  nfproto,
  notEqual,
  notInSet,
  oifname,
  parts,
  payload,
  prefixItem,
  range,
  tcp,
  tcpOption,
  th,
  udp,
  type Value,
} from "../../../src/core/ruleset/build.js"
import type { Hook } from "../../../src/core/ruleset/hook.js"
import type { ExpressionNode, StepNode } from "../../../src/core/ruleset/node.js"
import type { Table } from "../../../src/core/ruleset/ruleset.js"
import type { Item } from "../../../src/core/ruleset/value.js"
import { devices, networks, type Pools } from "./pools.js"

/** Where a rule stands, and what it speaks of: nft refuses rules that ask for two families or two protocols. */
export interface Subject {
  readonly family: Table["family"]
  /** Hooks from which a packet may come here. */
  readonly hooks: readonly Hook[]
  readonly network: 4 | 6 | null
  readonly transport: "tcp" | "udp" | "icmp" | null
  readonly pools: Pools
}

type Match = fc.Arbitrary<StepNode>

/** One match that nft takes in a rule with this subject. */
export function matchFor(subject: Subject): Match {
  const { network: version, transport } = subject
  const choices: { arbitrary: Match; weight: number }[] = [{ arbitrary: ofAll(subject), weight: 3 }]
  if (version !== null) choices.push({ arbitrary: ofNetwork(version, subject), weight: 4 })
  if (transport === "tcp") choices.push({ arbitrary: ofTcp(subject.pools), weight: 5 })
  if (transport === "udp") choices.push({ arbitrary: ofUdp(subject.pools), weight: 4 })
  if (transport === "icmp") choices.push({ arbitrary: ofIcmp(version), weight: 4 })
  if (transport === null) choices.push({ arbitrary: ofPorts(subject.pools), weight: 1 })
  return fc.oneof(...choices)
}

const one = <const Value>(...values: readonly Value[]) => fc.constantFrom(...values)

/** `==`, `!=`, the orders, sets of a few values and their contrary: whatever can be asked of a number. */
function asked(left: ExpressionNode, value: fc.Arbitrary<number>, maximum: number): Match {
  const bound = (number: number) => Math.min(number, maximum)
  return fc.oneof(
    value.map((right) => equal(left, right)),
    value.map((right) => notEqual(left, right)),
    value.map((right) => above(left, bound(right))),
    // nft refuses a comparison that nothing can pass.
    value.map((right) => below(left, Math.max(1, right))),
    value.map((right) => atMost(left, right)),
    value.map((right) => atLeast(left, Math.max(1, right))),
    fc.tuple(value, value).map(([one, other]) => equal(left, ordered(one, other, maximum))),
    fc.tuple(value, value).map(([one, other]) => notEqual(left, ordered(one, other, maximum))),
    distinct(value).map((set) => inSet(left, set)),
    distinct(value).map((set) => notInSet(left, set)),
  )
}

function ordered(one: number, other: number, maximum: number): Item {
  const [from, to] = one < other ? [one, other] : [other, one]
  // A range of everything is refused as always true.
  return range(from === 0 && to === maximum ? 1 : from, to)
}

function distinct(value: fc.Arbitrary<number>): fc.Arbitrary<number[]> {
  return fc.uniqueArray(value, { minLength: 1, maxLength: 4 })
}

function hosts({ pools }: Subject, version: 4 | 6): fc.Arbitrary<readonly number[]> {
  return one(...pools.outside[version], ...pools.inside[version], ...pools.firewall[version]).map(address)
}

function networkItem(version: 4 | 6): fc.Arbitrary<Item> {
  return one(...networks[version]).map(([text, length]) => prefixItemOf(text, length, version))
}

export function prefixItemOf(text: string, length: number, version: 4 | 6): Item {
  return prefixItem({ address: { family: version, words: address(text) }, length })
}

function ofNetwork(version: 4 | 6, subject: Subject): Match {
  const field = (name: "saddr" | "daddr") => (version === 4 ? ip(name) : ip6(name))
  const host = hosts(subject, version)
  const side = one("saddr", "daddr" as const).map(field)
  const addresses: Match = fc.oneof(
    fc.tuple(side, host).map(([left, right]) => equal(left, right)),
    fc.tuple(side, host).map(([left, right]) => notEqual(left, right)),
    fc.tuple(side, networkItem(version)).map(([left, right]) => equal(left, right)),
    fc.tuple(side, networkItem(version)).map(([left, right]) => notEqual(left, right)),
    fc.tuple(side, host).map(([left, right]) => below(left, right)),
    fc.tuple(side, host).map(([left, right]) => atLeast(left, right)),
    fc
      .tuple(side, fc.uniqueArray(networkItem(version), { minLength: 1, maxLength: 4, selector: String }))
      .map(([left, set]) => inSet(left, set)),
    fc
      .tuple(side, fc.uniqueArray(host, { minLength: 1, maxLength: 5, selector: String }))
      .chain(([left, set]) => one(inSet(left, set), notInSet(left, set))),
    fc
      .tuple(side, host, version === 4 ? one(8, 16, 24, 30) : one(32, 48, 64, 127))
      .map(([left, words, length]) => equal(network(left, version, length), masked(words, length))),
    fc
      .tuple(host, one(...subject.pools.ports), host)
      .map(([source, port, other]) =>
        inSet(concat(field("saddr"), th("dport")), [
          parts(source, port),
          parts(other, port === 80 ? 22 : 80),
        ]),
      ),
    fc
      .tuple(host, networkItem(version))
      .map(([source, other]) => notInSet(concat(field("saddr"), field("daddr")), [parts(source, other)])),
  )
  const protocol =
    version === 4
      ? asked(ip("protocol"), one(1, 6, 17, 47), 255)
      : asked(ip6("nexthdr"), one(6, 17, 44, 58, 0, 60), 255)
  const fields = version === 4 ? ofIpv4 : ofIpv6
  const others: Match =
    subject.transport === null
      ? fc.oneof({ arbitrary: fields, weight: 6 }, { arbitrary: protocol, weight: 1 })
      : fields
  return fc.oneof({ arbitrary: addresses, weight: 3 }, { arbitrary: others, weight: 1 })
}

function masked(words: readonly number[], length: number): readonly number[] {
  return words.map((word, index) => {
    const bits = Math.max(0, Math.min(32, length - index * 32))
    return bits === 0 ? 0 : (word & (0xffffffff << (32 - bits))) >>> 0
  })
}

const ofIpv4: Match = fc.oneof(
  asked(ip("ttl"), one(1, 5, 64, 255), 255),
  asked(ip("length"), one(20, 28, 40, 60, 100, 1500), 65535),
  asked(ip("dscp"), one(0, 8, 46), 63),
  asked(ip("ecn"), one(0, 1, 2), 3),
  asked(ip("id"), one(1, 7, 100, 200), 65535),
  one(
    above(ip("hdrlength"), 5),
    hasAny(ip("frag-off"), 0x1fff),
    hasAny(ip("frag-off"), 0x3fff),
    hasAny(ip("frag-off"), 0x4000),
    equal(and(ip("frag-off"), 0x3fff), 0x2000),
    equal(ip("version"), 4),
  ),
)

const ofIpv6: Match = fc.oneof(
  asked(ip6("hoplimit"), one(1, 5, 64, 255), 255),
  asked(ip6("length"), one(8, 20, 40, 100), 65535),
  asked(ip6("dscp"), one(0, 8, 46), 63),
  asked(ip6("ecn"), one(0, 1), 3),
  one("hbh", "rt", "frag", "dst" as const).chain((header) =>
    one(exists(exthdr(header)), missing(exthdr(header))),
  ),
  one(
    equal(exthdr("frag", "frag-off"), 0),
    notEqual(exthdr("frag", "frag-off"), 0),
    equal(exthdr("frag", "more-fragments"), 1),
    equal(exthdr("rt", "type"), 0),
    notEqual(exthdr("rt", "type"), 2),
    equal(exthdr("rt", "seg-left"), 0),
    equal(exthdr("frag", "nexthdr"), UDP),
  ),
)

function ofPorts(pools: Pools): Match {
  const port = one(...pools.ports)
  return fc.oneof(
    one("dport", "sport" as const).chain((field) => asked(th(field), port, 65535)),
    distinct(port).map((ports) =>
      inSet(
        concat(l4proto, th("dport")),
        ports.map((each) => parts(each % 3 === 0 ? UDP : TCP, each)),
      ),
    ),
    one(is(l4proto, TCP), is(l4proto, UDP), notEqual(l4proto, TCP), inSet(l4proto, [1, 58, 47, 132])),
  )
}

const flags = tcp("flags")
const someFlags = one(
  0,
  SYN,
  SYN | ACK,
  ACK,
  FIN | ACK,
  PSH | ACK,
  RST,
  RST | ACK,
  FIN,
  FIN | PSH | URG,
  SYN | FIN,
)
const maskFlags = one(SYN | FIN, SYN | RST | ACK, FIN | SYN | RST | ACK, ACK | PSH, 0x3f)

function ofTcp(pools: Pools): Match {
  const port = one(...pools.ports)
  const options: Match = fc.oneof(
    asked(tcpOption("maxseg", "size"), one(88, 536, 1220, 1460), 65535),
    asked(tcpOption("window", "count"), one(0, 2, 7), 255),
    asked(tcpOption("timestamp", "tsval"), one(0, 5, 0x01020304), 0xffffffff),
    one("maxseg", "sack-perm", "window", "timestamp" as const).chain((name) =>
      one(exists(tcpOption(name)), missing(tcpOption(name))),
    ),
  )
  const bits: Match = fc.oneof(
    someFlags.map((value) => equal(flags, value)),
    someFlags.map((value) => notEqual(flags, value)),
    fc.tuple(maskFlags, someFlags).map(([mask, value]) => maskedIs(flags, mask, value & mask)),
    fc.tuple(maskFlags, someFlags).map(([mask, value]) => notEqual(and(flags, mask), value & mask)),
    maskFlags.chain((mask) => one(hasAny(flags, mask), hasNone(flags, mask))),
    fc.uniqueArray(someFlags, { minLength: 1, maxLength: 4 }).map((set) => inSet(flags, set)),
  )
  return fc.oneof(
    { arbitrary: asked(tcp("dport"), port, 65535), weight: 4 },
    { arbitrary: asked(tcp("sport"), port, 65535), weight: 1 },
    { arbitrary: bits, weight: 4 },
    { arbitrary: options, weight: 2 },
    { arbitrary: asked(tcp("window"), one(0, 1, 1000, 64240), 65535), weight: 1 },
    { arbitrary: asked(tcp("sequence"), one(0, 1000, 1001, 7005), 0xffffffff), weight: 1 },
    { arbitrary: asked(tcp("ackseq"), one(0, 1001, 7006), 0xffffffff), weight: 1 },
    { arbitrary: asked(tcp("doff"), one(5, 6, 10), 15), weight: 1 },
    { arbitrary: asked(tcp("urgptr"), one(0, 1), 65535), weight: 1 },
    { arbitrary: asked(tcp("checksum"), one(0, 0x0bad, 0x8000), 65535), weight: 1 },
  )
}

function ofUdp(pools: Pools): Match {
  const port = one(...pools.ports)
  return fc.oneof(
    asked(udp("dport"), port, 65535),
    asked(udp("sport"), port, 65535),
    asked(udp("length"), one(8, 12, 28, 1000), 65535),
    asked(udp("checksum"), one(0, 0x0bad), 65535),
  )
}

function ofIcmp(version: 4 | 6 | null): Match {
  const four = fc.oneof(
    asked(icmp("type"), one(0, 3, 8, 11, 13), 255),
    asked(icmp("code"), one(0, 1, 3, 4), 255),
    asked(icmp("id"), one(1, 2, 77), 65535),
    asked(icmp("sequence"), one(0, 1, 3), 65535),
    asked(icmp("mtu"), one(0, 576, 1400), 65535),
  )
  const six = fc.oneof(
    asked(icmpv6("type"), one(1, 2, 3, 128, 129), 255),
    asked(icmpv6("code"), one(0, 1, 4), 255),
    asked(icmpv6("id"), one(1, 2, 77), 65535),
    asked(icmpv6("sequence"), one(0, 1, 3), 65535),
    asked(icmpv6("mtu"), one(0, 1280, 1400), 0xffffffff),
  )
  return version === 6 ? six : four
}

/** Matches that are good whatever the rule speaks of. */
function ofAll(subject: Subject): Match {
  const { hooks, family } = subject
  const device = one(...devices)
  const isDevice = hooks.some((hook) => hook === "ingress" || hook === "egress")
  const choices: Match[] = [
    device.map((name) => iifname(name)),
    device.map((name) => notEqual(meta("iifname"), name)),
    one(iifname("wan0", "lan0"), iifname("wan*"), iifname("lan0", "wan*"), iifname("absent0")),
    device.map((name) => oifname(name)),
    device.map((name) => notEqual(meta("oifname"), name)),
    asked(meta("length"), one(28, 40, 46, 60, 100, 1000), 0xffffffff),
    asked(meta("mark"), one(0, 1, 2, 0xff), 0xffffffff),
    one(1, 3, 0xff).chain((mask) => one(hasAny(meta("mark"), mask), hasNone(meta("mark"), mask))),
    asked(meta("pkttype"), one(0, 1, 2), 255),
    fc
      .tuple(one(2, 3, 5), one(0, 1))
      .map(([modulus, value]) => equal({ expression: "numgen", mode: "inc", modulus }, value)),
    fc
      .tuple(one(1, 3, 8, 20), one(true, false))
      .map(([burst, over]) => (over ? limitOver : limit)(slow, burst)),
  ]
  // nft refuses what contradicts the rule's own protocol.
  if (subject.transport === null) choices.push(asked(l4proto, one(1, 6, 17, 58, 47), 255))
  // The kernel takes no ct in tables of one device's.
  if (family !== "netdev") choices.push(ofConnections(subject))
  if ((family === "inet" || family === "netdev") && subject.network === null && subject.transport !== "icmp")
    choices.push(one(equal(meta("protocol"), 0x0800), equal(meta("protocol"), 0x86dd)))
  if (family === "inet" && subject.network === null)
    choices.push(one(equal(nfproto, 2), equal(nfproto, 10), notEqual(nfproto, 2)))
  // What a router writes into the Ethernet header that it leaves with, the engine cannot know.
  if (isDevice && !hooks.includes("egress"))
    choices.push(
      one(
        ...(subject.network === null && subject.transport === null
          ? [equal(payload("ether", "type"), 0x0800)]
          : []),
        equal(payload("ether", "saddr"), [0x02000000, 0x0001]),
        notEqual(payload("ether", "daddr"), [0x02000000, 0x0002]),
      ),
    )
  if (!isDevice && hooks.every((hook) => hook === "prerouting" || hook === "input" || hook === "forward"))
    choices.push(
      one(
        equal(fib(["saddr"], "type"), 1),
        equal(fib(["daddr"], "type"), 2),
        notEqual(fib(["daddr"], "type"), 2),
        inSet(fib(["daddr"], "type"), [2, 3, 5]),
        equal(fib(["daddr"], "type"), 1),
        missing(fib(["saddr", "iif"], "oif")),
        exists(fib(["saddr", "iif"], "oif")),
        equal(fib(["saddr"], "oifname"), "wan0"),
        notEqual(fib(["saddr"], "oifname"), "lan0"),
      ),
    )
  return fc.oneof(...choices)
}

/** Tokens do not come back while a case runs. */
export const slow = { count: 1, unit: "hour" } as const

const states = one("new", "established", "related", "invalid", "untracked" as const)

function ofConnections(subject: Subject): Match {
  const bits = one(1, 2, 4, 8, 16, 32)
  const choices: Match[] = [
    fc.uniqueArray(states, { minLength: 1, maxLength: 3 }).map((set) => ctStateIn(...set)),
    fc.uniqueArray(states, { minLength: 1, maxLength: 3 }).map((set) => ctStateIn(...set)),
    one(2, 4, 8).map((state) => notEqual(ct("state"), state)),
    one(0, 1).map((direction) => equal(ct("direction"), direction)),
    bits.chain((bit) => one(hasAny(ct("status"), bit), hasNone(ct("status"), bit))),
    asked(ct("mark"), one(0, 1, 5), 0xffffffff),
    // Before conntrack the protocol is asked of nobody; nft takes it everywhere.
    asked(ct("protocol"), one(1, 6, 17), 255),
  ]
  const version = subject.network
  if (version !== null) {
    const key = one("saddr", "daddr" as const).map(
      (field) => `${version === 4 ? "ip" : "ip6"} ${field}` as const,
    )
    const item: fc.Arbitrary<Value> = fc.oneof(hosts(subject, version), networkItem(version))
    choices.push(
      fc
        .tuple(key, one("original", "reply" as const), item)
        .map(([name, direction, right]) => equal(ct(name, direction), right)),
    )
  }
  return fc.oneof(...choices)
}
