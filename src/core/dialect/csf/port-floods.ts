import type { PortRange } from "../../base/ports.js"
import type { Draft } from "../imported.js"
import { type ListItem, listItems, type Setting } from "./conf.js"
import { breaksOpen, type Findings, flow, type Mistake, off, ordinal, path, type Told } from "./findings.js"
import { policyPort } from "./port.js"
import { firstDropped, type PortFloodItem, readPortFloodItem } from "./port-flood-item.js"

type Pair = Extract<PortFloodItem, { kind: "pair" }>

/** Ten years: the longest time of the policy's language. */
const longest = 3650 * 86_400

interface Entry {
  readonly item: ListItem
  readonly read: PortFloodItem
}

/** `PORTFLOOD = "22;tcp;5;300,80;tcp;20;5"`: each item a pair of rules, one that stamps each new connection, and one that drops where there are too many stamps. */
export function readPortFloods(findings: Findings, setting: Setting): Told | null {
  const entries = listItems(setting).map((item) => ({ item, read: readPortFloodItem(item.plain) }))
  if (entries.length === 0 || setting.value.trim() === "0") {
    return off("CSF limits no port: the list is empty")
  }
  const taken: { readonly pair: Pair; readonly limit: number }[] = []
  for (const entry of entries) findings.tell(entry.item, told(entry, entries, taken, findings))
  return null
}

function told(
  entry: Entry,
  all: readonly Entry[],
  taken: { readonly pair: Pair; readonly limit: number }[],
  findings: Findings,
): Told {
  const { item, read } = entry
  switch (read.kind) {
    case "breaks":
      return breaksOpen(item, read.why, "port;protocol;count;seconds: 22;tcp;5;300")
    case "skipped":
      return nothing(`CSF prints a warning and skips the item: ${read.why}`, skipMistake(item, read))
    case "refused":
      return nothing(`no rule is there: ${read.why}, and CSF goes on without`, {
        id: "csf-rule-refused",
        message: `"${item.text}" protects nothing: ${read.why}`,
      })
    case "stamps":
      return nothing(`only the rule that stamps is there, and nothing is dropped: ${read.why}`, {
        id: "csf-rule-refused",
        message: `"${item.text}" protects nothing: ${read.why}`,
        hint: "seconds are digits alone: 300",
      })
    case "ambiguous":
      return {
        owner: "partly",
        does: `what CSF does depends on who reads the number: ${read.why}`,
        relation: "lost",
        why: "what was meant is not clear, and is not guessed at",
        protects: true,
        mistakes: [{ id: "csf-ambiguous", message: `"${item.text}" can be read in two ways: ${read.why}` }],
      }
    case "pair":
      return pair(item, read, all, taken, findings)
  }
}

function nothing(does: string, mistake: Mistake): Told {
  return {
    owner: "nothing",
    does,
    relation: "same",
    protects: false,
    mistakes: [mistake],
  }
}

/** A count that is too large may be the seconds: other firewalls write them first. */
function skipMistake(item: ListItem, read: Extract<PortFloodItem, { kind: "skipped" }>): Mistake {
  const [port = "", protocol = ""] = item.plain.split(";")
  const { count, seconds } = read
  const message = `"${item.text}" protects nothing: ${read.why}`
  const key = `${port}/${protocol}`
  const write = (hits: number, time: number) =>
    `port-floods: { ${key}: { limit: more than ${hits} in ${time}s, action: drop, block-for: ${time}s, lift: until-quiet } }`
  if (!Number.isInteger(count) || count < 1 || !Number.isInteger(seconds) || seconds < 1)
    return { id: "csf-count", message }
  if (seconds <= 20) {
    return {
      id: "csf-fields-swapped",
      message: `${message}; perhaps count and seconds are swapped, perhaps not`,
      hint: `if ${count} are the seconds, write ${write(seconds, count)}; if they are the count, ${write(count, seconds)}`,
    }
  }
  return { id: "csf-count", message, hint: `if that is what is meant, write ${write(count, seconds)}` }
}

