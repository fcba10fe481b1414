/**
 * How often the decoder says what tshark says, field by field.
 *
 * The folder has captures and labels-tshark-*.tsv.gz, whose columns are: pcap (a path in the folder), then tshark field names, one line a packet, empty where tshark
 * has no such field (`tshark -T fields -E occurrence=f`).
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { printAddress } from "../../src/core/base/address.js"
import type { CaptureRecord } from "../../src/core/packet/capture-record.js"
import { networkChecksum, transportChecksum } from "../../src/core/packet/checksum.js"
import { decode } from "../../src/core/packet/decode.js"
import { linkTypeName } from "../../src/core/packet/link-type.js"
import { ICMP, ICMPV6, Packet, SCTP, TCP, UDP } from "../../src/core/packet/packet.js"
import { printPacket } from "../../src/core/packet/print.js"
import { vlanIdentifier } from "../../src/core/packet/vlan.js"
import { readCapture } from "../../src/linux/capture/read-capture.js"
import type { Score } from "./score.js"

type Row = ReadonlyMap<string, string>
/** What the decoder says in tshark's notation: "" where it has no such field, undefined where the two cannot be compared. */
type Answer = string | undefined

interface Subject {
  readonly packet: Packet
  readonly record: CaptureRecord
  readonly label: (field: string) => string
  /** tshark's protocols from the outer network header on. */
  readonly protocols: readonly string[]
  /** False: tshark's first network header is inside of a tunnel whose own header this decoder does not read (MPLS, MACsec, NSH, …). */
  readonly isOuter: boolean
}

const answers: Readonly<Record<string, (subject: Subject) => Answer>> = {
  "frame.time_epoch": ({ record }) =>
    record.hasTime ? `${record.seconds}.${String(record.nanoseconds).padStart(9, "0")}` : undefined,
  "frame.len": ({ record }) => String(record.wire),
  "frame.cap_len": ({ record }) => String(record.captured),
  "eth.type": etherType,
  "vlan.id": vlan,
  "ip.version": ({ packet }) => (packet.family === 0 ? "" : String(packet.family)),
  "ip.src": ({ packet }) => (packet.family === 4 ? address(packet, "source") : ""),
  "ip.dst": ({ packet }) => (packet.family === 4 ? address(packet, "destination") : ""),
  "ip.hdr_len": ipv4((packet) => packet.networkHeaderLength),
  "ip.len": ipv4((packet) => packet.networkLength),
  "ip.id": ipv4((packet) => `0x${packet.identification.toString(16).padStart(4, "0")}`),
  "ip.flags": ipv4(
    (packet) =>
      `0x0${(packet.view.getUint8(packet.networkOffset + 6) & 0x80 ? 4 : 0) + (packet.dontFragment ? 2 : 0) + (packet.moreFragments ? 1 : 0)}`,
  ),
  "ip.frag_offset": ipv4((packet) => packet.fragmentOffset / 8),
  "ip.ttl": ipv4((packet) => packet.ttl),
  "ip.proto": ipv4((packet) => packet.protocol),
  "ip.checksum.status": ipv4((packet) => networkChecksum(packet)),
  "ipv6.src": ({ packet }) => (packet.family === 6 ? address(packet, "source") : ""),
  "ipv6.dst": ({ packet }) => (packet.family === 6 ? address(packet, "destination") : ""),
  "ipv6.plen": ipv6((packet) => packet.view.getUint16(packet.networkOffset + 4)),
  "ipv6.nxt": ipv6((packet) => packet.view.getUint8(packet.networkOffset + 6)),
  "ipv6.hlim": ipv6((packet) => packet.ttl),
  "tcp.srcport": transport("tcp", TCP, 4, (packet) => packet.sourcePort),
  "tcp.dstport": transport("tcp", TCP, 4, (packet) => packet.destinationPort),
  "tcp.seq_raw": transport("tcp", TCP, 20, (packet) => packet.tcpSequence),
  "tcp.ack_raw": transport("tcp", TCP, 20, (packet) => packet.tcpAcknowledgement),
  "tcp.flags": transport("tcp", TCP, 20, tcpFlags),
  "tcp.hdr_len": transport("tcp", TCP, 20, (packet) => packet.tcpHeaderLength),
  "tcp.window": transport("tcp", TCP, 20, (packet) => packet.tcpWindow),
  "tcp.len": transport("tcp", TCP, 20, tcpLength),
  "tcp.checksum.status": transport("tcp", TCP, 20, (packet) => transportChecksum(packet)),
  "tcp.mss": transport("tcp", TCP, 20, (packet) =>
    packet.tcpMaximumSegmentSize < 0 ? "" : packet.tcpMaximumSegmentSize,
  ),
  "udp.srcport": transport("udp", UDP, 4, (packet) => packet.sourcePort),
  "udp.dstport": transport("udp", UDP, 4, (packet) => packet.destinationPort),
  "udp.length": transport("udp", UDP, 8, (packet) => packet.udpLength),
  "udp.checksum.status": transport("udp", UDP, 8, (packet) => transportChecksum(packet)),
  "icmp.type": transport("icmp", ICMP, 2, (packet) => packet.icmpType),
  "icmp.code": transport("icmp", ICMP, 2, (packet) => packet.icmpCode),
  "icmpv6.type": transport("icmpv6", ICMPV6, 2, (packet) => packet.icmpType),
  "icmpv6.code": transport("icmpv6", ICMPV6, 2, (packet) => packet.icmpCode),
  "sctp.srcport": transport("sctp", SCTP, 4, (packet) => packet.sourcePort),
  "sctp.dstport": transport("sctp", SCTP, 4, (packet) => packet.destinationPort),
  "arp.opcode": ({ packet }) => (packet.arpOperation === 0 ? "" : String(packet.arpOperation)),
}

