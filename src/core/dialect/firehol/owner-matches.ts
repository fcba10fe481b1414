import { namedOf } from "./named-networks.js"
import { networksOf } from "./networks.js"
import type { Family, Listing } from "./owner-listing.js"
import type { Parameter } from "./parameters.js"
import type { StaticSets } from "./reach.js"

/** What rule parameters become: a rule for each alternative; what is left out of several values returns before. */
export interface Matches {
  readonly alternatives: readonly string[]
  readonly returns: readonly string[]
}

/** The request itself, or the way back, where source and destination change places. */
export type Side = "request" | "answer"

export interface Surroundings {
  readonly family: Family
  readonly sets: StaticSets
}

/** In the order in which FireHOL writes them. */
const order = [
  ...[
    "inface",
    "outface",
    "physin",
    "physout",
    "src",
    "dst",
    "proto",
    "sport",
    "dport",
    "srctype",
    "dsttype",
  ],
  ...["ipset", "mac", "mark", "connmark", "rawmark", "tos", "dscp", "uid", "gid"],
  ...["state", "custom", "limit", "connlimit", "hashlimit"],
]

const mirrored: Readonly<Record<string, string>> = {
  ...{ inface: "outface", outface: "inface", physin: "physout", physout: "physin" },
  ...{ src: "dst", dst: "src", sport: "dport", dport: "sport", srctype: "dsttype", dsttype: "srctype" },
}

interface Option {
  readonly name: string
  readonly not: boolean
  /** One of them matches. */
  readonly texts: readonly string[]
}

/** What parameters are as matches of iptables. Undefined: nobody knows it without running FireHOL. */
export function matchesOf(
  parameters: readonly Parameter[],
  side: Side,
  { family, sets }: Surroundings,
): Matches | undefined {
  const options: Option[] = []
  for (const parameter of parameters) {
    const written = parameter.name.replace(/^(src|dst)[46]$/, "$1")
    if (/^(?:src|dst)[46]$/.test(parameter.name) && !parameter.name.endsWith(`${family}`)) continue
    const name = side === "answer" ? (mirrored[written] ?? written) : written
    if (ignored.has(name) || (name === "mac" && side === "answer")) continue
    const texts = textsOf(name, parameter, family, sets)
    if (texts === undefined) return undefined
    options.push({ name, not: parameter.not, texts })
  }
  options.sort((left, right) => order.indexOf(left.name) - order.indexOf(right.name))
  let alternatives = [""]
  const returns: string[] = []
  for (const { not, texts } of options) {
    if (not && texts.length > 1) returns.push(...texts)
    else {
      const own = not ? texts.map((text) => negated(text)) : texts
      alternatives = alternatives.flatMap((before) => own.map((text) => join(before, text)))
    }
  }
  return { alternatives, returns }
}

/** Log lines drop nothing; what a helper expects is not told apart here. */
const ignored = new Set(["log", "loglimit", "connlog", "accounting", "helper"])

/** Adds the rules that lead from a chain to a target. */
export function lead(
  listing: Listing,
  chain: string,
  { alternatives, returns }: Matches,
  target: string,
): void {
  let at = chain
  if (returns.length > 0) {
    at = listing.negation()
    for (const match of alternatives) listing.append(chain, match, `-j ${at}`)
    for (const match of returns) listing.append(at, match, "-j RETURN")
    listing.append(at, target)
    return
  }
  for (const match of alternatives) listing.append(at, match, target)
}

/** More words behind each alternative. */
export function and(matches: Matches, text: string): Matches {
  return { ...matches, alternatives: matches.alternatives.map((match) => join(match, text)) }
}

export function join(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(" ")
}

function negated(text: string): string {
  const [, module = "", rest] = /^(-m \S+ (?=-))?(.*)$/.exec(text)!
  return `${module}! ${rest}`
}