function pair(
  item: ListItem,
  read: Pair,
  all: readonly Entry[],
  taken: { readonly pair: Pair; readonly limit: number }[],
  findings: Findings,
): Told {
  const { count, seconds, range, protocol } = read
  const { exact, configuration } = findings
  const sharing = all.filter(({ read: other }) => hasList(other) && other.list === read.list)
  const own = sharing
    .map(({ read: other }) => other)
    .filter((other) => hasList(other) && other.protocol === protocol)
  const dropped = firstDropped(own) ?? count
  const isAlone = own.length === 1
  const mistakes: Mistake[] = []
  const port = policyPort(range, protocol)
  const name = policyPort(range) ?? "0"
  const isStateless = !configuration.isOn("LF_SPI")
  const what = isStateless ? "packet" : "new connection"
  const does = `the ${ordinal(dropped)} ${what} of a source to port ${name}/${protocol} within ${seconds}s is dropped, where CSF's manual lets ${count} pass, and so are all while ${count} are remembered in ${seconds}s, dropped ones twice`
  if (port === undefined) {
    return nothing("its rules ask for port 0, which nobody dials", {
      id: "csf-rule-refused",
      message: `"${item.text}" protects nothing: nobody dials port 0`,
    })
  }
  if (!configuration.hasTarget) {
    const target = configuration.value("DROP")
    return nothing(
      `its rules count, and drop nothing: iptables has no target "${target}", which DROP names`,
      {
        id: "csf-rule-refused",
        message: `"${item.text}" protects nothing: iptables has no target "${target}"`,
        hint: 'DROP = "DROP"',
      },
    )
  }
  const lost = (why: string, ...more: Mistake[]): Told => ({
    owner: "partly",
    does,
    relation: "lost",
    why,
    protects: true,
    mistakes: [...mistakes, ...more],
  })
  if (read.extra.length > 0 || /[\d]\s+[\d]/.test(item.text)) {
    const missing = /\s/.test(item.text) || read.extra.length >= 3
    const message = missing
      ? `"${item.text}" lacks a comma: CSF counts over ${seconds} seconds, and passes over what follows`
      : `"${item.text}" has ${read.extra.length} fields too many, which CSF passes over`
    const mistake: Mistake = {
      id: "csf-fields-extra",
      message,
      hint: "items have commas between them: 22;tcp;5;300,80;tcp;20;5",
    }
    if (!exact) return lost("what was meant is not clear, and is not guessed at", mistake)
    mistakes.push(mistake)
  }
  if (seconds > longest) {
    return lost("a policy counts over ten years at most", {
      id: "csf-not-carried",
      message: `${seconds} seconds are more than a policy counts over`,
    })
  }
  if (dropped === 1) {
    mistakes.push({
      id: "csf-closes-port",
      message: `"${item.text}" closes the port: CSF drops the first connection already, whoever opens it`,
    })
  } else if (isAlone) {
    mistakes.push({
      id: "csf-one-less",
      message: `CSF lets ${count - 1} pass, and not ${count}: its rule stamps a connection before it counts`,
    })
  }
  if (!isAlone) {
    mistakes.push({
      id: "csf-list-shared",
      message: `port ${read.list} stands in ${own.length} items of ${protocol} that share one list, so that the ${ordinal(dropped)} connection is dropped`,
      hint: "one item for each port",
    })
  } else if (sharing.length > 1) {
    mistakes.push({
      id: "csf-list-shared",
      message: `tcp and udp to port ${read.list} share one list: packets of the one count for the other, and can lock it`,
    })
  }
  const allowed = exact ? dropped - 1 : count
  if (allowed === 0)
    return lost("a limit of a policy lets one connection pass at least; leave the port out of open")
  const before = taken.find(({ pair: other }) => other.protocol === protocol && overlap(other.range, range))
  const isRepeated =
    before !== undefined &&
    before.limit === allowed &&
    before.pair.seconds === seconds &&
    policyPort(before.pair.range) === policyPort(range)
  if (before && !isRepeated) {
    return lost(
      `a port has one setting in a policy, and ${before.pair.list} of ${protocol} has one already`,
      {
        id: "csf-not-carried",
        message: `port ${read.list} of ${protocol} has a setting already`,
        hint: "say in the policy which of the two counts",
      },
    )
  }
  taken.push({ pair: read, limit: allowed })
  const { key, value } = carried(read, { allowed, port, isAlone }, sharing, findings)
  const countsOther = sharing.length > own.length && key === port
  const isExact = exact && isAlone && !isStateless && !countsOther
  return {
    owner: isAlone && !isStateless && read.extra.length === 0 ? "works" : "partly",
    does,
    becomes: [path(`port-floods.${key}`, flow(value))],
    ...(isExact
      ? { relation: "stricter", why: remembersMore }
      : { relation: "looser", why: why(read, allowed, { exact, isAlone, isStateless, countsOther }) }),
    protects: true,
    mistakes,
  }
}