const UNVERIFIED = "2"
const networkProtocols = new Set(["ip", "ipv6", "arp"])
/** What may stand before the outer network header in `frame.protocols`; behind anything else it is a tunnel's inside. */
const linkProtocols = new Set([
  "eth",
  "ethertype",
  "vlan",
  "ieee8021ad",
  "sll",
  "null",
  "loop",
  "raw",
  "nflog",
  "ppp",
  "chdlc",
])

function ipv4(value: (packet: Packet) => string | number) {
  return ({ packet }: Subject): Answer => (packet.family === 4 ? String(value(packet)) : "")
}

function ipv6(value: (packet: Packet) => string | number) {
  return ({ packet }: Subject): Answer => (packet.family === 6 ? String(value(packet)) : "")
}

/**
 * A transport field is the outer packet's only where tshark found that protocol right behind the first IP header; elsewhere
 * its column tells of a tunnel's or a quotation's inside, or of what tshark reassembled. `bytes`: how much of the header must be there.
 */
function transport(
  name: string,
  protocol: number,
  bytes: number,
  value: (packet: Packet) => string | number,
) {
  return ({ packet, protocols }: Subject): Answer => {
    const outer = protocols.slice(1).find((each) => !each.startsWith("ipv6."))
    if (outer !== name) return undefined
    const start = packet.transportStart
    const isOurs = packet.protocol === protocol && start >= 0 && packet.payloadEnd - start >= bytes
    return isOurs ? String(value(packet)) : ""
  }
}

function etherType({ packet, record }: Subject): Answer {
  if (record.linkType !== 1 || record.captured < 14) return ""
  const type = record.view.getUint16(record.offset + 12)
  return packet.etherType === 0 && packet.vlanCount === 0 ? "" : hexadecimal(type)
}

/** tshark has the outer 802.1ad tag in a field of another name. */
function vlan({ packet, label }: Subject): Answer {
  const serviceTags = label("frame.protocols")
    .split(":")
    .filter((each) => each === "ieee8021ad").length
  const tags = [packet.vlanOuter, packet.vlanInner].slice(0, packet.vlanCount)
  if (serviceTags > 1 || (packet.vlanCount === 0 && packet.networkOffset >= 0)) return undefined
  const tag = tags[serviceTags]
  return tag === undefined ? "" : String(vlanIdentifier(tag))
}

