import { readFileSync } from "node:fs"
import { join } from "node:path"
import fc from "fast-check"
import { expect, test } from "vitest"
import { buildPacket } from "../../src/core/packet/build.js"
import { checksumStatus } from "../../src/core/packet/checksum.js"
import { copyPacket } from "../../src/core/packet/copy.js"
import { decode } from "../../src/core/packet/decode.js"
import type { PacketDescription, TcpDescription } from "../../src/core/packet/description.js"
import { extensionList } from "../../src/core/packet/extension-list.js"
import { fragmentPacket } from "../../src/core/packet/fragment.js"
import { claimants, describeMalformed, malformedFacts } from "../../src/core/packet/malformed.js"
import { Packet } from "../../src/core/packet/packet.js"
import { printPacket, printPacketExactly } from "../../src/core/packet/print.js"
import { decodeQuoted } from "../../src/core/packet/quoted.js"
import { parseScript } from "../../src/core/packet/script.js"

const linkTypes = [0, 1, 9, 50, 104, 12, 14, 101, 108, 113, 228, 229, 239, 276, 147]

interface Frame {
  readonly bytes: Uint8Array
  readonly linkType: number
}

const word16 = fc.integer({ min: 0, max: 0xffff })
const word32 = fc.integer({ min: 0, max: 0xffffffff })
const byte = fc.integer({ min: 0, max: 255 })
const address4 = fc.tuple(byte, byte, byte, byte).map((parts) => parts.join("."))
const address6 = fc
  .array(fc.oneof(fc.constant(0), word16), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.map((group) => group.toString(16)).join(":"))
const addresses = fc.oneof(fc.tuple(address4, address4), fc.tuple(address6, address6))
const payload = fc.uint8Array({ maxLength: 40 })
const ports = fc.record({ sourcePort: word16, destinationPort: word16 })