/** What CSF counts together is one setting under exact, where its numbers are the same for both protocols. */
function carried(
  { count, seconds, range }: Pair,
  { allowed, port, isAlone }: { readonly allowed: number; readonly port: string; readonly isAlone: boolean },
  sharing: readonly Entry[],
  { exact, portFloods, configuration }: Findings,
): { readonly key: string; readonly value: Draft } {
  const value: Draft = {
    limit: `more than ${allowed} in ${seconds}s`,
    ...(exact && configuration.filtersIpv6 && { per: { ipv4: "/32", ipv6: "/128" } }),
    action: "drop",
    ...(exact && isAlone ? { lift: "sliding" } : { "block-for": `${seconds}s`, lift: "until-quiet" }),
  }
  const isShared =
    exact &&
    sharing.length === 2 &&
    new Set(sharing.map(({ read }) => (hasList(read) ? read.protocol : ""))).size === 2 &&
    sharing.every(({ read }) => read.kind === "pair" && read.count === count && read.seconds === seconds)
  const key = isShared ? (policyPort(range) ?? port) : port
  portFloods[key] = value
  return { key, value }
}

/** What is left of the differences where both count alike. */
const remembersMore =
  "it counts as CSF does, and remembers 65536 sources for each port, where CSF has room for 100 and forgets the one that was quiet longest: who comes from a hundred addresses lifts every block there"

interface Circumstances {
  readonly exact: boolean
  readonly isAlone: boolean
  readonly isStateless: boolean
  readonly countsOther: boolean
}

function why(
  { count, seconds }: Pair,
  allowed: number,
  { exact, isAlone, isStateless, countsOther }: Circumstances,
): string {
  const more = exact
    ? []
    : [`${count} connections pass, as CSF's manual says, where its rules let ${count - 1}`]
  const slides = exact && isAlone
  if (allowed > 1 && !slides) more.push(`where two windows of ${seconds}s meet, up to ${allowed * 2} pass`)
  const stamps = Math.ceil((count - 1) / 2)
  if (stamps > 1 && !slides) {
    more.push(
      `stricter: who was dropped stays out until ${seconds}s are quiet, where CSF lets in who tries less than once in ${Math.round(seconds / stamps)}s`,
    )
  }
  if (isStateless) more.push("only new connections are counted, and not every packet")
  if (countsOther) more.push("tcp and udp are counted apart")
  return more.join("; ") || "each limit has its own count"
}

function hasList(item: PortFloodItem): item is Extract<PortFloodItem, { kind: "pair" | "stamps" }> {
  return item.kind === "pair" || item.kind === "stamps"
}

function overlap(left: PortRange, right: PortRange): boolean {
  return left.from <= right.to && right.from <= left.to
}