/** tshark has twelve bits of flags: the four reserved ones stand above ours. */
function tcpFlags(packet: Packet): string {
  return `0x${(packet.view.getUint16(packet.transportStart + 12) & 0x0fff).toString(16).padStart(4, "0")}`
}

/** tshark's is cut to the frame, and it has none for fragments, which it puts together first. */
function tcpLength(packet: Packet): number | string {
  const wireEnd = packet.frameOffset + packet.wireLength
  const end = Math.min(packet.networkOffset + packet.networkLength, wireEnd)
  return packet.isFragment ? "" : end - packet.transportStart - packet.tcpHeaderLength
}

function address(packet: Packet, side: "source" | "destination"): string {
  const { source0, source1, source2, source3 } = packet
  const { destination0, destination1, destination2, destination3 } = packet
  const words =
    side === "source"
      ? [source0, source1, source2, source3]
      : [destination0, destination1, destination2, destination3]
  return packet.family === 4
    ? printAddress({ family: 4, words: words.slice(0, 1) })
    : printAddress({ family: 6, words })
}

function hexadecimal(value: number): string {
  return `0x${value.toString(16).padStart(4, "0")}`
}

interface Count {
  compared: number
  agreed: number
}

export async function decoderScore(corpus: string): Promise<Score> {
  const counts = new Map(
    Object.keys(answers).map((field): [string, Count] => [field, { compared: 0, agreed: 0 }]),
  )
  const differences: string[] = []
  const linkTypes = new Map<number, number>()
  const captures: Count = { compared: 0, agreed: 0 }
  const { version, labels } = readLabels(corpus)
  for (const [capture, rows] of labels) {
    const packet = new Packet()
    let number = 0
    // tshark shows pcapng's custom blocks as packets without time.
    const packets = rows.filter(
      (row) => row.get("frame.time_epoch") !== "" || row.get("frame.protocols") !== "data",
    )
    await readCapture(join(corpus, capture), (record) => {
      const row = packets[number++]
      if (!row) return
      if (linkTypeName(record.linkType) === undefined) {
        linkTypes.set(record.linkType, (linkTypes.get(record.linkType) ?? 0) + 1)
        return
      }
      decode(packet, record.view, record.offset, record.captured, record.wire, record.linkType)
      compare(`${capture} ${number}`, { packet, record, ...labelsOf(row) }, counts, differences)
    })
    captures.compared++
    if (number === packets.length) captures.agreed++
    else differences.push(`packets ${capture}: tshark has ${packets.length} packets, this ${number}`)
  }
  const others = [...linkTypes.values()].reduce((sum, count) => sum + count, 0)
  return {
    name: "decoder",
    title: "Decoder",
    text: text(version, captures.compared),
    rows: [...counts].map(([name, count]) => ({ name, ...count })),
    notes: `Captures with as many packets as tshark has: ${captures.agreed} of ${captures.compared}. Link types that the decoder does not read (802.11, frame relay, token ring, …) are left out: ${others} packets of ${linkTypes.size} types.

${reasons}`,
    differences,
  }
}

function text(version: string, captures: number): string {
  return `How often the packet decoder says what tshark ${version} says of the same packet, field by field, on ${captures} captures of the test suites of tcpdump and gopacket, most of which were made to
break decoders. CORPUS has captures and \`labels-tshark-*.tsv.gz\`: a header line with \`pcap\` and tshark's field names, then one line a packet (\`tshark -T fields -E occurrence=f\`).`
}

