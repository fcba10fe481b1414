import type { Diagnostic, Span } from "../base/diagnostic.js"
import { buildPacket } from "./build.js"
import type { PacketDescription } from "./description.js"
import { fragmentPacket } from "./fragment.js"
import { LINKTYPE_ETHERNET } from "./link-type.js"
import { type Draft, describe } from "./script-draft.js"
import { lexLine } from "./script-lexer.js"
import { LineParser } from "./script-line.js"

/** One packet of a script. */
export interface ScriptPacket {
  /** Nanoseconds since the script began. */
  readonly time: number
  readonly bytes: Uint8Array
  readonly linkType: number
  /** `in NAME` and `out NAME`; "" where the line does not say. */
  readonly inputInterface: string
  readonly outputInterface: string
  /** Of the line, before `repeat` and `split`; undefined for `frame`. */
  readonly description: PacketDescription | undefined
  /** The line as written, without comment. */
  readonly text: string
  readonly span: Span
}

export interface Script {
  readonly packets: readonly ScriptPacket[]
  readonly diagnostics: readonly Diagnostic[]
}

/** A script is a test or a question, not a capture. */
const MOST_PACKETS = 100_000
/** An IP packet, an Ethernet header and two VLAN tags. */
const MOST_BYTES = 65535 + 22

/**
 * Reads packets written as text, one a line:
 *
 *     # time, way, packet
 *     +0.3 in eth0 10.0.0.9:40000 > 10.0.0.1:22 S win 64240 mss 1460
 *     10.0.0.9 > 10.0.0.1 icmp echo-request id 7 seq 1
 *     [2001:db8::1]:5000 > [2001:db8::2]:53 udp len 40 ttl 3
 *     10.0.0.9 > 10.0.0.1 udp frag 7/1480/more len 512
 *     10.0.0.1 > 10.0.0.9 icmp port-unreachable quote (10.0.0.9:5000 > 10.0.0.1:53 udp len 40)
 *     vlan 10 arp who-has 10.0.0.1 tell 10.0.0.9
 *     10.0.0.1++:1024++ > 10.0.0.80:80 S repeat 500 every 1ms
 *
 * `+T` counts from the packet before, `@T` from the start; a line without time comes at the same instant as the one before. All that a line
 * leaves out is what an honest sender writes; `docs/packet-scripts.md` lists the words.
 *
 * Every mistake is a diagnostic with its line and column; the packets of lines without mistake are there all the same.
 */
export function parseScript(text: string, file: string): Script {
  const diagnostics: Diagnostic[] = []
  const packets: ScriptPacket[] = []
  let time = 0
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const before = diagnostics.length
    const report = (mistake: Diagnostic) => diagnostics.push(mistake)
    const tokens = lexLine(line, file, index + 1, report)
    const first = tokens[0]
    const last = tokens.at(-1)
    if (!first || !last) continue
    const draft = new LineParser(tokens, report).parse()
    time = draft.absoluteTime ?? time + draft.delay
    if (diagnostics.length > before) continue
    const span = { ...first.span, endColumn: last.span.endColumn ?? last.span.column }
    const source = line.slice(span.column - 1, span.endColumn - 1)
    if (packets.length + draft.repeat > MOST_PACKETS) {
      report({ id: "script-too-long", severity: "error", message: `more than ${MOST_PACKETS} packets`, span })
      break
    }
    const start = time
    for (let repetition = 0; repetition < draft.repeat; repetition++) {
      time = start + repetition * draft.every
      for (const { bytes, linkType, description } of frames(draft, repetition)) {
        if (bytes.length > MOST_BYTES) {
          report({ id: "script-too-large", severity: "error", message: "more than 65535 bytes", span })
          continue
        }
        packets.push({
          time,
          bytes,
          linkType,
          description,
          inputInterface: draft.inputInterface,
          outputInterface: draft.outputInterface,
          text: source,
          span,
        })
      }
    }
  }
  return { packets, diagnostics }
}

interface Frame {
  readonly bytes: Uint8Array
  readonly linkType: number
  readonly description: PacketDescription | undefined
}

function frames(draft: Draft, repetition: number): Frame[] {
  if (draft.frame) return [{ bytes: draft.frame, linkType: draft.linkType, description: undefined }]
  const description = describe(draft, repetition)
  const bytes = buildPacket(description)
  const linkType = description.linkType ?? LINKTYPE_ETHERNET
  if (draft.split === 0) return [{ bytes, linkType, description }]
  const identification = (description.identification ?? 0) + repetition
  return fragmentPacket(bytes, linkType, draft.split, identification).map((each) => ({
    bytes: each,
    linkType,
    description,
  }))
}
