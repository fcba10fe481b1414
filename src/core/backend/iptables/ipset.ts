import { parseAddress } from "../../base/address.js"
import { isProblem, type Problem } from "../../base/diagnostic.js"
import type { SetDeclaration, SetElement } from "../../ruleset/ruleset.js"
import type { TypeName } from "../../ruleset/type.js"
import type { Item } from "../../ruleset/value.js"
import { icmpNames, icmpv6Names } from "../../ruleset/xtables/match/icmp-types.js"
import { badValue } from "../../ruleset/xtables/problem.js"
import { parseProtocol } from "../../ruleset/xtables/protocols.js"
import { addressWords } from "../../ruleset/xtables/value-address.js"
import { numberIn, parseNumber } from "../../ruleset/xtables/value-number.js"
import { parsePort } from "../../ruleset/xtables/value-port.js"
import { membersOf } from "./ipset-range.js"
import type { Rules } from "./rules.js"
import type { Word } from "./words.js"

/** What ipset takes where a set does not say it (ipset(8), maxelem). */
export const DEFAULT_SIZE = 65_536
const SECOND = 1e9

/** A set of ipset while its lines are read. */
export interface IpsetState {
  readonly parts: readonly string[]
  readonly family: 4 | 6
  readonly declaration: SetDeclaration
  readonly elements: Map<string, SetElement>
  /** Of the type list:set: the sets that it holds. */
  readonly members?: Set<string>
  /** Of a type that is not read, which was told: it stays empty. */
  readonly isUnread?: true
}

/** A line of ipset: `create NAME hash:ip …`, `add NAME 192.0.2.1 timeout 60`, `flush`, `destroy`; as `ipset save` prints them, and with the older `-N` and `-A`. */
export function readIpset(words: readonly Word[], rules: Rules, program: Word): void {
  const rest = words.filter(
    ({ text }) => !/^-(?:exist|!|quiet|q)$/.test(text) && text !== "-exist" && text !== "--exist",
  )
  const isExist = rest.length < words.length
  const [verb, name, ...more] = rest
  if (!verb) {
    rules.report.error("xt-command", "ipset needs a command: create, add, …", program)
    return
  }
  const command = commands[verb.text]
  if (!command) {
    rules.report.warning("xt-not-read", `ipset ${verb.text}: a line that is not read`, verb)
    return
  }
  if (!name) {
    if (command === forget) rules.sets.clear()
    else if (command !== nothing)
      rules.report.error("xt-command", `ipset ${verb.text} needs the name of a set`, verb)
    return
  }
  command(name, more, rules, isExist)
}

type Verb = (name: Word, rest: readonly Word[], rules: Rules, isExist: boolean) => void

function create(name: Word, [type, ...rest]: readonly Word[], rules: Rules, isExist: boolean): void {
  const { report } = rules
  if (!type) {
    report.error("xt-command", "ipset create needs a type: hash:ip", name)
    return
  }
  if (rules.sets.has(name.text)) {
    if (!isExist) report.error("duplicate-name", `there is a set ${name.text} already`, name)
    return
  }
  const [method, partText = ""] = type.text.split(":")
  const parts = partText.split(",")
  const isRead = (method === "hash" || method === "bitmap") && parts.every((part) => partKinds.has(part))
  if (!isRead) {
    const isList = type.text === "list:set"
    if (!isList)
      report.warning(
        "xt-not-read",
        `sets of the type ${type.text} are not read: the engine takes ${name.text} for empty`,
        type,
      )
    const declaration: SetDeclaration = {
      ...{ name: name.text, key: [rules.family === 4 ? "ipv4_addr" : "ipv6_addr"], flags: [] },
      origin: rules.originOf(name.line, name.column, `create ${name.text} ${type.text}`),
    }
    rules.sets.set(name.text, {
      ...{ parts: [], family: rules.family, elements: new Map(), declaration },
      ...(isList ? { members: new Set<string>() } : { isUnread: true as const }),
    })
    return
  }
  const options = optionsOf(rest, rules)
  const family = options.get("family")?.text === "inet6" ? 6 : 4
  const timeout = options.get("timeout")
  const seconds = timeout ? numberIn(timeout.text, 0, 4_294_967) : undefined
  const size = options.get("maxelem")
  const netmask = options.get("netmask")
  const isInterval = parts.includes("net")
  if (timeout && isProblem(seconds)) report.add("error", seconds, timeout)
  const life = typeof seconds === "number" ? seconds : undefined
  const length = netmask ? numberIn(netmask.text, 1, family === 4 ? 32 : 128) : undefined
  rules.sets.set(name.text, {
    parts,
    family,
    elements: new Map(),
    declaration: {
      name: name.text,
      key: parts.flatMap((part) => typesOf(part, family, method === "bitmap")),
      flags: [
        ...(isInterval ? (["interval"] as const) : []),
        ...(life === undefined ? [] : (["timeout"] as const)),
      ],
      ...(life !== undefined && life > 0 && { timeout: life * SECOND }),
      ...(method === "hash" && { size: (size && parseNumber(size.text)) ?? DEFAULT_SIZE }),
      ...(typeof length === "number" && { keyLength: length }),
      ...(options.has("counters") && { statements: [{ step: "counter" }] }),
      // ipset keeps networks that overlap, and each of them matches.
      ...(isInterval && parts.length === 1 && { autoMerge: true }),
      origin: rules.originOf(name.line, name.column, `create ${name.text} ${type.text}`),
    },
  })
}

