import { isProblem } from "../base/diagnostic.js"
import { didYouMean } from "../base/nearest.js"
import type { AddressBook } from "./addresses.js"
import type { Opening, PortSelector, WrittenAddresses } from "./policy.js"
import { parsePort, printPort, readPortList, readPortWords } from "./port-list.js"
import type { Report } from "./report.js"
import { scalarOf } from "./setting.js"
import { entryOf, flowText, type MapNode, type Node, type ScalarNode } from "./tree.js"

/** What is open to everybody, and what only to some or only in part. */
export interface OpenList {
  readonly ports: readonly PortSelector[]
  readonly openings: readonly Opening[]
}

/** Where such an item's connections may end: at this host, or behind it. */
export const openingEnds = ["here", "through"] as const

export const openingKeys = ["ports", "from", "to", "only"]

const openingForm = "{ ports: [ssh], from: [office] }"

interface ListContext {
  readonly report: Report
  readonly addresses: AddressBook
}

/** Reads `[http, { ports: [ssh], from: [office] }, { ports: all, only: through }]`: ports, and items that are maps. */
export function readOpenList(node: Node, context: ListContext): OpenList {
  const { report } = context
  if (node.kind === "map" && !isOfPorts(node)) {
    const opening = readOpening(node, context)
    return { ports: [], openings: opening ? [opening] : [] }
  }
  if (node.kind === "list") {
    const items = node.items.map((item) => readOpenList(item, context))
    return {
      ports: items.flatMap(({ ports }) => ports),
      openings: items.flatMap(({ openings }) => openings),
    }
  }
  if (node.kind === "scalar" && node.text === "all") {
    report.error("not-a-port", node.span, "all is open without any word: open is what closes the rest", {
      hint: "leave open out; what is passed on alone is { ports: all, only: through }",
    })
    return { ports: [], openings: [] }
  }
  return { ports: readPortList(node, report), openings: [] }
}

/** `{ ssh: 22 }`: somebody gave a port a setting, as port-floods has them. */
function isOfPorts({ entries }: MapNode): boolean {
  return entries.length > 0 && entries.every(({ key }) => !isProblem(parsePort(key.text)))
}

function readOpening(node: MapNode, { report, addresses }: ListContext): Opening | undefined {
  for (const { key } of node.entries) if (!openingKeys.includes(key.text)) unknownKey(key, report)
  const ports = readPorts(node, report)
  const from = readHosts("from", node, addresses, report)
  const to = readHosts("to", node, addresses, report)
  const only = readEnd(node, report)
  if (ports === undefined) return undefined
  return {
    ports,
    ...(from && { from }),
    ...(to && { to }),
    ...(only && { only }),
    origin: { span: node.span, text: `open: ${flowText(node)}` },
  }
}

function readPorts(node: MapNode, report: Report): readonly PortSelector[] | "all" | undefined {
  const entry = entryOf(node, "ports")
  if (!entry) {
    return report.error("ports-missing", node.span, "an item of open does not say which ports", {
      hint: `${openingForm}; ports: all is every port and protocol`,
    })
  }
  const { value } = entry
  const words = value.kind === "list" ? value.items : [value]
  const all = words.find((word) => word.kind === "scalar" && word.text === "all")
  if (!all) return readPortList(value, report)
  if (words.length === 1) return "all"
  return report.error("not-a-port", all.span, "all stands alone: it is every port and every protocol", {
    hint: "ports: all",
  })
}

function readHosts(
  name: "from" | "to",
  node: MapNode,
  addresses: AddressBook,
  report: Report,
): WrittenAddresses | undefined {
  const entry = entryOf(node, name)
  if (!entry) return undefined
  const { value } = entry
  const end = value.kind === "scalar" && openingEnds.find((word) => word === value.text)
  if (name === "to" && end) {
    return report.error("unknown-address", value.span, `${end} is not an address`, {
      hint: `write only: ${end}`,
    })
  }
  return addresses.list(value)
}

function readEnd(node: MapNode, report: Report): Opening["only"] {
  const entry = entryOf(node, "only")
  if (!entry) return undefined
  const text = scalarOf(entry.value, "only", "here or through", report)
  if (text === undefined) return undefined
  const end = openingEnds.find((word) => word === text)
  if (end) return end
  return report.error("not-an-option", entry.value.span, `"${text}" is not a value of only`, {
    hint:
      otherEnds.get(text.toLowerCase()) ??
      didYouMean(text, openingEnds) ??
      "only: here is for this host, only: through for what it passes on",
  })
}

const otherEnds = new Map([
  ["input", "write here"],
  ["host", "write here"],
  ["local", "write here"],
  ["forward", "write through"],
  ["forwarded", "write through"],
  ["router", "write through"],
])

function unknownKey({ text, span }: ScalarNode, report: Report): void {
  const isOfOpen = text === "for" || text === "action" || text === "block-for"
  const hint = isOfOpen
    ? `${text} is for open as a whole: open: { ports: [${openingForm}], ${text}: … }`
    : (keyAliases.get(text.toLowerCase()) ??
      didYouMean(text, openingKeys) ??
      `its keys are ${openingKeys.join(", ")}`)
  report.error("unknown-key", span, `"${text}" is not a key of an item of open`, { hint })
}

const keyAliases = new Map([
  ["port", "write ports"],
  ["source", "write from"],
  ["src", "write from"],
  ["hosts", "write from"],
  ["destination", "write to"],
  ["dst", "write to"],
])

/** The normal form, as YAML; `word` quotes what needs it. */
export function printOpening({ ports, from, to, only }: Opening, word: (text: string) => string): string {
  const list = (words: readonly string[]) => `[${words.map(word).join(", ")}]`
  const keys = [
    `ports: ${ports === "all" ? "all" : list(ports.map(printPort))}`,
    ...(from ? [`from: ${list(from.written)}`] : []),
    ...(to ? [`to: ${list(to.written)}`] : []),
    ...(only ? [`only: ${only}`] : []),
  ]
  return `{ ${keys.join(", ")} }`
}

/** Every port that the value of `open` or of another list of ports names, whoever may reach it; for whoever asks before it is read. */
export function portsNamed(node: Node, report: Report): PortSelector[] {
  if (node.kind === "list") return node.items.flatMap((item) => portsNamed(item, report))
  if (node.kind === "scalar") return node.text === "all" ? [] : readPortWords(node, report)
  const ports = node.kind === "map" ? entryOf(node, "ports") : undefined
  return ports ? portsNamed(ports.value, report) : []
}
