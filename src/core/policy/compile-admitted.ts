import { accept, concat, counter, inSet, ipOf, nfproto, tcp } from "../ruleset/build.js"
import type { Rule, SetDeclaration } from "../ruleset/ruleset.js"
import { families } from "./compile-hosts.js"
import { rule } from "./compile-rule.js"
import { admitted4, admitted6, warmUp } from "./first-apply.js"
import type { Protection } from "./policy.js"

export const admittedSets: readonly SetDeclaration[] = [admitted4, admitted6, warmUp]

/** Before a packet is dropped for belonging to no connection: connections that are older than connection tracking, and the time in which it learns others. */
export function admittedRules({ origin }: Protection): readonly Rule[] {
  return [
    ...families.map((family) => {
      const connection = concat(ipOf(family, "saddr"), tcp("sport"), ipOf(family, "daddr"), tcp("dport"))
      return rule(origin, inSet(connection, `admitted${family}`), accept)
    }),
    rule(origin, inSet(nfproto, warmUp.name), counter, accept),
  ]
}
