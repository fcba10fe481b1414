import type { Address } from "../base/address.js"

/** A checksum that is computed, wrong on purpose, left out (zero), or given. */
export type ChecksumChoice = "good" | "bad" | "none" | number

/** A hardware address as text, `02:00:00:00:00:01`. */
export type MacText = string

export interface TcpDescription {
  readonly sourcePort: number
  readonly destinationPort: number
  /** The bits of packet.ts (SYN, ACK, …). */
  readonly flags: number
  readonly sequence?: number
  readonly acknowledgement?: number
  /** 64240 where left out: what Linux offers in a SYN over Ethernet. */
  readonly window?: number
  readonly urgentPointer?: number
  readonly maximumSegmentSize?: number
  readonly windowScale?: number
  readonly sackPermitted?: boolean
  readonly timestamps?: readonly [value: number, echo: number]
  /** Option bytes as they are, instead of the four above; filled up with zeros to a multiple of 4. */
  readonly options?: Uint8Array
  /** The data offset field in bytes, where it shall lie. */
  readonly headerLength?: number
  readonly checksum?: ChecksumChoice
}

export interface UdpDescription {
  readonly sourcePort: number
  readonly destinationPort: number
  /** The length field, where it shall lie. */
  readonly length?: number
  readonly checksum?: ChecksumChoice
}

/** ICMP over IPv4, ICMPv6 over IPv6. */
export interface IcmpDescription {
  readonly type: number
  readonly code?: number
  readonly identifier?: number
  readonly sequence?: number
  /** The header's last four bytes as one number (an MTU, a gateway), instead of identifier and sequence. */
  readonly rest?: number
  readonly checksum?: ChecksumChoice
}

export interface ArpDescription {
  readonly operation: number
  readonly senderMac: MacText
  readonly sender: string
  readonly targetMac: MacText
  readonly target: string
}

/** An IPv6 extension header but the fragment header: its number, and its bytes behind next header and length. */
export interface ExtensionDescription {
  readonly header: number
  /** Filled up with zeros to 6, 14, 22… bytes (authentication: 6, 10, 14…). */
  readonly body?: Uint8Array
}

export interface FragmentDescription {
  /** In bytes; a multiple of 8. */
  readonly offset: number
  readonly more: boolean
}

/**
 * A packet to build. What is left out gets what an honest sender would write. Give one of `tcp`, `udp`, `icmp`, or `protocol`
 * with a payload; or `arp`; or `payload` alone with `etherType`.
 */
export interface PacketDescription {
  /** LINKTYPE_ETHERNET where left out; LINKTYPE_RAW has no link header. */
  readonly linkType?: number
  readonly sourceMac?: MacText
  readonly destinationMac?: MacText
  /** VLAN tag control words, outermost first; more than one: the outer ones are 802.1ad. */
  readonly vlans?: readonly number[]
  /** Needed only where there is neither IP nor ARP. */
  readonly etherType?: number

  readonly source?: string | Address
  readonly destination?: string | Address
  readonly ttl?: number
  readonly trafficClass?: number
  readonly identification?: number
  readonly dontFragment?: boolean
  readonly fragment?: FragmentDescription
  /** IPv4 options as they are; filled up with zeros to a multiple of 4. */
  readonly ipOptions?: Uint8Array
  readonly extensions?: readonly ExtensionDescription[]
  readonly flowLabel?: number
  /** IPv4 total length or IPv6 payload length, where it shall lie. */
  readonly networkLength?: number
  readonly networkChecksum?: ChecksumChoice

  readonly tcp?: TcpDescription
  readonly udp?: UdpDescription
  readonly icmp?: IcmpDescription
  readonly arp?: ArpDescription
  readonly protocol?: number
  /** Bytes, or so many zeros. */
  readonly payload?: Uint8Array | number
  /** Zeros behind the packet, as Ethernet cards add up to 60 bytes. */
  readonly padding?: number
}