const partKinds = new Set(["ip", "net", "port", "mac", "mark", "iface"])

function typesOf(part: string, family: 4 | 6, isBitmap: boolean): readonly TypeName[] {
  if (part === "port") return isBitmap ? ["inet_service"] : ["inet_proto", "inet_service"]
  if (part === "mac") return ["ether_addr"]
  if (part === "mark") return ["mark"]
  if (part === "iface") return ["ifname"]
  return [family === 4 ? "ipv4_addr" : "ipv6_addr"]
}

/** Words with a value behind them; those that stand alone. */
const valued = new Set([
  "family",
  "hashsize",
  "maxelem",
  "timeout",
  "netmask",
  "range",
  "size",
  "markmask",
  "bucketsize",
  "initval",
  "packets",
  "bytes",
  "comment",
  "skbmark",
  "skbprio",
  "skbqueue",
  "bitmask",
])
const alone = new Set(["counters", "comment", "skbinfo", "forceadd", "nomatch", "wildcard"])

function optionsOf(words: readonly Word[], rules: Rules, isElement = false): ReadonlyMap<string, Word> {
  const found = new Map<string, Word>()
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!
    const isAlone = alone.has(word.text) && (!isElement || word.text !== "comment")
    if (isAlone) found.set(word.text, word)
    else if (valued.has(word.text) && words[at + 1]) found.set(word.text, words[++at]!)
    else rules.report.error("xt-word", `"${word.text}" means nothing to ipset here`, word)
  }
  return found
}

function add(name: Word, [element, ...rest]: readonly Word[], rules: Rules, isExist: boolean): void {
  const { report } = rules
  const state = stateOf(name, element, rules)
  if (!state || !element || state.isUnread) return
  if (state.members) {
    addMember(state, element, rules, isExist)
    return
  }
  const options = optionsOf(rest, rules, true)
  if (options.has("nomatch")) {
    report.warning(
      "xt-not-read",
      "exceptions of a set (nomatch) are not read: the engine takes them for not there",
      element,
    )
    return
  }
  const keys = parseElement(element.text, state)
  if (isProblem(keys)) {
    report.add("error", keys, element)
    return
  }
  const timeout = options.get("timeout")
  const seconds = timeout ? parseNumber(timeout.text) : undefined
  if (timeout && !state.declaration.flags.includes("timeout")) {
    report.error("timeout-not-declared", `the set ${name.text} was made without timeouts`, timeout)
    return
  }
  if (!isExist && keys.some((key) => state.elements.has(JSON.stringify(key))))
    report.error("duplicate-name", `${element.text} is in the set already`, element)
  const comment = options.get("comment")?.text
  for (const key of keys)
    state.elements.set(JSON.stringify(key), {
      key,
      ...(seconds !== undefined && { timeout: seconds === 0 ? Infinity : seconds * SECOND }),
      ...(comment !== undefined && { comment }),
    })
}