const tcp: fc.Arbitrary<TcpDescription> = fc
  .tuple(
    ports,
    fc.record({
      flags: byte,
      sequence: word32,
      acknowledgement: word32,
      window: word16,
      urgentPointer: word16,
    }),
    fc.record(
      {
        maximumSegmentSize: word16,
        windowScale: byte,
        sackPermitted: fc.boolean(),
        timestamps: fc.tuple(word32, word32),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([both, fixed, options]) => ({ ...both, ...fixed, ...options }))

/** Packets without fault, of every kind that a description can say. */
const description: fc.Arbitrary<PacketDescription> = fc
  .tuple(
    addresses,
    fc.record(
      {
        ttl: byte,
        trafficClass: byte,
        dontFragment: fc.boolean(),
        vlans: fc.array(word16, { minLength: 1, maxLength: 2 }),
        padding: fc.integer({ min: 1, max: 30 }),
        identification: word16,
      },
      { requiredKeys: [] },
    ),
    fc.oneof(
      fc.record({ tcp }),
      fc.record({ udp: ports }),
      fc.record({ icmp: fc.record({ type: byte, code: byte, identifier: word16, sequence: word16 }) }),
      fc.record({ protocol: fc.constantFrom(2, 47, 50, 103, 254) }),
    ),
    payload,
  )
  .map(([[source, destination], network, transport, bytes]) => {
    const { dontFragment, ...rest } = network
    const isIpv4 = !source.includes(":")
    return {
      source,
      destination,
      ...rest,
      ...(isIpv4 ? { dontFragment: dontFragment === true } : {}),
      ...transport,
      payload: bytes,
    }
  })

const built: fc.Arbitrary<Frame> = description.map((each) => ({ bytes: buildPacket(each), linkType: 1 }))
const arbitrary: fc.Arbitrary<Frame> = fc.record({
  bytes: fc.uint8Array({ maxLength: 200 }),
  linkType: fc.constantFrom(...linkTypes),
})

/** A good packet with some bytes changed, cut at some place, under any link type's name. */
const mutated: fc.Arbitrary<Frame> = fc
  .tuple(
    description,
    fc.constantFrom(1, 1, 101),
    fc.array(fc.tuple(fc.nat(), byte), { maxLength: 6 }),
    fc.option(fc.nat(), { nil: undefined }),
  )
  .map(([each, linkType, changes, cut]) => {
    const bytes = buildPacket({ ...each, linkType })
    for (const [at, value] of changes) bytes[at % bytes.length] = value
    return { bytes: cut === undefined ? bytes : bytes.subarray(0, cut % (bytes.length + 1)), linkType }
  })

const anyFrame = fc.oneof(arbitrary, mutated, built)
const runs = { numRuns: 1000 }

function decoded({ bytes, linkType }: Frame, packet = new Packet(), wireLength = bytes.length): Packet {
  decode(
    packet,
    new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
    0,
    bytes.length,
    wireLength,
    linkType,
  )
  return packet
}

/** All that a decoded packet promises, whatever its bytes were. */
function checkPromises(packet: Packet): void {
  const end = packet.frameOffset + packet.capturedLength
  const inFrame = (offset: number) => offset === -1 || (offset >= packet.frameOffset && offset <= end)
  expect(
    [
      packet.networkOffset,
      packet.transportOffset,
      packet.transportStart,
      packet.payloadOffset,
      packet.payloadEnd,
      packet.sourceMacOffset,
      packet.destinationMacOffset,
      packet.nflogPrefixOffset,
    ].every(inFrame),
  ).toBe(true)
  expect(packet.transportOffset === -1 || packet.transportOffset === packet.transportStart).toBe(true)
  expect(packet.fragmentOffset === 0 || packet.transportOffset === -1).toBe(true)
  expect(packet.family === 0 ? packet.protocol : -1).toBe(-1)
  expect(malformedFacts[packet.malformed]).toBeDefined()
  expect(claimants[packet.malformedClaimant]).toBeDefined()
  expect(packet.malformed === 0).toBe(packet.malformedClaimant === 0)
  const numbers = Object.values(packet).filter((value) => typeof value === "number")
  expect(numbers.filter((value) => !Number.isInteger(value) || value < -1)).toEqual([])
}

test("decoding keeps its promises for any bytes, and so does all that reads the packet", () => {
  const inner = new Packet()
  fc.assert(
    fc.property(anyFrame, fc.nat(3000), (frame, cut) => {
      const packet = decoded(frame, new Packet(), frame.bytes.length + (cut < 1500 ? 0 : cut))
      checkPromises(packet)
      checksumStatus(packet)
      describeMalformed(packet)
      extensionList(packet)
      decodeQuoted(inner, packet)
      checkPromises(inner)
      printPacket(packet)
      expect(printPacket(copyPacket(packet))).toBe(printPacket(packet))
    }),
    runs,
  )
})

test("nothing of one packet is left in the next", () => {
  const used = new Packet()
  fc.assert(
    fc.property(anyFrame, (frame) => {
      const fresh = decoded(frame)
      decoded(frame, used)
      expect(used).toEqual(fresh)
    }),
    runs,
  )
})

test("a packet that was built is decoded without fault, with good checksums, to what was asked for", () => {
  fc.assert(
    fc.property(description, (each) => {
      const packet = decoded({ bytes: buildPacket(each), linkType: 1 })
      expect(describeMalformed(packet)).toBe("")
      const expected = each.protocol === undefined ? 1 : 2
      expect(checksumStatus(packet)).toBe(expected)
      expect(packet.ttl).toBe(each.ttl ?? 64)
      expect(packet.payloadEnd - packet.payloadOffset).toBe((each.payload as Uint8Array).length)
      if (each.tcp) {
        expect(packet.tcpFlags).toBe(each.tcp.flags)
        expect(packet.tcpSequence).toBe(each.tcp.sequence)
        expect(packet.tcpMaximumSegmentSize).toBe(each.tcp.maximumSegmentSize ?? -1)
        expect(packet.tcpWindowScale).toBe(each.tcp.windowScale ?? -1)
      }
      const { sourcePort, destinationPort } = each.tcp ?? each.udp ?? { sourcePort: 0, destinationPort: 0 }
      expect([packet.sourcePort, packet.destinationPort]).toEqual([sourcePort, destinationPort])
    }),
    runs,
  )
})

test("printed exactly and read back, every frame is itself", () => {
  let frames = 0
  let words = 0
  fc.assert(
    fc.property(anyFrame, (frame) => {
      const text = printPacketExactly(decoded(frame))
      const { packets, diagnostics } = parseScript(text, "printed")
      expect(diagnostics).toEqual([])
      expect(packets).toHaveLength(1)
      expect([...packets[0]!.bytes]).toEqual([...frame.bytes])
      expect(packets[0]!.linkType).toBe(frame.linkType)
      frames++
      if (!text.startsWith("frame ")) words++
    }),
    runs,
  )
  // The words are what people read: a good packet must not fall back to bytes.
  expect(words).toBeGreaterThan(frames / 4)
})

test("a good packet printed and read back decodes to the same", () => {
  // The sum of headers is kept for whoever asks next, where decoding had it at hand.
  const kept = "headerSum"
  const hidden = new Set(["view", "capturedLength", "wireLength", "identification", "tcpHeaderLength", kept])
  // The short form leaves out timestamps and padding, so places and lengths behind them move.
  const moved = new Set(["networkLength", "payloadOffset", "payloadEnd"])
  fc.assert(
    fc.property(description, (each) => {
      const packet = decoded({ bytes: buildPacket(each), linkType: 1 })
      const text = printPacket(packet)
      const { packets, diagnostics } = parseScript(text, "printed")
      expect(diagnostics).toEqual([])
      const again = decoded({ bytes: packets[0]!.bytes, linkType: 1 })
      const differing = Object.entries(packet).filter(
        ([field, value]) =>
          !hidden.has(field) && !(each.tcp && moved.has(field)) && again[field as keyof Packet] !== value,
      )
      expect(differing).toEqual([])
      expect(printPacket(again)).toBe(text)
    }),
    runs,
  )
})

test("fragments carry the whole packet once", () => {
  fc.assert(
    fc.property(description, fc.integer({ min: 8, max: 48 }), (each, size) => {
      const whole = buildPacket({ ...each, padding: 0 })
      const packet = decoded({ bytes: whole, linkType: 1 })
      const start = packet.networkOffset + packet.networkHeaderLength
      const body = new Uint8Array(packet.networkOffset + packet.networkLength - start)
      const covered = new Uint8Array(body.length)
      const fragments = fragmentPacket(whole, 1, size, 9)
      for (const [index, bytes] of fragments.entries()) {
        const fragment = decoded({ bytes, linkType: 1 })
        const isOnly = fragments.length === 1
        expect(fragment.moreFragments).toBe(index < fragments.length - 1)
        expect(fragment.isFragment).toBe(!isOnly)
        const from = fragment.networkOffset + fragment.networkHeaderLength
        const part = bytes.subarray(from, fragment.networkOffset + fragment.networkLength)
        body.set(part, fragment.fragmentOffset)
        for (let at = 0; at < part.length; at++) covered[fragment.fragmentOffset + at]!++
      }
      expect([...body]).toEqual([...whole.subarray(start)])
      expect(covered.every((times) => times === 1)).toBe(true)
    }),
    runs,
  )
})

test("scripts: any text is read to its end", () => {
  const word = fc.oneof(
    fc.constantFrom(
      "10.0.0.1",
      "10.0.0.1:80",
      "::1",
      "[::1]:80",
      ">",
      "tcp",
      "udp",
      "icmp",
      "S",
      "F.",
      "+1",
      "@2ms",
      "in",
    ),
    fc.constantFrom(
      "frag",
      "7/0/more",
      "quote",
      "(",
      ")",
      "arp",
      "who-has",
      "tell",
      "frame",
      "raw",
      "vlan",
      "hex",
      "len",
    ),
    fc.constantFrom(
      "data",
      '"x"',
      '"',
      "#",
      "ttl",
      "repeat",
      "3",
      "every",
      "1ms",
      "split",
      "ext",
      "mac",
      "type",
      "\n",
    ),
    fc.string({ maxLength: 8 }),
  )
  fc.assert(
    fc.property(fc.array(word, { maxLength: 14 }), (words) => {
      const text = words.join(" ")
      const { packets, diagnostics } = parseScript(text, "fuzz")
      const lines = text.split(/\r?\n/)
      for (const { span } of diagnostics) {
        expect(span!.line).toBeLessThanOrEqual(lines.length)
        expect(span!.column).toBeLessThanOrEqual(lines[span!.line - 1]!.length + 1)
      }
      for (const { bytes, linkType } of packets) checkPromises(decoded({ bytes, linkType }))
    }),
    runs,
  )
})

/** Frames that once went wrong, or are likely to: `LINK HEX` a line, `#` for what it is. */
test("the kept frames", () => {
  const lines = readFileSync(join(import.meta.dirname, "corpus/packet/frames"), "utf8").split("\n")
  const { packets, diagnostics } = parseScript(lines.join("\n"), "frames")
  expect(diagnostics).toEqual([])
  expect(packets.length).toBeGreaterThanOrEqual(20)
  const used = new Packet()
  for (const { bytes, linkType } of packets) {
    for (let length = 0; length <= bytes.length; length++) {
      const frame = { bytes: bytes.slice(0, length), linkType }
      checkPromises(decoded(frame))
      expect(decoded(frame, used)).toEqual(decoded(frame))
      expect(parseScript(printPacketExactly(used), "printed").diagnostics).toEqual([])
    }
  }
})
