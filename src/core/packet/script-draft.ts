import type { Address } from "../base/address.js"
import { buildPacket } from "./build.js"
import type {
  ArpDescription,
  ChecksumChoice,
  ExtensionDescription,
  FragmentDescription,
  PacketDescription,
} from "./description.js"
import { LINKTYPE_ETHERNET, LINKTYPE_RAW } from "./link-type.js"

export interface Endpoint {
  readonly address: Address
  /** `++` behind it: one more with every repetition. */
  readonly addressStep: number
  readonly port: number | undefined
  readonly portStep: number
}

/** What a line has said so far. */
export interface Draft {
  delay: number
  absoluteTime: number | undefined
  inputInterface: string
  outputInterface: string
  linkType: number
  /** The whole frame as bytes; then nothing below counts. */
  frame: Uint8Array | undefined
  sourceMac: string | undefined
  destinationMac: string | undefined
  vlans: number[]
  etherType: number | undefined
  arp: ArpDescription | undefined
  source: Endpoint | undefined
  destination: Endpoint | undefined
  transport: "tcp" | "udp" | "icmp" | undefined
  flags: number | undefined
  /** Words that take a number. */
  numbers: Map<string, number>
  /** Words that stand alone. */
  words: Set<string>
  timestamps: readonly [number, number] | undefined
  icmpType: number | undefined
  icmpCode: number
  fragment: FragmentDescription | undefined
  extensions: ExtensionDescription[]
  ipOptions: Uint8Array | undefined
  tcpOptions: Uint8Array | undefined
  payload: Uint8Array | undefined
  quote: Draft | undefined
  repeat: number
  every: number
  split: number
}

export function newDraft(): Draft {
  return {
    delay: 0,
    absoluteTime: undefined,
    inputInterface: "",
    outputInterface: "",
    linkType: LINKTYPE_ETHERNET,
    frame: undefined,
    sourceMac: undefined,
    destinationMac: undefined,
    vlans: [],
    etherType: undefined,
    arp: undefined,
    source: undefined,
    destination: undefined,
    transport: undefined,
    flags: undefined,
    numbers: new Map(),
    words: new Set(),
    timestamps: undefined,
    icmpType: undefined,
    icmpCode: 0,
    fragment: undefined,
    extensions: [],
    ipOptions: undefined,
    tcpOptions: undefined,
    payload: undefined,
    quote: undefined,
    repeat: 1,
    every: 0,
    split: 0,
  }
}

/** The packet that a draft without mistakes says, the `repetition`th of it. */
export function describe(draft: Draft, repetition: number): PacketDescription {
  const number = (word: string) => draft.numbers.get(word)
  const checksum = transportChecksum(draft)
  const { source, destination } = draft
  const sourcePort = step(source, repetition)
  const destinationPort = step(destination, repetition)
  return defined({
    linkType: draft.linkType,
    sourceMac: draft.sourceMac,
    destinationMac: draft.destinationMac,
    vlans: draft.vlans,
    etherType: draft.etherType,
    arp: draft.arp,
    source: source && stepAddress(source, repetition),
    destination: destination && stepAddress(destination, repetition),
    ttl: number("ttl"),
    trafficClass: number("tos"),
    identification: number("ip-id"),
    dontFragment: draft.words.has("df"),
    fragment: draft.fragment,
    ipOptions: draft.ipOptions,
    extensions: draft.extensions,
    flowLabel: number("flow"),
    networkLength: number("ip-length"),
    networkChecksum: draft.words.has("bad-ip-checksum") ? "bad" : number("ip-checksum"),
    protocol: number("proto"),
    tcp:
      draft.transport === "tcp" && draft.flags !== undefined
        ? defined({
            sourcePort,
            destinationPort,
            flags: draft.flags,
            sequence: number("seq"),
            acknowledgement: number("ack"),
            window: number("win"),
            urgentPointer: number("urg"),
            maximumSegmentSize: number("mss"),
            windowScale: number("wscale"),
            sackPermitted: draft.words.has("sack"),
            timestamps: draft.timestamps,
            options: draft.tcpOptions,
            headerLength: number("tcp-header"),
            checksum,
          })
        : undefined,
    udp:
      draft.transport === "udp"
        ? defined({ sourcePort, destinationPort, length: number("udp-length"), checksum })
        : undefined,
    icmp:
      draft.transport === "icmp" && draft.icmpType !== undefined
        ? defined({
            type: draft.icmpType,
            code: draft.icmpCode,
            identifier: number("id"),
            sequence: number("seq"),
            rest: number("mtu") ?? number("rest"),
            checksum,
          })
        : undefined,
    payload: draft.quote ? quoted(draft.quote) : (draft.payload ?? number("len")),
    padding: number("pad"),
  })
}

/** How much of a packet an ICMP error quotes: what fits into 576 bytes (RFC 1812 section 4.3.2.3) or 1280 (RFC 4443 section 2.4). */
function quoted(draft: Draft): Uint8Array {
  const bytes = draft.frame ?? buildPacket({ ...describe(draft, 0), linkType: LINKTYPE_RAW })
  return bytes.subarray(0, draft.source?.address.family === 6 ? 1280 - 48 : 576 - 28)
}

function transportChecksum(draft: Draft): ChecksumChoice | undefined {
  if (draft.words.has("bad-checksum")) return "bad"
  if (draft.words.has("no-checksum")) return "none"
  return draft.numbers.get("checksum")
}

function step(endpoint: Endpoint | undefined, repetition: number): number {
  return ((endpoint?.port ?? 0) + (endpoint?.portStep ?? 0) * repetition) & 0xffff
}

function stepAddress({ address, addressStep }: Endpoint, repetition: number): Address {
  if (addressStep === 0 || repetition === 0) return address
  const words = [...address.words]
  words[words.length - 1] = (words[words.length - 1]! + repetition) >>> 0
  return { family: address.family, words }
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> }

/** Without the keys that are undefined: a description's optional fields are there or not. */
function defined<T extends object>(value: T): Partial<Defined<T>> & Defined<Pick<T, RequiredKeys<T>>> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as never
}

type RequiredKeys<T> = { [K in keyof T]: undefined extends T[K] ? never : K }[keyof T]

/** The bytes of an even number of hexadecimal digits; colons and commas between them are skipped. */
export function parseHex(text: string): Uint8Array | undefined {
  const digits = text.replace(/[:,_]/g, "")
  if (digits.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(digits)) return undefined
  const bytes = new Uint8Array(digits.length / 2)
  for (let index = 0; index < bytes.length; index++)
    bytes[index] = Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16)
  return bytes
}
