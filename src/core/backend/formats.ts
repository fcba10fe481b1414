import type { Ruleset } from "../ruleset/ruleset.js"
import { readIptables } from "./iptables/read.js"
import { renderIptables } from "./iptables/render.js"
import { readNft, readNftJson } from "./nft/read/read.js"
import { type Rendered, renderNft } from "./nft/render.js"
import type { ReadRules, RuleFile } from "./read-rules.js"

/** How somebody's rules may be written: what iptables-save and ip6tables-save print (or commands, one a line), what `nft -f` reads, what `nft -j list ruleset` prints. */
export const ruleFormats = ["iptables", "ip6tables", "nft", "nft-json"] as const

export type RuleFormat = (typeof ruleFormats)[number]

/** What a text was taken as, and by what: `"*filter" in line 2`. */
export interface Recognised {
  readonly format: RuleFormat | "policy"
  readonly because: string
  /** Of a script that has commands of both of iptables' programs: the other one. */
  readonly also?: RuleFormat
}

/**
 * What a text is, by its first line that only one language has. iptables' text names no IP version: what wrote it may have said so, commands do, and
 * otherwise its addresses and protocols tell; where nothing does it is IPv4's. Undefined: it is none of them.
 */
export function recogniseFormat(text: string): Recognised | undefined {
  if (/^\uFEFF?\s*[{[]/.test(text) && /"(?:nftables|metainfo)"/.test(text.slice(0, LOOKED_AT)))
    return { format: "nft-json", because: '"nftables" in its JSON' }
  const lines = text.slice(0, LOOKED_AT).split("\n")
  for (const [index, line] of lines.entries()) {
    const because = `"${shortened(line)}" in line ${index + 1}`
    if (isXtables.test(line)) return familyOf(lines) ?? { format: "iptables", because }
    if (isNft.test(line)) return { format: "nft", because }
    if (isPolicy.test(line)) return { format: "policy", because }
  }
  return undefined
}

/** What files of this format are read with. */
export function readRules(file: RuleFile, format: RuleFormat): ReadRules {
  return readers[format](file)
}

/** What rules can be written as. JSON is nft's alone to print. */
export const renderedFormats = ["nft", "iptables", "ip6tables"] as const

export type RenderedFormat = (typeof renderedFormats)[number]

/** A ruleset in the language of a backend: of iptables, what concerns its IP version. What cannot be said is a diagnostic. */
export function renderRules(ruleset: Ruleset, format: RenderedFormat): RenderedRules {
  return renderers[format](ruleset)
}

export interface RenderedRules extends Rendered {
  /** Of iptables: what `ipset restore` loads before the text. Empty or absent: nothing. */
  readonly ipsets?: string
}

const renderers: Readonly<Record<RenderedFormat, (ruleset: Ruleset) => RenderedRules>> = {
  nft: renderNft,
  iptables: (ruleset) => renderIptables(ruleset, 4),
  ip6tables: (ruleset) => renderIptables(ruleset, 6),
}

/** Characters: rule files of hundreds of thousands of lines say what they are at once. */
const LOOKED_AT = 1_000_000

/** With the lines of `ipset save`, which stand before rules that ask for its sets. */
const isXtables =
  /^\s*(?:\*(?:raw|mangle|nat|filter|security|rawpost)\s*$|:\S+\s+(?:ACCEPT|DROP|RETURN|QUEUE|-)(?:\s|$)|COMMIT\s*$|(?:\[\d+:\d+\]\s*)?-[ADIRPNXFZE]\s|create\s+\S+\s+(?:hash|bitmap|list):\S|(?:sudo\s+)?(?:\/\S*\/)?(?:ip6?tables(?:-nft|-legacy)?|ipset)\s|(?:export\s+)?\w+=["']?(?:\/\S*\/)?ip6?tables(?:-nft|-legacy)?["']?\s*$)/

const isNft =
  /^\s*(?:#!.*\bnft\b|flush\s+ruleset\b|(?:add|create|insert|replace|delete|destroy|flush|list|reset|rename)\s+(?:table|chain|rule|set|map|element|flowtable|counter|quota|limit|ct|secmark|synproxy)\b|table\s+[\w"]|define\s+\w+\s*=|redefine\s+\w+\s*=|include\s+["'])/

const isPolicy =
  /^(?:---\s*$|(?:version|include|interfaces|addresses|action|never-block|protect|detect|bypass)\s*:(?:\s|$)|\{\s*"?(?:interfaces|protect)"?\s*:)/

interface Evidence {
  readonly format: "iptables" | "ip6tables"
  readonly pattern: RegExp
}

/** A command, or a variable that stands for it. */
const iptablesCommand =
  /^\s*(?:(?:sudo\s+)?(?:\/\S*\/)?iptables(?:-nft|-legacy)?\s|(?:export\s+)?\w+=["']?(?:\/\S*\/)?iptables(?:-nft|-legacy)?["']?\s*$)/
const ip6tablesCommand =
  /^\s*(?:(?:sudo\s+)?(?:\/\S*\/)?ip6tables(?:-nft|-legacy)?\s|(?:export\s+)?\w+=["']?(?:\/\S*\/)?ip6tables(?:-nft|-legacy)?["']?\s*$)/

/** The surest first. */
const evidence: readonly Evidence[] = [
  { format: "ip6tables", pattern: /^#.*\bip6tables-(?:nft-|legacy-)?save\b/ },
  { format: "iptables", pattern: /^#.*\biptables-(?:nft-|legacy-)?save\b/ },
  { format: "iptables", pattern: iptablesCommand },
  { format: "ip6tables", pattern: ip6tablesCommand },
  {
    format: "ip6tables",
    pattern:
      /\s(?:-p|--protocol)\s+(?:ipv6-icmp|icmpv6)\b|--icmpv6-type\b|\bicmp6-|\s-m\s+(?:icmp6|hl|rt|frag|hbh|dst|ipv6header|mh)\b/,
  },
  {
    format: "ip6tables",
    pattern: /\s(?:-s|-d|--source|--destination|--src|--dst)\s+[0-9a-fA-F]*:[0-9a-fA-F:./]*/,
  },
  { format: "iptables", pattern: /\s(?:-s|-d|--source|--destination|--src|--dst)\s+\d+\.\d+\.\d+\.\d+/ },
  { format: "iptables", pattern: /\s(?:-p|--protocol)\s+icmp\b|--icmp-type\b/ },
]

function familyOf(lines: readonly string[]): Recognised | undefined {
  for (const { format, pattern } of evidence) {
    const because = firstOf(pattern, lines)
    if (because === undefined) continue
    const other = pattern === iptablesCommand ? firstOf(ip6tablesCommand, lines) : undefined
    if (other === undefined) return { format, because }
    return { format, because: `${because} and ${other}`, also: "ip6tables" }
  }
  return undefined
}

function firstOf(pattern: RegExp, lines: readonly string[]): string | undefined {
  const index = lines.findIndex((line) => pattern.test(line))
  return index < 0 ? undefined : `"${shortened(pattern.exec(lines[index]!)![0])}" in line ${index + 1}`
}

function shortened(line: string): string {
  const text = line.trim().replace(/\s+/g, " ")
  return text.length <= 40 ? text : `${text.slice(0, 39)}…`
}

const readers: Readonly<Record<RuleFormat, (file: RuleFile) => ReadRules>> = {
  iptables: (file) => readIptables(file, 4),
  ip6tables: (file) => readIptables(file, 6),
  nft: readNft,
  "nft-json": readNftJson,
}
