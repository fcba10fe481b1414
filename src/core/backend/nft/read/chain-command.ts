import { didYouMean } from "../../../base/nearest.js"
import { hooks } from "../../../ruleset/hook.js"
import type { BaseChain, Table } from "../../../ruleset/ruleset.js"
import type { Elaboration } from "./elaboration.js"
import type { TableModel } from "./model.js"
import { elaboratePriority } from "./priority.js"
import type { Syntax } from "./syntax.js"
import { entry, stringOf, wordOf, wordsOf } from "./tree.js"
import { quotedWord } from "./values.js"

/** Commands that make, empty, rename and delete chains. */

export function chainCommand(elaboration: Elaboration, verb: string, table: TableModel, value: Syntax): void {
  const name = elaboration.nameIn(value, "chain")
  if (name === undefined) return
  const known = table.chains.get(name)
  if (elaboration.remove(verb, table.chains, name, `chain ${name}`, value)) return
  if (verb === "flush") {
    if (known) known.rules = []
    else elaboration.assume(`there is no chain ${name} in what was read: nothing is done`, value)
    return
  }
  if (verb === "rename") {
    const renamed = wordOf(entry(value, "newname"))
    if (!known || renamed === undefined) {
      elaboration.report("nft-not-there", `there is no chain ${name}`, value)
      return
    }
    // Its place among the chains stays.
    const chains = [...table.chains.values()]
    table.chains.clear()
    for (const chain of chains) {
      const kept = chain === known ? { ...chain, name: renamed } : chain
      table.chains.set(kept.name, kept)
    }
    return
  }
  if (verb === "create" && known)
    elaboration.report("nft-already-there", `the chain ${name} is there already`, value)
  const base = baseOf(elaboration, table, value)
  if (known) {
    if (base) known.base = known.base ? { ...known.base, ...base } : base
    const policy = stringOf(entry(value, "policy"))
    if (!base && known.base && (policy === "accept" || policy === "drop"))
      known.base = { ...known.base, policy }
    return
  }
  table.chains.set(name, { name, base, comment: wordOf(entry(value, "comment")), rules: [] })
}

/** Which types stand where (nft(8), CHAINS). */
function baseOf(elaboration: Elaboration, table: TableModel, value: Syntax): BaseChain | undefined {
  const typeSyntax = entry(value, "type")
  const hookSyntax = entry(value, "hook")
  const policySyntax = entry(value, "policy")
  if (!typeSyntax || !hookSyntax) return undefined
  const context = elaboration.contextOf(table)
  const type = (["filter", "nat", "route"] as const).find((each) => each === stringOf(typeSyntax))
  const hook = hooks.find((each) => each === stringOf(hookSyntax))
  if (type === undefined)
    elaboration.report(
      "nft-bad-value",
      `${quotedWord(typeSyntax)} is no type of chain`,
      typeSyntax,
      didYouMean(stringOf(typeSyntax) ?? "", ["filter", "nat", "route"]),
    )
  if (hook === undefined)
    elaboration.report(
      "nft-bad-value",
      `${quotedWord(hookSyntax)} is no hook`,
      hookSyntax,
      didYouMean(stringOf(hookSyntax) ?? "", hooks),
    )
  if (type === undefined || hook === undefined) return undefined
  if (!hooksOfFamily[table.family].includes(hook) || !hooksOfType[type].includes(hook)) {
    elaboration.report(
      "nft-not-here",
      `a chain of type ${type} in the family ${table.family} has no hook ${hook}`,
      hookSyntax,
    )
    return undefined
  }
  const prio = entry(value, "prio")
  const policy = stringOf(policySyntax) ?? "accept"
  if (policy !== "accept" && policy !== "drop")
    elaboration.report("nft-bad-value", `a policy is accept or drop, not ${policy}`, policySyntax ?? value)
  const isAtDevice = hook === "ingress" || hook === "egress"
  const devices = devicesOf(elaboration, value, isAtDevice)
  if (!isAtDevice && devices.length > 0)
    elaboration.report("nft-not-here", `chains at ${hook} have no device`, entry(value, "dev") ?? value)
  return {
    type,
    hook,
    priority: prio ? (elaboratePriority(prio, table.family, hook, context) ?? 0) : 0,
    policy: policy === "drop" ? "drop" : "accept",
    ...(isAtDevice && devices.length > 0 && { devices }),
    ...(wordsOf(entry(value, "flags")).includes("offload") && { offload: true }),
  }
}

/** What nft 1.0.6 lists as JSON has a chain's handle and not its devices. */
function devicesOf(elaboration: Elaboration, value: Syntax, isAtDevice: boolean): readonly string[] {
  const devices = wordsOf(entry(value, "dev"))
  const isListed = elaboration.isListing && entry(value, "handle") !== undefined
  if (!isAtDevice || !isListed || devices.length > 0) return devices
  elaboration.assume("this listing leaves out the chain's devices: it is taken to be on all of them", value)
  return ["*"]
}

type Hooks = readonly BaseChain["hook"][]

const ipHooks: Hooks = ["prerouting", "input", "forward", "output", "postrouting"]

const hooksOfFamily: Readonly<Record<Table["family"], Hooks>> = {
  ip: ipHooks,
  ip6: ipHooks,
  inet: ["ingress", ...ipHooks],
  bridge: ipHooks,
  arp: ["input", "output"],
  netdev: ["ingress", "egress"],
}

const hooksOfType: Readonly<Record<BaseChain["type"], Hooks>> = {
  filter: hooks,
  nat: ["prerouting", "input", "output", "postrouting"],
  route: ["output"],
}
