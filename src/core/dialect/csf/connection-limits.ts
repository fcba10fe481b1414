import type { Draft } from "../imported.js"
import { type ListItem, listItems, type Setting } from "./conf.js"
import { breaksOpen, type Findings, flow, type Mistake, off, path, type Told } from "./findings.js"
import { perlNumber, policyPort, readCsfPort } from "./port.js"

/** What csf makes of an item of CONNLIMIT (`port;limit`). */
export type ConnectionLimitItem =
  | {
      readonly kind: "limit"
      readonly port: string
      readonly from: number
      readonly to: number
      readonly limit: number
      readonly extra: readonly string[]
    }
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "breaks"; readonly why: string }
  | { readonly kind: "ambiguous"; readonly why: string }

export function readConnectionLimitItem(text: string): ConnectionLimitItem {
  const [port = "", limit = "", ...rest] = text.split(";")
  const number = perlNumber(port)
  if (number < 0 || number > 65_535) return { kind: "breaks", why: `${port} is no port` }
  if (perlNumber(limit) < 1 || !/\d/.test(limit)) {
    return { kind: "breaks", why: limit === "" ? "it names no limit" : `the limit ${limit} is not 1 or more` }
  }
  const ports = readCsfPort(port)
  if (ports.kind !== "range") return ports
  if (/^0\d/.test(limit))
    return { kind: "ambiguous", why: `${limit} begins with a zero, which iptables takes for octal` }
  if (!/^\d+$/.test(limit) || Number(limit) > 0xffffffff)
    return { kind: "refused", why: `iptables refuses the limit "${limit}"` }
  return {
    kind: "limit",
    port,
    ...ports.range,
    limit: Number(limit),
    extra: rest.filter((field) => field !== ""),
  }
}

/** `CONNLIMIT = "22;5,80;20"`: so many TCP connections of a source to a port at a time. */
export function readConnectionLimits(findings: Findings, setting: Setting): Told | null {
  const items = listItems(setting)
  if (items.length === 0 || setting.value.trim() === "0") {
    return off("CSF limits no port's connections: the list is empty")
  }
  const taken: { readonly from: number; readonly to: number; readonly limit: number }[] = []
  for (const item of items) findings.tell(item, told(item, taken, findings))
  return null
}

function told(
  item: ListItem,
  taken: { readonly from: number; readonly to: number; readonly limit: number }[],
  { connections, configuration, exact }: Findings,
): Told {
  const read = readConnectionLimitItem(item.plain)
  if (read.kind === "breaks") {
    return breaksOpen(item, read.why, "port;limit: 22;5")
  }
  if (read.kind === "refused") {
    return {
      owner: "nothing",
      does: `no rule is there: ${read.why}, and CSF goes on without`,
      relation: "same",
      protects: false,
      mistakes: [{ id: "csf-rule-refused", message: `"${item.text}" protects nothing: ${read.why}` }],
    }
  }
  const mistakes: Mistake[] = []
  const lost = (does: string, why: string, mistake: Mistake): Told => ({
    owner: "partly",
    does,
    relation: "lost",
    why,
    protects: true,
    mistakes: [...mistakes, mistake],
  })
  if (read.kind === "ambiguous") {
    return lost(
      `what CSF does depends on who reads the number: ${read.why}`,
      "what was meant is not clear, and is not guessed at",
      {
        id: "csf-ambiguous",
        message: `"${item.text}" can be read in two ways: ${read.why}`,
      },
    )
  }
  const port = policyPort(read, "tcp")
  const does = `beyond ${read.limit} connections of a source to port ${port ?? "0/tcp"} at a time its SYNs are answered with RST; half-open ones count, and a restart of CSF counts anew`
  if (port === undefined) {
    return {
      owner: "nothing",
      does: "its rule asks for port 0, which nobody dials",
      relation: "same",
      protects: false,
      mistakes: [{ id: "csf-rule-refused", message: `"${item.text}" protects nothing: nobody dials port 0` }],
    }
  }
  if (read.extra.length > 0 || /\d\s+\d/.test(item.text)) {
    const mistake: Mistake = {
      id: "csf-fields-extra",
      message: `"${item.text}" has more than a port and a limit; CSF takes the limit ${read.limit}`,
      hint: "items have commas between them: 22;5,80;20",
    }
    if (!exact) return lost(does, "what was meant is not clear, and is not guessed at", mistake)
    mistakes.push(mistake)
  }
  const before = taken.find((other) => other.from <= read.to && read.from <= other.to)
  const isRepeated = before?.from === read.from && before.to === read.to && before.limit === read.limit
  if (before && !isRepeated) {
    return lost(does, "a port has one setting in a policy, and this one has one already", {
      id: "csf-not-carried",
      message: `port ${read.port} has a setting already`,
      hint: "say in the policy which of the two counts",
    })
  }
  taken.push(read)
  const value: Draft =
    exact && configuration.filtersIpv6
      ? { limit: read.limit, per: { ipv4: "/32", ipv6: "/128" } }
      : read.limit
  connections[port] = value
  const neighbours = !exact && configuration.filtersIpv6
  return {
    owner: "works",
    does,
    becomes: [path(`connections.${port}`, flow(value))],
    relation: "stricter",
    why: `who has too many gets no answer, where CSF answers with RST${neighbours ? "; the addresses of an IPv6 /64 count as one source" : ""}`,
    protects: true,
    mistakes,
  }
}
