import { expect, test } from "vitest"
import { buildPacket } from "./build.js"
import { networkChecksum } from "./checksum.js"
import type { PacketDescription } from "./description.js"
import { fragmentPacket } from "./fragment.js"
import { LINKTYPE_ETHERNET } from "./link-type.js"
import { decodeFrame, line } from "./packet-fixture.js"

const udp = { sourcePort: 1, destinationPort: 2 }

function check(description: PacketDescription, size: number, identification?: number): string[] {
  return fragmentPacket(buildPacket(description), LINKTYPE_ETHERNET, size, identification).map((each) => {
    const packet = decodeFrame(each)
    if (packet.family === 4) expect(networkChecksum(packet)).toBe(1)
    return line(packet)
  })
}

test("IPv4", () => {
  expect(
    check(
      { source: "10.0.0.9", destination: "10.0.0.1", identification: 5, udp, payload: 100, padding: 3 },
      47,
    ),
  ).toEqual([
    "10.0.0.9:1 > 10.0.0.1:2 udp udp-length 108 frag 5/0/more len 32",
    "10.0.0.9 > 10.0.0.1 udp frag 5/40/more len 40",
    "10.0.0.9 > 10.0.0.1 udp frag 5/80 len 28",
  ])
})

test("IPv6, behind its hop-by-hop header", () => {
  const extensions = [{ header: 0 }, { header: 60 }]
  expect(check({ source: "::9", destination: "::1", udp, payload: 24, extensions }, 24, 77)).toEqual([
    "[::9]:1 > [::1]:2 udp udp-length 32 frag 77/0/more ext hop-by-hop:000000000000 ext destination:000000000000 len 8",
    "::9 > ::1 proto 60 frag 77/24 ext hop-by-hop:000000000000 len 16",
  ])
})

test("what fits, and what is no IP, stays whole", () => {
  expect(check({ source: "10.0.0.9", destination: "10.0.0.1", udp, payload: 32 }, 40)).toHaveLength(1)
  expect(check({ etherType: 0x88cc, payload: 100 }, 8)).toHaveLength(1)
})
