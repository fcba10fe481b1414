import type { Variables } from "./expand.js"
import { type Parameters, readParameters } from "./parameters.js"
import type { Command } from "./run.js"

export interface Families {
  readonly four: boolean
  readonly six: boolean
}

/** An `interface` or a `router`, with the lines up to the next one. */
export interface Scope {
  readonly kind: "interface" | "router"
  readonly name: string
  readonly command: Command
  readonly families: Families
  /** Where packets arrive: an interface's devices, a router's `inface`. */
  readonly devices: readonly string[]
  /** A router's `outface`. */
  readonly leaving: readonly string[]
  /** What else limits it; what its zone's blocklist says already is taken out of it (scope-items.ts). */
  parameters: Parameters
  /** All of its parameters, as they are written. */
  readonly written: Parameters
  readonly lines: ScopeLine[]
}

/** `group with …`: the parameters hold for all lines up to `group end`. */
export interface Group extends Parameters {
  readonly families: Families
  /** FireHOL counts them over the whole file: its chains are `in_group1`, `out_group1`. */
  readonly number: number
}

export interface ScopeLine {
  readonly verb: "protection" | "server" | "client" | "policy" | "group"
  readonly command: Command
  readonly words: readonly string[]
  readonly families: Families
  /** The groups that it stands in, the outermost first. */
  readonly groups: readonly Group[]
  readonly scope: Scope
}

/** What stands for itself: `blacklist`, `synproxy`, and what is no word of FireHOL's. */
export interface LooseLine {
  readonly verb: string
  readonly command: Command
  readonly words: readonly string[]
  readonly families: Families
  /** Why FireHOL does not take it where it stands. */
  readonly misplaced?: string
}

export type Line = Scope | ScopeLine | LooseLine

export interface Model {
  /** In the order of the files. */
  readonly lines: readonly Line[]
  readonly scopes: readonly Scope[]
  readonly families: Families
}

export function isScope(line: Line): line is Scope {
  return "kind" in line
}

export function isScopeLine(line: Line): line is ScopeLine {
  return "scope" in line
}

export const groupStarts: ReadonlySet<string> = new Set(["with", "start", "begin"])
export const groupEnds: ReadonlySet<string> = new Set(["end", "stop", "close"])

const subcommands = new Set(["protection", "server", "client", "route", "policy", "group"])
/** Words that take a 4, a 6 or a 46 at their end. `protection` does not. */
const suffixed =
  /^(interface|router|server|client|route|blacklist|whitelist|iptrap|ipuntrap|ipset|masquerade|snat|dnat|redirect|synproxy|mark|connmark|mac|tos|dscp|tcpmss|tosfix|nat|transparent_proxy|transparent_squid|action|group|policy|classify|cthelper)(4|6|46)$/
const prefixes: Readonly<Record<string, Families>> = {
  ipv4: { four: true, six: false },
  ipv6: { four: false, six: true },
  both: { four: true, six: true },
}
const suffixes: Readonly<Record<string, Families>> = {
  "4": prefixes["ipv4"]!,
  "6": prefixes["ipv6"]!,
  "46": prefixes["both"]!,
}

/** Commands in their places: which interface or router each belongs to, and for which family of addresses it is. */
export function readModel(commands: readonly Command[], variables: Variables): Model {
  const families = enabled(commands, variables)
  const lines: Line[] = []
  const scopes: Scope[] = []
  let scope: Scope | undefined
  let groups: readonly Group[] = []
  let number = 0
  for (const command of commands) {
    const { verb, words, own } = unwrap(command)
    const line: LooseLine = { verb, command, words, families: both(families, own) }
    if (command.skipped !== undefined) {
      lines.push(line)
      continue
    }
    if (verb === "interface" || verb === "router") {
      scope = readScope(line)
      groups = []
      scopes.push(scope)
      lines.push(scope)
      continue
    }
    if (!subcommands.has(verb)) {
      lines.push(line)
      continue
    }
    if (!scope) {
      lines.push({ ...line, misplaced: `"${verb}" stands before the first interface or router` })
      continue
    }
    if (verb === "group" && groupEnds.has(words[0] ?? "")) groups = groups.slice(0, -1)
    const within: ScopeLine = {
      verb: verb === "route" ? "server" : (verb as ScopeLine["verb"]),
      command,
      words,
      families: both(groups.at(-1)?.families ?? scope.families, own),
      groups,
      scope,
    }
    if (verb === "group" && groupStarts.has(words[0] ?? "")) {
      const group = { ...readParameters(words.slice(1)), families: within.families, number: ++number }
      groups = [...groups, group]
    }
    scope.lines.push(within)
    lines.push(within)
  }
  return { lines, scopes, families }
}

/** `ipv4 interface eth0 wan`, `interface4 eth0 wan`: the word itself, and the family. */
function unwrap({ name, words }: Command): { verb: string; words: readonly string[]; own?: Families } {
  let verb = name
  let rest = words
  let own: Families | undefined
  while (Object.hasOwn(prefixes, verb) && rest.length > 0) {
    own = prefixes[verb]!
    verb = rest[0]!
    rest = rest.slice(1)
  }
  const parts = suffixed.exec(verb)
  if (parts) return { verb: parts[1]!, words: rest, own: suffixes[parts[2]!]! }
  return { verb, words: rest, ...(own && { own }) }
}

function both(outer: Families, inner: Families | undefined): Families {
  if (!inner) return outer
  return { four: outer.four && inner.four, six: outer.six && inner.six }
}

function enabled(commands: readonly Command[], variables: Variables): Families {
  const isOff = (name: string) => variables.get(name)?.texts.join("") === "0"
  const version = commands.findLast(({ name }) => name === "version")?.words[0]
  const isOld = version !== undefined && /^\d+$/.test(version) && Number(version) <= 5
  return { four: !isOff("ENABLE_IPV4"), six: !isOff("ENABLE_IPV6") && !isOld }
}

function readScope({ verb, command, words, families }: LooseLine): Scope {
  if (verb === "interface") {
    const parameters = readParameters(words.slice(2))
    return {
      kind: "interface",
      name: words[1] ?? "",
      command,
      families,
      devices: list(words[0] ?? ""),
      leaving: [],
      parameters,
      written: parameters,
      lines: [],
    }
  }
  const { all, unknown } = readParameters(words.slice(1))
  const of = (name: string) =>
    all.filter((each) => each.name === name && !each.not).flatMap(({ values }) => values)
  const rest = all.filter(({ name, not }) => not || (name !== "inface" && name !== "outface"))
  return {
    kind: "router",
    name: words[0] ?? "",
    command,
    families,
    devices: of("inface"),
    leaving: of("outface"),
    parameters: { all: rest, ...(unknown !== undefined && { unknown }) },
    written: { all, ...(unknown !== undefined && { unknown }) },
    lines: [],
  }
}

function list(text: string): string[] {
  return text.split(/[\s,]+/).filter((each) => each !== "")
}
