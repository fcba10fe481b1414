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
  const texts = new Set<string>()
  return ports.flatMap(({ protocol, range }) =>
    protocols[protocol].flatMap((number) => {
      const text = `${number} ${range.from} ${range.to}`
      if (texts.has(text)) return []
      texts.add(text)
      return [parts(number, portItem(range))]
    }),
  )
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
