import type { Problem } from "../../base/diagnostic.js"
import type { ManualEntry, Unsupported } from "../kind.js"
import type { Known } from "../known.js"
import type { Build, Step } from "../runtime.js"
import type { XtOption, XtOptions, XtValue } from "./option.js"

/** The tables of iptables. */
export type XtTable = "raw" | "mangle" | "nat" | "filter" | "security"

/** Its built-in chains, which are hooks. */
export type XtChain = "PREROUTING" | "INPUT" | "FORWARD" | "OUTPUT" | "POSTROUTING"

/** One word with dashes, and what may stand behind it. */
export interface OptionSpec {
  /** Without dashes, as iptables-save prints it: `hashlimit-above`. */
  readonly name: string
  /** Other spellings that iptables takes: `hashlimit` for `hashlimit-upto`. */
  readonly aliases?: readonly string[]
  /** How its value is read and printed; absent: it has none. */
  readonly value?: ValueSpec
  /** The value may be left out: a word that begins with a dash is none. */
  readonly optional?: boolean
  /** `!` may stand before it. */
  readonly invertible?: boolean
  readonly required?: boolean
  /** Several are allowed. */
  readonly many?: boolean
  /** Other options that exclude it; said at one of the two. */
  readonly excludes?: readonly string[]
  /** Other options that it needs. */
  readonly needs?: readonly string[]
  /** An option that must be written before it. */
  readonly after?: string
}

export interface ValueSpec {
  /** For the manual and for diagnostics: `number from 0 to 255`. */
  readonly shape: string
  /** Words that the value takes from the command line; 1 unless told (`tcp-flags` takes 2). */
  readonly words?: number
  /** The words joined with a space. The problem has no place: the reader adds it. */
  readonly parse: (text: string, family: 4 | 6) => XtValue | Problem
  /** As iptables-save prints it. */
  readonly print: (value: XtValue, family: 4 | 6) => string
}

/** Where a rule with the extension stands, for checks that hang on it. A rule that several base chains lead to is checked for each. */
export interface ExtensionPlace {
  readonly family: 4 | 6
  readonly table: XtTable
  /** The base chain from which packets come to the rule, or null where none leads to it. */
  readonly chain: XtChain | null
  /** The rule's `-p`: a number, 0 where there is none, and whether `!` stood before it. */
  readonly protocol: number
  readonly protocolNegated: boolean
  /** Flags of TCP that the rule asks to be set (packet/packet.ts has the bits). */
  readonly flags: number
}

/**
 * One match (`-m NAME`) or target (`-j NAME`) of iptables answers for itself: what can be written, how it is printed, what it does in the engine, its manual entry. One file each in
 * match/ and target/; what it does in the engine stands beside it in NAME-step.ts where it is long.
 */
export interface Extension {
  readonly name: string
  /** Other names that iptables takes and does not print: `icmpv6` for `icmp6`. */
  readonly aliases?: readonly string[]
  readonly role: "match" | "target"
  readonly families: readonly (4 | 6)[]
  /** The kernel takes it only in a rule that asks `-p` for one of these; `-p` with the first loads it without `-m`. */
  readonly protocols?: readonly number[]
  /** `-p` must stand before its options. */
  readonly protocolFirst?: true
  /** The only tables, and the only hooks, in which the kernel takes it. */
  readonly tables?: readonly XtTable[]
  readonly hooks?: readonly XtChain[]
  /** In the order in which iptables-save prints them. */
  readonly options: readonly OptionSpec[]
  /** The options stay in the order in which they are written, and may be written several times: they are lists of their own. */
  readonly keepsOrder?: true
  /** The one form of options that mean the same: what is the default is left out, or put in, as iptables-save prints it. */
  readonly normal?: (options: XtOptions, family: 4 | 6) => XtOptions
  /** What the options may not be together, and where the kernel does not take them. */
  readonly check?: (options: XtOptions, place: ExtensionPlace) => Problem | undefined
  /** iptables-save prints the options in an order, or with words, of its own. */
  readonly print?: (options: XtOptions, family: 4 | 6) => string
  /** What `iptables-translate` would say; absent: nft has no words for it. */
  readonly toNft?: (options: XtOptions, family: 4 | 6) => string | Unsupported
  /** It needs conntrack, which the kernel then turns on (and defragmentation with it). */
  readonly needsConntrack?: boolean
  /** It does its work before conntrack too: it says what conntrack shall do, or looks connections up by itself. */
  readonly worksBeforeConntrack?: true
  /** As of steps (kind.ts). */
  readonly changesSort?: true
  /** As of steps (kind.ts), for a match with these options. */
  isKnown?(options: XtOptions, known: Known): boolean
  /** A match says CONTINUE or BREAK, a target that goes on CONTINUE, another its verdict. */
  readonly compile: (options: XtOptions, build: Build, family: 4 | 6) => Step
  /** The engine cannot know it, and what it assumes: told as a warning where rules are read. A function where it hangs on the options. */
  readonly assumes?: string | ((options: XtOptions) => string | undefined)
  readonly manual: ManualEntry
}

export type { XtOption, XtOptions, XtValue }