/** A list's members are sets, which are asked one behind another; their elements are taken for the list's own, where all sets are of the first one's type. */
function addMember(list: IpsetState, element: Word, rules: Rules, isExist: boolean): void {
  const { report } = rules
  const member = rules.sets.get(element.text)
  if (!member) report.error("unknown-set", `there is no set ${element.text}`, element)
  else if (member.members) report.error("xt-word", "a set of the type list:set is in no other", element)
  else if (list.members!.has(element.text)) {
    if (!isExist) report.error("duplicate-name", `${element.text} is in the set already`, element)
  } else {
    const [first] = [...list.members!].flatMap((name) => rules.sets.get(name) ?? []).filter(isOfFamily(list))
    if (first && isOfFamily(list)(member) && keyOf(first) !== keyOf(member))
      report.warning(
        "xt-not-read",
        `${element.text} is of another type than ${first.declaration.name}: the engine takes it for not there`,
        element,
      )
    list.members!.add(element.text)
  }
}

/** What a set of the other IP version holds, no packet of this one has. */
function isOfFamily({ family }: IpsetState): (member: IpsetState) => boolean {
  return (member) => member.family === family
}

function keyOf({ declaration }: IpsetState): string {
  return declaration.key.join()
}

/** The set as rules ask it. */
export function declarationOf(state: IpsetState, sets: ReadonlyMap<string, IpsetState>): SetDeclaration {
  const own = [...state.elements.values()]
  if (!state.members) return { ...state.declaration, ...(own.length > 0 && { elements: own }) }
  const members = [...state.members].flatMap((name) => sets.get(name) ?? []).filter(isOfFamily(state))
  const [first] = members
  if (!first) return state.declaration
  const alike = members.filter((member) => keyOf(member) === keyOf(first))
  const elements = new Map(alike.flatMap((member) => [...member.elements]))
  const flags = new Set(alike.flatMap(({ declaration }) => declaration.flags))
  const { timeout: _timeout, size: _size, ...shape } = first.declaration
  return {
    ...shape,
    name: state.declaration.name,
    flags: [...flags],
    ...(flags.has("interval") && shape.key.length === 1 && { autoMerge: true }),
    ...(elements.size > 0 && { elements: [...elements.values()] }),
    ...(state.declaration.origin && { origin: state.declaration.origin }),
  }
}

function remove(name: Word, [element]: readonly Word[], rules: Rules, isExist: boolean): void {
  const state = stateOf(name, element, rules)
  if (!state || !element || state.isUnread) return
  if (state.members) {
    if (!state.members.delete(element.text) && !isExist)
      rules.report.error("xt-no-rule", `${element.text} is not in the set ${name.text}`, element)
    return
  }
  const keys = parseElement(element.text, state)
  if (isProblem(keys)) {
    rules.report.add("error", keys, element)
    return
  }
  const missing = keys.filter((key) => !state.elements.delete(JSON.stringify(key)))
  if (missing.length > 0 && !isExist)
    rules.report.error("xt-no-rule", `${element.text} is not in the set ${name.text}`, element)
}

function stateOf(name: Word, element: Word | undefined, rules: Rules): IpsetState | undefined {
  const state = rules.sets.get(name.text)
  if (!state) rules.report.error("unknown-set", `there is no set ${name.text}`, name)
  else if (!element) rules.report.error("xt-command", "an element is missing", name)
  return state
}

const flush: Verb = (name, _rest, rules) => {
  const state = rules.sets.get(name.text)
  state?.elements.clear()
  state?.members?.clear()
}
const forget: Verb = (name, _rest, rules) => void rules.sets.delete(name.text)
const nothing: Verb = () => {}

const commands: Readonly<Record<string, Verb>> = {
  create,
  "-N": create,
  n: create,
  add,
  "-A": add,
  del: remove,
  "-D": remove,
  flush,
  "-F": flush,
  destroy: forget,
  "-X": forget,
  list: nothing,
  save: nothing,
  test: nothing,
  "-L": nothing,
}

