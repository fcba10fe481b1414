import { isProblem, type Problem } from "../base/diagnostic.js"
import { didYouMean } from "../base/nearest.js"
import { type PortRange, parsePorts } from "../base/ports.js"
import { type Prefix, printPrefix } from "../base/prefix.js"
import type { PacketPhrase } from "./policy.js"

export const phraseGrammar = "in|out [on ZONE] [tcp|udp|icmp] [port P] [from A] [to A]"

/** What the words of a phrase may name. */
export interface PhraseNames {
  /** Absent: any word is a zone. */
  readonly zones?: readonly string[]
  /** An address, a network or a name. */
  addresses(text: string): readonly Prefix[] | Problem
}

const protocols = ["tcp", "udp", "icmp"] as const
type Protocol = (typeof protocols)[number]

type Draft = { -readonly [Key in keyof PacketPhrase]?: PacketPhrase[Key] }

/** Reads the one packet phrase of bypass, explain and events: `out on wan tcp port 80,443 to 192.0.2.0/24`. Lists have commas. */
export function parsePhrase(text: string, names: PhraseNames): PacketPhrase | Problem {
  const words = text
    .trim()
    .replace(/\s*,\s*/g, ",")
    .split(/\s+/)
  const direction = words[0]
  if (direction !== "in" && direction !== "out") {
    return problem(`"${direction}" stands where in or out should`, `a packet is written ${phraseGrammar}`)
  }
  const draft: Draft & { direction: "in" | "out" } = { direction }
  for (let at = 1; at < words.length; at++) {
    const word = words[at]!
    if (isProtocol(word)) {
      if (draft.protocol) return problem(`${word} is a second protocol`, "a phrase for each")
      draft.protocol = word
      continue
    }
    if (!isKeyword(word)) return unknownWord(word)
    const value = words[++at]
    if (value === undefined)
      return problem(`nothing stands behind ${word}`, `a packet is written ${phraseGrammar}`)
    const key = word === "on" ? "zone" : word === "port" ? "ports" : word
    if (draft[key] !== undefined) return problem(`${word} stands twice`, "lists have commas: port 80,443")
    const wrong = readers[word](value, draft, names)
    if (wrong) return wrong
  }
  if (draft.ports && draft.protocol === "icmp")
    return problem("icmp has no ports", "leave port out, or say tcp or udp")
  return draft
}

type Reader = (value: string, draft: Draft, names: PhraseNames) => Problem | undefined

const readers: Readonly<Record<"on" | "port" | "from" | "to", Reader>> = {
  on(value, draft, { zones }) {
    if (zones && !zones.includes(value)) {
      return {
        id: "unknown-zone",
        message: `"${value}" is not a zone`,
        ...hinted(didYouMean(value, zones) ?? `zones are ${zones.join(", ")}`),
      }
    }
    draft.zone = value
    return undefined
  },
  port(value, draft) {
    const ranges: PortRange[] = []
    for (const item of value.split(",")) {
      const ports = parsePorts(item)
      if (isProblem(ports)) return ports
      ranges.push({ from: ports.from, to: ports.to })
      if (ports.protocols.length > 1) continue
      const protocol = ports.protocols[0]!
      if (draft.protocol && draft.protocol !== protocol && draft.protocol !== "icmp") {
        return problem(
          `port ${item} is ${protocol}, the phrase says ${draft.protocol}`,
          "a phrase for each protocol",
        )
      }
      draft.protocol ??= protocol
    }
    draft.ports = ranges
    return undefined
  },
  from: (value, draft, names) => readAddresses("from", value, draft, names),
  to: (value, draft, names) => readAddresses("to", value, draft, names),
}

function readAddresses(
  key: "from" | "to",
  value: string,
  draft: Draft,
  names: PhraseNames,
): Problem | undefined {
  const all: Prefix[] = []
  for (const item of value.split(",")) {
    const prefixes = names.addresses(item)
    if (isProblem(prefixes)) return prefixes
    for (const prefix of prefixes) all.push(prefix)
  }
  draft[key] = all
  return undefined
}

/** The normal form: reading it gives the same phrase. */
export function printPhrase(phrase: PacketPhrase): string {
  const words: string[] = [phrase.direction]
  if (phrase.zone !== undefined) words.push("on", phrase.zone)
  if (phrase.protocol) words.push(phrase.protocol)
  if (phrase.ports) {
    const ranges = phrase.ports.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`))
    words.push("port", ranges.join(","))
  }
  if (phrase.from) words.push("from", phrase.from.map(printPrefix).join(","))
  if (phrase.to) words.push("to", phrase.to.map(printPrefix).join(","))
  return words.join(" ")
}

/** What people write who know iptables, nft or tcpdump. */
const otherWords = new Map([
  ["icmpv6", "icmp"],
  ["icmp6", "icmp"],
  ["dport", "port"],
  ["ports", "port"],
  ["src", "from"],
  ["dst", "to"],
  ["source", "from"],
  ["destination", "to"],
  ["via", "on"],
  ["iif", "on"],
  ["oif", "on"],
  ["interface", "on"],
  ["proto", "tcp, udp or icmp alone"],
])

function unknownWord(word: string): Problem {
  const alias = otherWords.get(word)
  const near = alias ? `write ${alias}` : didYouMean(word, ["on", "port", "from", "to", ...protocols])
  return problem(`"${word}" is not a word of a packet phrase`, near ?? `a packet is written ${phraseGrammar}`)
}

function isProtocol(word: string): word is Protocol {
  return (protocols as readonly string[]).includes(word)
}

function isKeyword(word: string): word is "on" | "port" | "from" | "to" {
  return Object.hasOwn(readers, word)
}

function problem(message: string, hint: string): Problem {
  return { id: "not-a-phrase", message, hint }
}

function hinted(hint: string | undefined): { hint?: string } {
  return hint ? { hint } : {}
}
