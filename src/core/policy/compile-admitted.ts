import { ACK, FIN, RST, SYN } from "../packet/packet.js"
import { accept, and, concat, counter, inSet, ipOf, nfproto, notEqual, tcp } from "../ruleset/build.js"
import type { StepNode } from "../ruleset/node.js"
import type { Rule, SetDeclaration } from "../ruleset/ruleset.js"
import { families } from "./compile-hosts.js"
import { rule } from "./compile-rule.js"
import { admitted4, admitted6, warmUp } from "./first-apply.js"
import type { Protection } from "./policy.js"

export const admittedSets: readonly SetDeclaration[] = [admitted4, admitted6, warmUp]

/**
 * Before a packet is dropped for belonging to no connection: connections that are older than connection tracking, and the time in which it learns others.
 * `learnt`: which packets may belong to one that it learns; all where nothing is said.
 */
export function admittedRules({ origin }: Protection, ...learnt: readonly StepNode[]): readonly Rule[] {
  return [
    ...families.map((family) => {
      const connection = concat(ipOf(family, "saddr"), tcp("sport"), ipOf(family, "daddr"), tcp("dport"))
      return rule(origin, inSet(connection, `admitted${family}`), accept)
    }),
    rule(origin, ...learnt, inSet(nfproto, warmUp.name), counter, accept),
  ]
}

/** As iptables' `! --syn`: SYN alone of these four; PSH, URG and ECN's flags do not count. */
export const isNotSyn: StepNode = notEqual(and(tcp("flags"), FIN | SYN | RST | ACK), SYN)