/** `192.0.2.1,tcp:80` by the parts of the set's type: the elements that it stands for. */
function parseElement(text: string, { parts, family, declaration }: IpsetState): readonly Item[] | Problem {
  const texts = text.split(",")
  if (texts.length !== parts.length)
    return badValue(
      `an element of this set has ${parts.length} ${parts.length === 1 ? "part" : "parts"}, and "${text}" has ${texts.length}`,
    )
  const items: Item[] = []
  const single: boolean[] = []
  for (const [index, part] of parts.entries()) {
    const found = partItems(texts[index]!, part, family, declaration)
    if (isProblem(found)) return found
    items.push(...(found as readonly Item[]))
    single.push(...(found as readonly Item[]).map(() => part !== "net"))
  }
  return membersOf(items, single)
}

function partItems(
  text: string,
  part: string,
  family: 4 | 6,
  declaration: SetDeclaration,
): readonly Item[] | Problem {
  switch (part) {
    case "port":
      return portItems(text, family, declaration.key[0] === "inet_service")
    case "mac": {
      if (!/^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}$/i.test(text))
        return badValue(`"${text}" is not a hardware address`)
      const bytes = text.split(":").map((byte) => Number.parseInt(byte, 16))
      return [
        {
          value: [
            ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0,
            bytes[4]! * 256 + bytes[5]!,
          ],
        },
      ]
    }
    case "mark": {
      const mark = numberIn(text, 0, 0xffffffff)
      return typeof mark === "number" ? [{ value: [mark] }] : mark
    }
    case "iface":
      return text.length > 0 && text.length <= 15
        ? [{ value: text.replace(/^physdev:/, "") }]
        : badValue(`"${text}" is not an interface`)
    default:
      return addressItems(text, family, declaration.keyLength)
  }
}

function addressItems(text: string, family: 4 | 6, keyLength: number | undefined): readonly Item[] | Problem {
  const width = family === 4 ? 32 : 128
  const range = text.split("-")
  if (range.length === 2) {
    const [from, to] = range.map((each) => addressWords(each, family)) as [
      readonly number[] | Problem,
      readonly number[] | Problem,
    ]
    if ("id" in from) return from
    return "id" in to ? to : [{ from, to }]
  }
  const slash = text.indexOf("/")
  const host = slash < 0 ? text : text.slice(0, slash)
  const words = addressWords(host, family)
  if ("id" in words) return words
  // What iptables pads behind, ipset pads before: nobody writes it.
  if (!parseAddress(host)) return badValue(`"${host}" is not an IPv4 address`)
  const length = slash < 0 ? (keyLength ?? width) : numberIn(text.slice(slash + 1), 0, width)
  if (typeof length !== "number") return length
  const cut = words.map((word, index) => {
    const ones = Math.min(32, Math.max(0, length - 32 * index))
    return ones === 0 ? 0 : (word & (0xffffffff << (32 - ones))) >>> 0
  })
  return length === width || slash < 0 ? [{ value: cut }] : [{ prefix: cut, length }]
}

/** `80`, `tcp:80`, `udp:53-54`, `icmp:8/0`: TCP unless told. Of a bitmap the port alone. */
function portItems(text: string, family: 4 | 6, isAlone: boolean): readonly Item[] | Problem {
  const colon = text.indexOf(":")
  const protocol = colon < 0 ? 6 : parseProtocol(text.slice(0, colon))
  if (typeof protocol !== "number") return protocol
  const rest = colon < 0 ? text : text.slice(colon + 1)
  const named = protocol === 1 ? icmpNames[rest] : protocol === 58 ? icmpv6Names[rest] : undefined
  const typeAndCode = /^(\d+)\/(\d+)$/.exec(rest)
  if (protocol === 1 || protocol === 58) {
    const value = named
      ? named[0] * 256 + named[1]
      : typeAndCode
        ? Number(typeAndCode[1]) * 256 + Number(typeAndCode[2])
        : undefined
    if (value === undefined || value > 65535)
      return badValue(`"${rest}" is not a type of ICMP${family === 6 ? "v6" : ""}`)
    return [{ value: [protocol] }, { value: [value] }]
  }
  const ends = rest.split("-").map(parsePort)
  const wrong = ends.find(isProblem)
  if (wrong) return wrong
  const [from = 0, to = from] = ends as number[]
  const port: Item = from === to ? { value: [from] } : { from: [from], to: [to] }
  return isAlone ? [port] : [{ value: [protocol] }, port]
}