function textsOf(
  name: string,
  { values }: Parameter,
  family: Family,
  sets: StaticSets,
): readonly string[] | undefined {
  switch (name) {
    case "inface":
    case "outface": {
      const flag = name === "inface" ? "-i" : "-o"
      return values.some((value) => value === "any") ? [""] : values.map((value) => `${flag} ${value}`)
    }
    case "physin":
    case "physout":
      return values.map((value) => `-m physdev --physdev-${name === "physin" ? "in" : "out"} ${value}`)
    case "src":
    case "dst":
      return values.flatMap((value) => address(name, value, family, sets))
    case "proto":
      return values.map((value) => (value === "any" ? "" : `-p ${value.toLowerCase()}`))
    case "sport":
    case "dport":
      return values.map((value) => (value === "any" ? "" : `--${name} ${value.replace("-", ":")}`))
    case "srctype":
    case "dsttype":
      return [`-m addrtype --${name.slice(0, 3)}-type ${values.join(",").toUpperCase()}`]
    case "mac":
      return values.map((value) => `-m mac --mac-source ${value}`)
    case "mark":
      return marks(values, 6, 0x1fc0)
    case "connmark":
      return marks(values, 0, 0x3f)
    case "rawmark":
      return values.map((value) => `-m mark --mark ${value}`)
    case "tos":
      return values.map((value) => `-m tos --tos ${value}`)
    case "dscp":
      return values.map((value) =>
        value.startsWith("class ") ? `-m dscp --dscp-class ${value.slice(6)}` : `-m dscp --dscp ${value}`,
      )
    case "state":
      return [`-m conntrack --ctstate ${values.join(",").toUpperCase()}`]
    case "custom":
      return values.length > 0 ? [values.join(" ")] : undefined
    case "limit":
      return [`-m limit --limit ${values[0]} --limit-burst ${values[1]}`]
    case "connlimit":
      return [connlimitText(values[0]!, values[1]!, values.slice(2))]
    case "hashlimit":
      return [hashlimitText(values[0]!, values[1]!, values[2]!, values.slice(3))]
    default:
      return undefined
  }
}

function address(side: "src" | "dst", value: string, family: Family, sets: StaticSets): readonly string[] {
  const flag = side === "src" ? "-s" : "-d"
  const named = namedOf(value)
  if (named) {
    const own = named.own.filter((network) => network.includes(":") === (family === 6))
    return own.map((network) => `${flag} ${network}`)
  }
  const set = /^ipset[46]?:(.+)$/.exec(value)?.[1]
  if (set !== undefined) {
    const members = sets.get(set)?.filter((network) => network.includes(":") === (family === 6))
    if (members) return members.map((network) => `${flag} ${network}`)
    return [`-m set --match-set ${set} ${side} ! --update-counters ! --update-subcounters`]
  }
  if (value.includes("-") && networksOf(value)) return [`-m iprange --${side}-range ${value}`]
  return [`${flag} ${value}`]
}

function marks(values: readonly string[], shift: number, mask: number): readonly string[] | undefined {
  const numbers = values.map((value) => Number(value))
  if (numbers.some((number) => !Number.isInteger(number) || number < 0 || number << shift > mask))
    return undefined
  const hexadecimal = (number: number) => `0x${number.toString(16).padStart(8, "0")}`
  return numbers.map((number) => `-m mark --mark ${hexadecimal(number << shift)}/${hexadecimal(mask)}`)
}

/** `saddr upto 10 mask 24` as `-m connlimit …`. */
export function connlimitText(bound: string, count: string, tail: readonly string[]): string {
  const mask = tail.includes("mask") ? ` --connlimit-mask ${tail[tail.indexOf("mask") + 1]}` : ""
  const side = tail.includes("daddr") ? "daddr" : "saddr"
  return `-m connlimit --connlimit-${bound} ${count} --connlimit-${side}${mask}`
}

const hashOptions = [
  ...["burst", "srcmask", "dstmask", "htable-size", "htable-max", "htable-expire", "htable-gcinterval"],
]

export function hashlimitText(name: string, bound: string, rate: string, tail: readonly string[]): string {
  const options = new Map<string, string>()
  for (let at = 0; at + 1 < tail.length; at += 2) options.set(tail[at]!.replace("_", "-"), tail[at + 1]!)
  const mode = options.get("mode") ?? "srcip,dstport"
  const rest = hashOptions.flatMap((option) =>
    options.has(option) ? [`--hashlimit-${option} ${options.get(option)}`] : [],
  )
  return [
    "-m hashlimit",
    `--hashlimit-name ${name} --hashlimit-${bound} ${rate} --hashlimit-mode ${mode}`,
    ...rest,
  ].join(" ")
}
