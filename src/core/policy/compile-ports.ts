import type { PortRange } from "../base/ports.js"
import { TCP, UDP } from "../packet/packet.js"
import { concat, inSet, l4proto, notInSet, parts, portItem, returnVerdict, th } from "../ruleset/build.js"
import type { StepNode } from "../ruleset/node.js"
import type { Rule } from "../ruleset/ruleset.js"
import type { Item } from "../ruleset/value.js"
import { families, fromHosts, hasFamily } from "./compile-hosts.js"
import { rule } from "./compile-rule.js"
import type { PortSelector, Protection } from "./policy.js"

const protocols = { tcp: [TCP], udp: [UDP], any: [TCP, UDP] } as const

/** `meta l4proto . th dport { tcp . 22, udp . 53 }`; nothing where no port is named. */
export function toPorts(ports: readonly PortSelector[]): readonly StepNode[] {
  return ports.length === 0 ? [] : [inSet(concat(l4proto, th("dport")), portItems(ports))]
}

export function portItems(ports: readonly PortSelector[]): readonly Item[] {
  return [TCP, UDP].flatMap((number) => {
    const own = ports.filter(({ protocol }) => (protocols[protocol] as readonly number[]).includes(number))
    return distinctRanges(own.map(({ range }) => range)).map((range) => parts(number, portItem(range)))
  })
}

/** The same ports in ranges that do not overlap, which nft refuses in a set. */
export function distinctRanges(ranges: readonly PortRange[]): readonly PortRange[] {
  const merged: PortRange[] = []
  for (const range of [...ranges].sort((left, right) => left.from - right.from || left.to - right.to)) {
    const last = merged.at(-1)
    if (last && range.from <= last.to) {
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, range.to) }
    } else merged.push(range)
  }
  return merged
}

/** The first rules of a chain of its own: the hosts of `for`, and other ports than those named, go back untouched. */
export function sparing(protection: Protection): readonly Rule[] {
  const { origin, ports, exceptions } = protection
  const hosts = exceptions.flatMap((exception) => exception.hosts)
  const spared = families
    .filter((family) => hasFamily(hosts, family))
    .map((family) => rule(origin, fromHosts(hosts, family), returnVerdict))
  if (ports.length === 0) return spared
  return [...spared, rule(origin, notInSet(concat(l4proto, th("dport")), portItems(ports)), returnVerdict)]
}
