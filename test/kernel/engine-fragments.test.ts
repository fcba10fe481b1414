import { expect } from "vitest"
import { createEngine } from "../../src/core/engine/engine.js"
import { VERDICT_ABSORBED } from "../../src/core/engine/verdict.js"
import { buildPacket } from "../../src/core/packet/build.js"
import { decode } from "../../src/core/packet/decode.js"
import { LINKTYPE_ETHERNET } from "../../src/core/packet/link-type.js"
import { Packet } from "../../src/core/packet/packet.js"
import { laboratoryAddresses, laboratoryInterfaces } from "../../src/linux/demo/agreement.js"
import { kernelTest } from "./support/kernel-test.js"
import { Chance } from "./support/random-segments.js"

interface Piece {
  readonly offset: number
  readonly length: number
  readonly more: boolean
}

/** One datagram's fragments: mostly whole and in some order, sometimes doubled, overlapping, with a hole, too long, empty. */
function pieces(chance: Chance): Piece[] {
  const cuts = Array.from({ length: 1 + chance.below(4) }, () => 8 * (1 + chance.below(20)))
  let offset = 0
  let list: Piece[] = cuts.map((length) => {
    const piece = { offset, length, more: true }
    offset += length
    return piece
  })
  list.push({ offset, length: 1 + chance.below(40), more: false })
  for (let left = chance.below(3); left > 0; left--) {
    const at = chance.below(list.length)
    const piece = list[at]!
    switch (chance.below(8)) {
      case 0:
        list.splice(at, 0, piece)
        break
      case 1:
        list.splice(at, 1)
        break
      case 2:
        list[at] = { ...piece, offset: piece.offset + 8 }
        break
      case 3:
        list.push({ ...piece, length: Math.max(1, piece.length - 8) })
        break
      case 4:
        list[at] = { ...piece, length: piece.length + chance.of([1, 7, 8, 16]) }
        break
      case 5:
        list.push({
          offset: 8 * chance.below(30),
          length: chance.of([0, 8, 24]),
          more: chance.below(2) === 0,
        })
        break
      case 6:
        list[at] = { ...piece, more: !piece.more }
        break
      default:
        list[at] = { ...piece, offset: chance.of([65_528, 65_504, 0]) }
    }
  }
  if (chance.below(2) === 0)
    list = list
      .map((piece) => [chance.below(1000), piece] as const)
      .sort(([one], [other]) => one - other)
      .map(([, piece]) => piece)
  return list
}

function frames(chance: Chance, family: 4 | 6, datagrams: number): Uint8Array[] {
  return Array.from({ length: datagrams }, (_, number) => {
    const ends =
      family === 4
        ? { source: "203.0.113.7", destination: "203.0.113.9" }
        : { source: "2001:db8:aaaa::7", destination: "2001:db8:aaaa::9" }
    return pieces(chance).map(({ offset, length, more }) => {
      const payload = new Uint8Array(length)
      // A UDP header at the start: ports that tell the datagrams apart, no checksum.
      if (offset === 0 && length >= 8) {
        const view = new DataView(payload.buffer)
        view.setUint16(0, 1 + number)
        view.setUint16(2, 9)
        view.setUint16(4, 8)
      }
      return buildPacket({
        ...ends,
        identification: 1 + number,
        protocol: 17,
        payload,
        fragment: { offset, more },
      })
    })
  }).flat()
}

/** What a datagram looks like behind defragmentation: its ports, how long it is, and whether it still says that it is a fragment. */
function look(packet: Packet): string {
  const { family, networkLength, isFragment, sourcePort, fragmentOffset } = packet
  return `IPv${family} length ${networkLength} port ${sourcePort} ${isFragment ? `fragment ${fragmentOffset}` : "whole"}`
}

for (const family of [4, 6] as const)
  kernelTest(
    `1,500 fragmented datagrams, IPv${family}, many of them wrong: behind defragmentation the same packets are there`,
    ({ laboratory }) => {
      const sent = frames(new Chance(Number(process.env["SEED"] ?? 3)), family, 1500)
      const { firewall, outside } = laboratory
      // Behind defragmentation, before the routing decides.
      firewall.nft(
        "table inet look {\n chain pre {\n type filter hook prerouting priority -100\n log group 9\n ct state new accept\n }\n}\n",
      )
      const log = firewall.log(9)
      const seen: Packet[] = []
      const whole: string[] = []
      const read = () => {
        for (const { bytes } of log.read()) {
          const packet = new Packet()
          decode(
            packet,
            new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
            0,
            bytes.length,
            bytes.length,
            101,
          )
          seen.push(packet)
          whole.push(look(packet))
        }
      }
      outside.sender("eth0").send(
        sent.map((bytes) => ({ bytes })),
        { batch: 64, between: read },
      )
      const until = performance.now() + 200
      while (performance.now() < until) read()
      expect(log.lost()).toBe(0)

      const { engine } = createEngine(
        { tables: [] },
        { interfaces: laboratoryInterfaces, local: laboratoryAddresses, conntrack: "on", random: () => 0 },
      )
      const packet = new Packet()
      const ours: string[] = []
      for (const bytes of sent) {
        decode(packet, new DataView(bytes.buffer), 0, bytes.length, bytes.length, LINKTYPE_ETHERNET)
        packet.time += 1000
        packet.inputInterface = 1
        const judgement = engine!.judge(packet, "forward")
        if (judgement.verdict !== VERDICT_ABSORBED && judgement.verdict !== 4)
          ours.push(look(judgement.packet))
      }
      expect(ours).toEqual(whole)
      expect(whole.length).toBeGreaterThan(500)
      expect(sent.length - whole.length).toBeGreaterThan(1500)
    },
  )
