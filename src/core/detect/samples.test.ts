import { expect, test } from "vitest"
import { parseAddress } from "../base/address.js"
import { AnswerEvent } from "../event/answer-event.js"
import { ConnectionEvent } from "../event/connection-event.js"
import type { Finding } from "../event/finding.js"
import { type Flow, FROM_INSIDE, setEnds } from "../event/flow.js"
import { DROPPED, PacketEvent } from "../event/packet-event.js"
import { ACK, ICMP, RST, SYN, TCP, UDP } from "../packet/packet.js"
import { standardDetectors } from "../policy/detect.js"
import { Detection } from "./detection.js"

const START = 1.7e9
const target = parseAddress("192.0.2.1")!
const one = 0xcb007109
const other = 0xcb00710a

/** What a rule logged and counted in five seconds. */
interface Counted {
  readonly protection: string
  readonly packets: number
  readonly unsampled?: number
  readonly passes?: number
  readonly protocol?: number
  readonly tcpFlags?: number
  readonly sourcePort?: (index: number) => number
  /** False: logged one by one, each of a source's part. */
  readonly isSample?: boolean
  /** Of each logged packet. */
  readonly sources: readonly number[]
}

interface Around {
  /** Completed a handshake before. */
  readonly proven?: number
  /** How often it goes on for five seconds. */
  readonly rounds?: number
  /** Was called by this host before, on the port that everything comes from. */
  readonly called?: number
  /** So many of the datagrams were answered, as conntrack tells. */
  readonly answered?: number
}

function ends(flow: Flow, source: number, protocol: number, sourcePort: number, time: number): void {
  setEnds(flow, { family: 4, words: [source] }, target)
  Object.assign(flow, { protocol, sourcePort, destinationPort: protocol === ICMP ? 0 : 80, time })
}

/** What a guard that sees no more than that says: detector, kind, source, count, confidence, action. */
function told(counted: Counted, { proven, called, answered = 0, rounds = 1 }: Around = {}): string[] {
  const findings: Finding[] = []
  const settings = standardDetectors().map((setting) => ({ ...setting, action: "block" as const }))
  const detection = new Detection(settings, { sees: "some" }, (each) => findings.push(each))
  const { protection, packets, unsampled = 0, passes = 0, protocol = TCP, tcpFlags = SYN } = counted
  if (proven !== undefined) {
    const connection = new ConnectionEvent()
    ends(connection, proven, TCP, 4000, START - 60)
    connection.phase = "established"
    connection.isProven = true
    detection.connection(connection)
  }
  if (called !== undefined) {
    const call = new ConnectionEvent()
    setEnds(call, target, { family: 4, words: [called] })
    Object.assign(call, {
      time: START - 60,
      side: FROM_INSIDE,
      protocol: UDP,
      sourcePort: 6000,
      destinationPort: 4000,
    })
    detection.connection(call)
  }
  for (let round = 0; round < rounds; round++) {
    const from = START + 5 * round
    for (const [index, source] of counted.sources.entries()) {
      const event = new PacketEvent()
      const time = from + (5 * index) / counted.sources.length
      ends(event, source, protocol, counted.sourcePort?.(index) ?? 1024 + index, time)
      Object.assign(event, {
        tcpFlags: protocol === TCP ? tcpFlags : 0,
        tcpSequence: index,
        icmpType: protocol === ICMP ? 8 : -1,
        ctState: tcpFlags === SYN ? 0 : 1,
        verdict: DROPPED,
        protection,
        isSample: counted.isSample ?? true,
      })
      detection.packet(event)
      for (let each = 0; each < answered / counted.sources.length; each++) {
        const answer = new AnswerEvent()
        ends(answer, source, protocol, 1024 + each, time)
        Object.assign(answer, { answer: "open", probe: "udp" })
        detection.answer(answer)
      }
    }
    const time = from + 5
    detection.counter({
      event: "counter",
      zone: "wan",
      time,
      over: 5,
      bytes: 0,
      protection,
      packets,
      unsampled,
      passes,
    })
  }
  return findings.map(({ detector, kind, sources, evidence, confidence, action }) => {
    const who = sources.map(({ words }) => words[0]!.toString(16)).join(",")
    return `${detector} ${kind} ${who || "many"} ${evidence.count} ${confidence} ${action}`
  })
}

const of = (source: number, count: number) => Array.from({ length: count }, () => source)
const forged = (count: number) => Array.from({ length: count }, (_, index) => 0x0a000000 + 7919 * index)
const syns = { protection: "syn-floods", passes: 200 }

