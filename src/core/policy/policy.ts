import type { Address } from "../base/address.js"
import type { PortRange } from "../base/ports.js"
import type { Prefix } from "../base/prefix.js"
import type { Rate } from "../base/rate.js"
import type { Origin } from "../ruleset/origin.js"

/** A policy as loaded: includes merged, names and presets resolved, files read, everything with its place in the text. */
export interface Policy {
  readonly version: 1
  /** All files it was read from, the main one first. */
  readonly files: readonly string[]
  readonly zones: readonly Zone[]
  /** The names that the policy gives to addresses. */
  readonly addresses?: readonly NamedAddresses[]
  /** Limited like others, but never listed. */
  readonly neverBlock: readonly Prefix[]
  /** `prove`: nobody is blocked from everything who has not completed a handshake. Absent: as each protection and detector has it. */
  readonly forgedSources?: "prove"
  /** How much longer whoever is blocked again is kept out. Absent: as policy/blocks.ts has it. */
  readonly repeaters?: Repeaters
  /** Absent: likewise. */
  readonly neighbours?: Neighbours
  readonly bypass: readonly BypassEntry[]
  /** Read and checked here, used by the guard. */
  readonly detect: readonly DetectorSetting[]
}

/** Blocks become twice as long each time, up to `longest`; a source that was quiet for `forgetAfter` begins anew. Nanoseconds. */
export type Repeaters = "off" | RepeaterTimes

export interface RepeaterTimes {
  readonly longest: number
  readonly forgetAfter: number
}

/** So many offenders of one /24 become one network. */
export type Neighbours = "off" | number

/** A name for addresses, with how it was written: addresses, other names, and `file PATH` with the complete path. */
export interface NamedAddresses {
  readonly name: string
  readonly prefixes: readonly Prefix[]
  readonly written: readonly string[]
  readonly origin: Origin
}

/** A named group of interfaces and what it is protected against. */
export interface Zone {
  readonly name: string
  /** Device names, a trailing `*` being a wildcard; `auto` is resolved. */
  readonly interfaces: readonly string[]
  /**
   * For packets that arrive there, for this host or through it. In the order of the policy; a name stands once, but port-floods once for each
   * port with a setting of its own.
   */
  readonly incoming: readonly Protection[]
  /** For packets that leave there. */
  readonly outgoing: readonly Protection[]
  readonly origin: Origin
}

/** The ladder: tell, drop, or drop and keep the source out for a while. */
export type Action = "notify" | "drop" | "block"

/** The three phrases of the language. */
export type Limit =
  /** `200/second burst 1000` */
  | { readonly form: "rate"; readonly rate: Rate; readonly burst: number }
  /** `more than 5 in 300s`; duration in nanoseconds */
  | { readonly form: "window"; readonly count: number; readonly duration: number }
  /** `300` */
  | { readonly form: "count"; readonly count: number }
  /** `100..1000/second` (throttle) */
  | { readonly form: "ramp"; readonly from: number; readonly to: number; readonly unit: Rate["unit"] }

/** What shares a limit: all sources together, or a source (a prefix of this length). Default: /32 and /64. */
export type Per =
  | { readonly kind: "everyone" }
  | { readonly kind: "source"; readonly ipv4: number; readonly ipv6: number }

export interface PortSelector {
  readonly protocol: "tcp" | "udp" | "any"
  readonly range: PortRange
}

/** One protection that the policy asks for, complete: what the policy does not say has its default. */
export interface Protection {
  /** The name of its kind (protections/). */
  readonly name: string
  readonly action: Action
  readonly limit?: Limit
  readonly per: Per
  /** Empty: all, or none where the kind is about ports. */
  readonly ports: readonly PortSelector[]
  /** Where the kind opens ports: those that are open in part (items of `open` that are maps). */
  readonly openings?: readonly Opening[]
  /** `for`: hosts with a limit of their own. */
  readonly exceptions: readonly Exception[]
  /** Nanoseconds; how long a source is kept out where the action is `block`. */
  readonly blockFor: number
  /** Blocklists: what they hold. */
  readonly prefixes: readonly Prefix[]
  /** Blocklists: how that was written, as in NamedAddresses. */
  readonly written?: readonly string[]
  /** Settings that only this kind has, checked by it (`lift: until-quiet`). */
  readonly options: Readonly<Record<string, string | number | boolean>>
  readonly origin: Origin
}

/** Ports that are open to some sources, for some destinations, or at one end alone: `{ ports: [ssh], from: [office], only: here }`. */
export interface Opening {
  /** `all`: every port, and every protocol that has none. */
  readonly ports: readonly PortSelector[] | "all"
  /** Absent: everybody. */
  readonly from?: WrittenAddresses
  /** The destination that was dialled, before destination NAT. Absent: every one. */
  readonly to?: WrittenAddresses
  /** `here`: what is dialled at this host itself; `through`: all else. Absent: both. */
  readonly only?: "here" | "through"
  readonly origin: Origin
}

/** What a list of addresses holds, and how it was written: file paths made complete, all else as it was. */
export interface WrittenAddresses {
  readonly prefixes: readonly Prefix[]
  readonly written: readonly string[]
}

export interface Exception {
  readonly hosts: readonly Prefix[]
  /** The address or name as written. */
  readonly written?: string
  readonly limit: Limit | "off"
  readonly origin: Origin
}

/** `in|out [on ZONE] [tcp|udp|icmp] [port P] [from A] [to A]`: the packet phrase. */
export interface PacketPhrase {
  readonly direction: "in" | "out"
  readonly zone?: string
  readonly protocol?: "tcp" | "udp" | "icmp"
  readonly ports?: readonly PortRange[]
  readonly from?: readonly Prefix[]
  readonly to?: readonly Prefix[]
}

export interface BypassEntry {
  readonly phrase: PacketPhrase
  readonly origin: Origin
}

export interface DetectorSetting {
  readonly name: string
  readonly action: Action
  readonly limit?: Limit
  readonly blockFor: number
  readonly exceptions: readonly Exception[]
  /** Who shares a limit; absent: each source. */
  readonly per?: Per
  /** Which ports it is about; absent: the detector's own. */
  readonly ports?: readonly PortSelector[]
  readonly origin: Origin
}

/** What a policy may need to know of the host: an argument, so that the same policy compiles anywhere. */
export interface HostFacts {
  /** What `auto` means: the devices of the default routes. Empty where unknown. */
  readonly defaultInterfaces: readonly string[]
  /** How many default routes there are: with more than one, answers may take another way in. */
  readonly defaultRoutes: number
  /** The host's own addresses. */
  readonly addresses: readonly Prefix[]
  /** Ports that something here listens on, published container ports included. */
  readonly listening: readonly PortSelector[]
  /** Devices where an ingress chain may stand (kernel 5.10 and newer, and the device stays); elsewhere prerouting before defragmentation. */
  readonly ingressDevices: readonly string[]
  /** Netdev egress (kernel 5.16 and newer). */
  readonly egress: boolean
  /** False: rules there cannot ask by which interface a route leads (iptables). Absent: they can. */
  readonly routesByInterface?: boolean
  /** Whom no rule ever lists, besides `never-block`: own addresses, default gateways, resolvers in use. Absent: nobody. */
  readonly spared?: readonly Prefix[]
  /** Logins that are open now: the admin's own session, which a policy must not cut. */
  readonly sessions?: readonly AdminSession[]
}

/** A login from somewhere to a port of this host. */
export interface AdminSession {
  readonly from: Address
  readonly port: number
}
