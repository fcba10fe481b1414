import { buildPacket } from "../../../src/core/packet/build.js"
import type { PacketDescription } from "../../../src/core/packet/description.js"
import { LINKTYPE_RAW } from "../../../src/core/packet/link-type.js"
import type { Chance } from "./random-segments.js"

const hosts = {
  4: ["203.0.113.7", "203.0.113.9", "203.0.113.11"],
  6: ["2001:db8:aaaa::7", "2001:db8:aaaa::9", "2001:db8:aaaa::11"],
} as const

/** Packets of all protocols but TCP: mostly right ones, questions and answers among few hosts, and some that lie. */
export function randomDatagrams(chance: Chance, count: number): Uint8Array[] {
  const frames: Uint8Array[] = []
  for (let number = 0; number < count; number++)
    frames.push(
      buildPacket({ identification: 1 + (number % 65535), flowLabel: 1 + number, ...describe(chance) }),
    )
  return frames
}

function describe(chance: Chance): PacketDescription {
  const family = chance.of([4, 6] as const)
  const [source, destination] = pair(chance, family)
  const ends = { source, destination }
  const checksum = chance.of(["good", "good", "good", "good", "bad", "none"] as const)
  switch (chance.below(8)) {
    case 0:
    case 1:
      return { ...ends, ...udp(chance, checksum), payload: chance.of([0, 1, 20, 21]) }
    case 2:
      return {
        ...ends,
        icmp: {
          type: chance.of(
            family === 4 ? [8, 0, 13, 14, chance.below(20)] : [128, 129, 139, 140, chance.below(256)],
          ),
          code: chance.of([0, 0, 0, 1, 3]),
          identifier: chance.below(4),
          sequence: chance.below(3),
          checksum: chance.of(["good", "good", "good", "good", "bad"]),
        },
        payload: chance.of([0, 8, 13]),
      }
    case 3:
    case 4: {
      const [quotedSource, quotedDestination] = pair(chance, family)
      const quoted = buildPacket({
        linkType: LINKTYPE_RAW,
        source: quotedSource,
        destination: quotedDestination,
        ...chance.of([
          udp(chance, "good"),
          {
            icmp: { type: chance.of(family === 4 ? [8, 0, 3] : [128, 129, 1]), identifier: chance.below(4) },
          },
          { protocol: chance.of([89, 50, 58, 1]) },
          { ...udp(chance, "good"), fragment: { offset: chance.of([0, 8]), more: true } },
        ]),
        payload: 24,
      })
      return {
        ...ends,
        // Often to whom it belongs: the sender of what it quotes.
        destination: chance.below(4) === 0 ? destination : quotedSource,
        icmp: {
          type: chance.of(family === 4 ? [3, 3, 11, 12, 4, 5] : [1, 2, 3, 4, 100]),
          code: chance.below(4),
          rest: 0,
        },
        payload: quoted.slice(0, chance.of([quoted.length, quoted.length, 60, 48, 30, 28, 24, 20, 8])),
      }
    }
    case 5:
      // The other version's ICMP, neighbour discovery, and protocols that only have a number.
      return {
        ...ends,
        protocol: chance.of(family === 4 ? [58, 2, 89, 50, 33, 99] : [1, 2, 89, 50, 33, 99, 59]),
        payload: chance.of([0, 4, 24]),
      }
    case 6:
      return { ...ends, protocol: 47, payload: gre(chance) }
    default:
      return { ...ends, protocol: chance.of([17, 136, 1, 58]), payload: noise(chance) }
  }
}

function pair(chance: Chance, family: 4 | 6): [string, string] {
  const first = chance.below(3)
  return [hosts[family][first]!, hosts[family][(first + 1 + chance.below(2)) % 3]!]
}

function udp(chance: Chance, checksum: "good" | "bad" | "none"): Pick<PacketDescription, "udp"> {
  const length = chance.below(20) === 0 ? { length: chance.of([0, 7, 8, 9, 400]) } : {}
  return {
    udp: { sourcePort: 1000 + chance.below(3), destinationPort: 1000 + chance.below(3), checksum, ...length },
  }
}

/** Version 0, with and without key and checksum bits; few are long enough for a header. */
function gre(chance: Chance): Uint8Array {
  const bytes = new Uint8Array(chance.of([0, 3, 4, 8, 12]))
  if (bytes.length > 0) bytes[0] = chance.of([0, 0x20, 0x80])
  if (bytes.length > 3) bytes[2] = 8
  return bytes
}

/** Bytes that are mostly no header of the protocol that they are said to be. */
function noise(chance: Chance): Uint8Array {
  return Uint8Array.from({ length: chance.below(24) }, () => chance.below(256))
}