const reasons = `What is compared is the outer packet's header. Where tshark looked into a tunnel (MPLS, MACsec, NSH, GRE, VXLAN, a quotation in an ICMP error), its column holds the
inside's fields; Linux decides on the outside's, and so does the decoder. pcapng's custom blocks are packets to tshark and none to the decoder.

Every other difference has one of these reasons:

| fields | packets | reason |
|---|---|---|
| ip.version, udp.checksum.status | 11 | The link layer says IPv4 and the version nibble 6, 3 or 0, or the other way round. tshark shows the nibble, or decodes what it says; Linux drops the packet, and the decoder has the fact \`ipv4-version\` or \`ipv6-version\`. |
| ip.*, ipv6.* | 5 | Headers of 19, 25 and 39 bytes: tshark shows the fields that are there, the decoder none (\`ipv4-truncated\`, \`ipv6-truncated\`). Header lengths of 16 and total lengths of 19: tshark stops before the addresses, the decoder keeps them beside its fact. |
| tcp.*, udp.* | 5 | Segments above 65535 bytes as Linux hands them to its card (IPv6 payload length 0 without the jumbo option): tshark 4.0 sees an empty packet, the decoder the segment. |
| tcp.ack_raw, .flags, .window | 1 | A data offset below 5 words: tshark stops there, the decoder keeps the rest of the fixed header. |
| udp.checksum.status | 2 | A routing header with segments left: tshark verifies with the final destination, conntrack (\`nf_ip6_checksum\`) and the decoder with the destination that is in the header. |
| tcp.len | 1 | A TCP header that ends beyond the frame. |
| icmp.type, .code | 1 | An ICMP message of 3 bytes: tshark shows nothing, nftables' \`icmp type\` and the decoder see its type. |
| arp.opcode | 2 | ATMARP, which tshark has under another name. |
| frame.time_epoch | 5 | Fractions of more than a second, made on purpose: the decoder carries them over, tshark shows them negative or with ten digits. |`

/** tshark found the field's protocol only behind another network header: an IPv4 address of an IPv6 tunnel's inside. */
function isInner(field: string, { protocols }: Subject): boolean {
  const [protocol = ""] = field.split(".")
  return (
    networkProtocols.has(protocol) &&
    field !== "ip.version" &&
    protocols.length > 0 &&
    protocols[0] !== protocol
  )
}

function labelsOf(row: Row): Omit<Subject, "packet" | "record"> {
  const all = (row.get("frame.protocols") ?? "").split(":")
  const start = all.findIndex((each) => networkProtocols.has(each))
  return {
    label: (field) => row.get(field) ?? "",
    protocols: start < 0 ? [] : all.slice(start),
    isOuter: start < 0 || all.slice(0, start).every((each) => linkProtocols.has(each)),
  }
}

function compare(
  where: string,
  subject: Subject,
  counts: ReadonlyMap<string, Count>,
  differences: string[],
): void {
  for (const [field, answer] of Object.entries(answers)) {
    const theirs = subject.label(field)
    if (!subject.isOuter && !/^(?:frame|eth)\./.test(field)) continue
    if (isInner(field, subject)) continue
    const ours = answer(subject)
    if (ours === undefined || (ours === "" && theirs === "")) continue
    if (field.endsWith("checksum.status") && (theirs === UNVERIFIED || ours === UNVERIFIED)) continue
    const count = counts.get(field)!
    count.compared++
    if (ours === theirs) count.agreed++
    else
      differences.push(
        `${field} ${where}: tshark "${theirs}", this "${ours}"  ${subject.label("frame.protocols")}  ${printPacket(subject.packet).slice(0, 200)}`,
      )
  }
}

/** The labels by capture, each capture's packets in order, and the version of who made them. */
function readLabels(corpus: string): { version: string; labels: Map<string, Row[]> } {
  const file = readdirSync(corpus).find((name) => /^labels-tshark-.*\.tsv\.gz$/.test(name))
  if (file === undefined) throw new Error(`${corpus} has no labels-tshark-*.tsv.gz`)
  const [header = "", ...lines] = gunzipSync(readFileSync(join(corpus, file)))
    .toString()
    .trimEnd()
    .split("\n")
  const columns = header.split("\t")
  const captures = new Map<string, Row[]>()
  for (const line of lines) {
    const values = line.split("\t")
    const row = new Map(columns.map((column, index): [string, string] => [column, values[index] ?? ""]))
    const capture = row.get("pcap") ?? ""
    const rows = captures.get(capture)
    if (rows) rows.push(row)
    else captures.set(capture, [row])
  }
  return { version: /^labels-tshark-(.*)\.tsv\.gz$/.exec(file)?.[1] ?? "", labels: captures }
}