test.each<[string, Counted, Around, readonly string[]]>([
  [
    "one source: a flood of its own, for which nobody is blocked",
    { ...syns, packets: 18_000, sources: of(one, 100) },
    {},
    ["syn-flood syn-flood cb007109 17900 low notify"],
  ],
  [
    "one that completed a handshake today",
    { ...syns, packets: 18_000, sources: of(one, 100) },
    { proven: one },
    ["syn-flood syn-flood cb007109 17900 medium notify"],
  ],
  [
    "forged ones: nobody is named",
    { ...syns, packets: 18_000, sources: forged(100) },
    {},
    ["distributed-flood flood-beyond-limit many 18000 medium block"],
  ],
  [
    "one among forged ones: each has its part",
    { ...syns, packets: 20_000, sources: forged(50).flatMap((source) => [source, one]) },
    {},
    [
      "syn-flood syn-flood cb007109 9950 low notify",
      "distributed-flood flood-beyond-limit many 10050 medium block",
    ],
  ],
  [
    "two",
    { ...syns, packets: 20_000, sources: [...of(one, 50), ...of(other, 50)] },
    {},
    ["syn-flood syn-flood cb007109 9950 low notify", "syn-flood syn-flood cb00710a 9950 low notify"],
  ],
  [
    "newcomers of whom nobody is logged are not held against one who is",
    { ...syns, packets: 18_000, unsampled: 17_900, sources: of(one, 25) },
    {},
    ["distributed-flood flood-beyond-limit many 17900 medium block"],
  ],
  [
    "the end of a flood, with three samples, is no crowd",
    { ...syns, packets: 6950, sources: of(one, 3) },
    {},
    [],
  ],
  [
    "twelve samples of forty",
    { ...syns, packets: 60_000, sources: [...forged(28), ...of(one, 12)] },
    {},
    [
      "syn-flood syn-flood cb007109 17988 low notify",
      "distributed-flood flood-beyond-limit many 42012 medium block",
    ],
  ],
  [
    "echoes that nobody asked for are no TCP",
    { protection: "invalid", packets: 9000, protocol: ICMP, sources: forged(600) },
    {},
    [],
  ],
  ["an office that comes back at once", { ...syns, packets: 60, sources: of(one, 15) }, {}, []],
  [
    "pings of half as much again as the detector's limit",
    { protection: "icmp-floods", passes: 50, packets: 400, protocol: ICMP, sources: of(one, 90) },
    { rounds: 2 },
    ["icmp-flood icmp-flood cb007109 560 low notify"],
  ],
  [
    "pings below it",
    { protection: "icmp-floods", passes: 50, packets: 200, protocol: ICMP, sources: of(one, 50) },
    { rounds: 4 },
    [],
  ],
  [
    "datagrams within the limit of a second, for five",
    { protection: "udp-floods", passes: 1500, packets: 2000, protocol: UDP, sources: of(one, 100) },
    {},
    [],
  ],
  [
    "datagrams beyond it",
    { protection: "udp-floods", passes: 2000, packets: 2000, protocol: UDP, sources: of(one, 100) },
    {},
    ["udp-flood udp-flood cb007109 11900 low notify"],
  ],
  [
    "a resolver's three thousand questions a second, which are answered",
    { protection: "udp-floods", passes: 2000, packets: 5000, protocol: UDP, sources: of(one, 100) },
    { answered: 14_900 },
    [],
  ],
  [
    "the same, of which a tenth is answered",
    { protection: "udp-floods", passes: 2000, packets: 5000, protocol: UDP, sources: of(one, 100) },
    { answered: 1500 },
    ["udp-flood udp-flood cb007109 13400 low notify"],
  ],
  [
    "a film that somebody inside has asked for",
    {
      protection: "udp-floods",
      passes: 2000,
      packets: 9000,
      protocol: UDP,
      sources: of(one, 100),
      sourcePort: () => 4000,
    },
    { called: one },
    [],
  ],
  [
    "resets",
    { protection: "invalid", packets: 9000, tcpFlags: RST, sources: of(one, 600) },
    {},
    ["tcp-flood rst-flood cb007109 8400 low notify"],
  ],
  [
    "SYNs to a port that is closed by a rule",
    { protection: "open", packets: 6000, sources: of(one, 250) },
    {},
    ["syn-flood syn-flood cb007109 5750 low notify"],
  ],
  [
    "what is logged one by one stands for nothing but itself",
    { protection: "invalid", packets: 9000, tcpFlags: RST, sources: of(one, 100), isSample: false },
    {},
    [],
  ],
  [
    "acknowledgements from port to port",
    { protection: "new-tcp-without-syn", packets: 9000, tcpFlags: ACK, sources: of(one, 600) },
    {},
    ["tcp-flood ack-flood cb007109 8400 low notify"],
  ],
  [
    "what is on its way in a connection that was cut off",
    {
      protection: "invalid",
      packets: 2900,
      tcpFlags: ACK,
      sources: of(one, 400),
      sourcePort: () => 4000,
    },
    {},
    [],
  ],
  [
    "resets from everywhere",
    { protection: "invalid", packets: 9000, tcpFlags: RST, sources: forged(600) },
    {},
    ["distributed-flood distributed-tcp-flood many 9000 medium block"],
  ],
  [
    "late segments of some connections that are over",
    {
      protection: "invalid",
      packets: 6000,
      tcpFlags: ACK,
      sources: forged(40).flatMap((source) => of(source, 5)),
      sourcePort: () => 4000,
    },
    {},
    [],
  ],
])("%s", (_, counted, around, found) => {
  expect(told(counted, around)).toEqual(found)
})

test("datagrams that nobody answered, as conntrack tells, are a crowd; answered ones are none", () => {
  const kinds = (answer: "silent" | "open") => {
    const findings: Finding[] = []
    const detection = new Detection(standardDetectors(), { sees: "some" }, (each) => findings.push(each))
    const event = new AnswerEvent()
    for (const [index, source] of forged(2000).entries()) {
      ends(event, source, UDP, 4000, START + index / 1000)
      Object.assign(event, { answer, probe: "udp", tried: event.time })
      detection.answer(event)
    }
    return findings.map(({ detector, kind }) => `${detector} ${kind}`)
  }
  expect(kinds("silent")).toEqual(["distributed-flood forged-udp-flood"])
  expect(kinds("open")).toEqual([])
})
