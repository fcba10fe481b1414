import { policyOf, variable } from "./context.js"
import { type Asked, familiesOf, give, hidden } from "./protection-asked.js"
import { reachOf } from "./reach.js"

/** Types that name packets which no honest sender sends. */
export function askFlags(asked: Asked): void {
  const { type, item, line, context, group, word } = asked
  if (word === "fragments") {
    askFragments(asked)
    return
  }
  if (word === "invalid") {
    askInvalid(asked)
    return
  }
  if (word === "malformed-bad") {
    item.differs(
      "stricter",
      "malformed-bad is FireHOL 3.1.8's eleven combinations of flags; 3.1.7 knows four.",
    )
  }
  hidden(asked, "tcp")
  const reach = reachOf([...line.groups, line.scope.parameters], context.sets)
  if (reach.from || reach.notFrom || reach.to || reach.others.length > 0) {
    item.differs("stricter", `${group ?? word} is for all sources: these packets have no honest sender.`)
  }
  give(asked, type.name, familiesOf(line.families))
}

function askFragments(asked: Asked): void {
  const { item, group, line, context } = asked
  item.tell(
    "firehol-fragments",
    "FireHOL emits no rule for fragments: connection tracking has put them together before",
    undefined,
    "lint",
  )
  item.owned("partly", group ? `${group}: no rule stands for fragments.` : "")
  if (group === undefined) item.owned("nothing", "fragments: no rule stands for it, in any version.")
  if (group !== undefined) {
    if (!context.exact) {
      item.differs(
        "same",
        "Fragments stay let through, as FireHOL does it: fragments: drop would stop DNSSEC, IKE and NFS, which pass today.",
      )
    }
    return
  }
  if (context.exact) return
  give(asked, "fragments", { ...familiesOf(line.families), options: { which: "tiny-and-overlapping" } })
  item.differs(
    "stricter",
    "Fragments that hide something are dropped; all of them, which DNSSEC, IKE and NFS need, would be fragments: drop.",
  )
}

function askInvalid(asked: Asked): void {
  const { item, line, context, group } = asked
  const name = group ?? "invalid"
  const isGlobal = variable(context, "FIREHOL_DROP_INVALID") !== "0"
  const { word, closed } = policyOf(line.scope, context)
  if (isGlobal && line.scope.kind === "interface" && !closed) {
    item.tell(
      "firehol-invalid-unchecked",
      `invalid emits no rule, and the rules at the end that drop INVALID packets are left out with policy ${word}: they are accepted`,
      "FIREHOL_DROP_INVALID=0 makes the line emit its rule",
    )
    item.owned(
      group === undefined ? "nothing" : "partly",
      `${name}: no rule stands for invalid, and policy ${word} lets such packets in.`,
    )
    if (context.exact) return
    item.differs("stricter", "invalid: packets that belong to no connection are dropped, as the manual says.")
  } else if (isGlobal && group === undefined) {
    item.owned(
      "works",
      "invalid: emits no rule of its own; rules that FireHOL always makes drop such packets, on all interfaces.",
    )
  }
  give(asked, "invalid", familiesOf(line.families))
}
