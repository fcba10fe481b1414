import { isProblem } from "../../base/diagnostic.js"
import type { SetDeclaration } from "../../ruleset/ruleset.js"
import type { TypeName } from "../../ruleset/type.js"
import { numberIn, parseNumber } from "../../ruleset/xtables/value-number.js"
import { parseElement } from "./ipset-element.js"
import { DEFAULT_SIZE, type IpsetState, isOfFamily, keyOf } from "./ipset-state.js"
import type { Rules } from "./rules.js"
import type { Word } from "./words.js"

const SECOND = 1e9

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
