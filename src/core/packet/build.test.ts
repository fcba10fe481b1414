import { expect, test } from "vitest"
import { buildPacket } from "./build.js"
import { checksumStatus } from "./checksum.js"
import { LINKTYPE_RAW } from "./link-type.js"
import { bytes, decodeDescription, decodeIp, line } from "./packet-fixture.js"

function hex(data: Uint8Array): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("")
}

test("a SYN, byte by byte", () => {
  const frame = buildPacket({
    source: "10.0.0.9",
    destination: "10.0.0.1",
    tcp: { sourcePort: 40000, destinationPort: 22, flags: 2, sequence: 1, maximumSegmentSize: 1460 },
  })
  expect(hex(frame.subarray(0, 14))).toBe("0200000000020200000000010800")
  expect(hex(frame.subarray(14, 34))).toBe("4500002c00000000400666c30a0000090a000001")
  expect(hex(frame.subarray(34))).toBe("9c40001600000001000000006002faf0ecd40000020405b4")
})

test("an ARP request is broadcast", () => {
  const arp = {
    operation: 1,
    senderMac: "02:00:00:00:00:07",
    sender: "10.0.0.9",
    targetMac: "00:00:00:00:00:00",
    target: "10.0.0.1",
  }
  expect(hex(buildPacket({ arp }))).toBe(
    "ffffffffffff0200000000070806" + "0001080006040001" + "0200000000070a000009" + "0000000000000a000001",
  )
})

test("tags and other payloads", () => {
  expect(hex(buildPacket({ etherType: 0x88cc, vlans: [1, 2], payload: bytes("abcd"), padding: 2 }))).toBe(
    "020000000002020000000001" + "88a80001" + "81000002" + "88cc" + "abcd" + "0000",
  )
})

test("lies are told as they are asked for", () => {
  const packet = decodeIp({
    source: "10.0.0.9",
    destination: "10.0.0.1",
    ttl: 1,
    ipOptions: bytes("010101"),
    networkChecksum: 0x1234,
    udp: { sourcePort: 1, destinationPort: 2, length: 9, checksum: 0x5678 },
    payload: 1,
  })
  expect(packet.view.getUint16(10)).toBe(0x1234)
  expect(packet.view.getUint16(30)).toBe(0x5678)
  expect(packet.networkHeaderLength).toBe(24)
})

test("a sum of zero is sent as its other form", () => {
  let ones = 0
  for (let port = 0; port < 65536; port++) {
    const frame = buildPacket({
      linkType: LINKTYPE_RAW,
      source: "0.0.0.0",
      destination: "0.0.0.0",
      udp: { sourcePort: port, destinationPort: 0 },
    })
    const checksum = frame[26]! * 256 + frame[27]!
    expect(checksum).not.toBe(0)
    if (checksum === 0xffff) ones++
  }
  expect(ones).toBe(1)
})

test("addresses may be words too", () => {
  const source = { family: 6, words: [0x20010db8, 0, 0, 9] } as const
  const packet = decodeDescription({ source, destination: "::1", icmp: { type: 128 } })
  expect(line(packet)).toBe("2001:db8::9 > ::1 icmpv6 echo-request id 0 seq 0")
  expect(checksumStatus(packet)).toBe(1)
})

test.each([
  { source: "10.0.0.256", destination: "10.0.0.1" },
  { source: "10.0.0.1", destination: "::1" },
  { source: "10.0.0.1", destination: "10.0.0.2", sourceMac: "02:00" },
])("%j is the caller's mistake", (description) => {
  expect(() => buildPacket(description)).toThrow(RangeError)
})
