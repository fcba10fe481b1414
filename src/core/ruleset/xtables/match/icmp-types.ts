import type { Problem } from "../../../base/diagnostic.js"
import type { ValueSpec } from "../extension.js"
import { badValue } from "../problem.js"
import { numberIn } from "../value-number.js"

/** Type, first and last code. */
export type IcmpNames = Readonly<Record<string, readonly [number, number, number]>>

const any = [0, 255] as const

/** The names that iptables knows (`iptables -p icmp --help`); numbers of RFC 792, RFC 1122, RFC 1256 and RFC 1812. */
export const icmpNames: IcmpNames = {
  any: [255, ...any],
  "echo-reply": [0, ...any],
  pong: [0, ...any],
  "destination-unreachable": [3, ...any],
  "network-unreachable": [3, 0, 0],
  "host-unreachable": [3, 1, 1],
  "protocol-unreachable": [3, 2, 2],
  "port-unreachable": [3, 3, 3],
  "fragmentation-needed": [3, 4, 4],
  "source-route-failed": [3, 5, 5],
  "network-unknown": [3, 6, 6],
  "host-unknown": [3, 7, 7],
  "network-prohibited": [3, 9, 9],
  "host-prohibited": [3, 10, 10],
  "TOS-network-unreachable": [3, 11, 11],
  "TOS-host-unreachable": [3, 12, 12],
  "communication-prohibited": [3, 13, 13],
  "host-precedence-violation": [3, 14, 14],
  "precedence-cutoff": [3, 15, 15],
  "source-quench": [4, ...any],
  redirect: [5, ...any],
  "network-redirect": [5, 0, 0],
  "host-redirect": [5, 1, 1],
  "TOS-network-redirect": [5, 2, 2],
  "TOS-host-redirect": [5, 3, 3],
  "echo-request": [8, ...any],
  ping: [8, ...any],
  "router-advertisement": [9, ...any],
  "router-solicitation": [10, ...any],
  "time-exceeded": [11, ...any],
  "ttl-exceeded": [11, ...any],
  "ttl-zero-during-transit": [11, 0, 0],
  "ttl-zero-during-reassembly": [11, 1, 1],
  "parameter-problem": [12, ...any],
  "ip-header-bad": [12, 0, 0],
  "required-option-missing": [12, 1, 1],
  "timestamp-request": [13, ...any],
  "timestamp-reply": [14, ...any],
  "address-mask-request": [17, ...any],
  "address-mask-reply": [18, ...any],
}

/** `ip6tables -p icmpv6 --help`; numbers of RFC 4443, RFC 4861, RFC 2710 and RFC 3810. */
export const icmpv6Names: IcmpNames = {
  "destination-unreachable": [1, ...any],
  "no-route": [1, 0, 0],
  "communication-prohibited": [1, 1, 1],
  "beyond-scope": [1, 2, 2],
  "address-unreachable": [1, 3, 3],
  "port-unreachable": [1, 4, 4],
  "failed-policy": [1, 5, 5],
  "reject-route": [1, 6, 6],
  "packet-too-big": [2, ...any],
  "time-exceeded": [3, ...any],
  "ttl-exceeded": [3, ...any],
  "ttl-zero-during-transit": [3, 0, 0],
  "ttl-zero-during-reassembly": [3, 1, 1],
  "parameter-problem": [4, ...any],
  "bad-header": [4, 0, 0],
  "unknown-header-type": [4, 1, 1],
  "unknown-option": [4, 2, 2],
  "echo-request": [128, ...any],
  ping: [128, ...any],
  "echo-reply": [129, ...any],
  pong: [129, ...any],
  "mld-listener-query": [130, ...any],
  "mld-listener-report": [131, ...any],
  "mld-listener-done": [132, ...any],
  "mld-listener-reduction": [132, ...any],
  "router-solicitation": [133, ...any],
  "router-advertisement": [134, ...any],
  "neighbour-solicitation": [135, ...any],
  "neighbor-solicitation": [135, ...any],
  "neighbour-advertisement": [136, ...any],
  "neighbor-advertisement": [136, ...any],
  redirect: [137, ...any],
}

/** A name, or the beginning of one that only one has; `TYPE`, `TYPE/CODE`, `TYPE/FIRST:LAST`. The value is `[type, first code, last code]`. */
export function icmpType(names: IcmpNames, protocol: string): ValueSpec {
  return {
    shape: `${protocol} type: a name, a number, or number/code`,
    parse: (text) => byName(text, names, protocol) ?? byNumber(text),
    print: (value) => {
      const [type, from, to] = value as readonly [number, number, number]
      if (type === 255 && from === 0 && to === 255 && "any" in names) return "any"
      if (from === 0 && to === 255) return `${type}`
      return from === to ? `${type}/${from}` : `${type}/${from}:${to}`
    },
  }
}

function byName(text: string, names: IcmpNames, protocol: string): readonly number[] | Problem | undefined {
  if (!/^[a-z]/i.test(text)) return undefined
  const wanted = text.toLowerCase()
  const all = Object.keys(names)
  const exact = all.find((name) => name.toLowerCase() === wanted)
  if (exact !== undefined) return names[exact]
  const found = all.filter((name) => name.toLowerCase().startsWith(wanted))
  if (found.length === 1) return names[found[0]!]
  if (found.length > 1) return badValue(`"${text}" is the beginning of ${found.join(" and ")}`)
  return badValue(`"${text}" is not a type of ${protocol}`)
}

function byNumber(text: string): readonly number[] | Problem {
  const [typeText, codeText, ...more] = text.split("/")
  const type = numberIn(typeText!, 0, 255)
  if (typeof type !== "number") return type
  if (codeText === undefined) return [type, 0, 255]
  const [fromText, toText = fromText, ...rest] = codeText.split(":")
  const from = numberIn(fromText!, 0, 255)
  const to = numberIn(toText!, 0, 255)
  if (typeof from !== "number") return from
  if (typeof to !== "number") return to
  if (more.length > 0 || rest.length > 0 || from > to) return badValue(`"${text}" is not type/code`)
  return [type, from, to]
}
