import { isProblem } from "../../core/base/diagnostic.js"
import { didYouMean } from "../../core/base/nearest.js"
import { isHost, type Prefix, parsePrefix } from "../../core/base/prefix.js"
import { defaultSettings, type SettingName, settingName } from "../../core/engine/settings.js"
import type { Option } from "./command.js"
import { type RuleOptions, ruleOptions } from "./rule-options.js"

/** `--interface NAME=CIDR,…`: sources there arrive on it, destinations there leave by it. */
export interface InterfaceChoice {
  readonly name: string
  readonly prefixes: readonly Prefix[]
  /** `NAME=default`: all other addresses. */
  readonly others: boolean
}

export type Sysctl = readonly [name: SettingName, value: number]

/** The options of commands that send packets through the engine. */
export interface PathOptions extends RuleOptions {
  readonly policy?: string
  readonly interface?: readonly InterfaceChoice[]
  readonly local?: readonly (readonly Prefix[])[]
  readonly sysctl?: readonly Sysctl[]
}

export const pathOptions: readonly Option[] = [
  {
    flags: "--policy <file>",
    text: "the policy; left out, and without --rules: ./floodwall.yaml, then /etc/floodwall/policy.yaml",
  },
  ...ruleOptions,
  {
    flags: "--interface <name=cidrs>",
    text:
      "where packets arrive and leave: sources of these addresses arrive on NAME, destinations leave by it; " +
      "NAME=default takes all other addresses; give it once for each side",
    parse: parseInterface,
    many: true,
  },
  {
    flags: "--local <addresses>",
    text: "the firewall's own addresses, separated by commas: packets to them come in, packets from them go out, others go through",
    parse: parseLocal,
    many: true,
  },
  {
    flags: "--sysctl <name=value>",
    text: "what the kernel would have set, such as nf_conntrack_tcp_loose=0",
    parse: parseSysctl,
    many: true,
  },
]

/** How much of a trace is shown, in `explain` and `replay --trace`. */
export const allOption: Option = {
  flags: "--all",
  text: "show each rule that did not match, and what it asked; left out, more than three in a row are counted",
}

type Parsed<Value> = { readonly value: Value } | { readonly wrong: string }

export function parseInterface(text: string): Parsed<InterfaceChoice> {
  const [name = "", list = "", ...more] = text.split("=")
  if (name === "" || list === "" || more.length > 0) {
    return { wrong: `"${text}" is not NAME=CIDR[,CIDR…] or NAME=default` }
  }
  if (list === "default") return { value: { name, prefixes: [], others: true } }
  const prefixes = parsePrefixes(list)
  return "wrong" in prefixes ? prefixes : { value: { name, prefixes: prefixes.value, others: false } }
}

export function parseLocal(text: string): Parsed<readonly Prefix[]> {
  const prefixes = parsePrefixes(text)
  if ("wrong" in prefixes) return prefixes
  const network = prefixes.value.find((prefix) => !isHost(prefix))
  return network === undefined
    ? prefixes
    : { wrong: `"${text}": the firewall's own addresses are hosts, without a length` }
}

export function parseSysctl(text: string): Parsed<Sysctl> {
  const [name = "", value = "", ...more] = text.split("=")
  if (more.length > 0 || !/^\d+$/.test(value.trim())) return { wrong: `"${text}" is not NAME=NUMBER` }
  const known = settingName(name.trim())
  if (known === undefined) {
    const guess = didYouMean(name.trim().split(/[./]/).at(-1) ?? "", Object.keys(defaultSettings))
    return { wrong: `"${name}" is not a setting that the engine knows${guess ? `; ${guess}` : ""}` }
  }
  return { value: [known, Number(value)] }
}

function parsePrefixes(list: string): Parsed<readonly Prefix[]> {
  const prefixes: Prefix[] = []
  for (const word of list.split(",")) {
    const prefix = parsePrefix(word.trim())
    if (isProblem(prefix))
      return { wrong: prefix.hint ? `${prefix.message} (${prefix.hint})` : prefix.message }
    prefixes.push(prefix)
  }
  return { value: prefixes }
}
