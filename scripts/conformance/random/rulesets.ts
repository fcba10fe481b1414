import * as fc from "fast-check"
import { TCP } from "../../../src/core/packet/packet.js"
import {
  accept,
  counter,
  drop,
  goto,
  is,
  jump,
  l4proto,
  logTo,
  notrack,
  reject,
  returnVerdict,
  setCtMark,
  setMark,
} from "../../../src/core/ruleset/build.js"
import type { Hook } from "../../../src/core/ruleset/hook.js"
import type { StepNode } from "../../../src/core/ruleset/node.js"
import type { BaseChain, Chain, Rule, Ruleset, Table } from "../../../src/core/ruleset/ruleset.js"
import { matchFor, type Subject } from "./matches.js"
import { devices, type Pools } from "./pools.js"
import { type NamedSet, setsFor, suits } from "./sets.js"

export interface RulesetOptions {
  readonly pools: Pools
  readonly timed: boolean
  readonly counting: boolean
}

const one = <const Value>(...values: readonly Value[]) => fc.constantFrom(...values)

/** A ruleset of one to three tables that the kernel should load. Every rule counts the packets that it matches. */
export function rulesets(options: RulesetOptions): fc.Arbitrary<Ruleset> {
  return fc
    .array(tableShape, { minLength: 1, maxLength: 3 })
    .chain((shapes) =>
      fc
        .tuple(...shapes.map((shape, index) => tableOf(shape, `t${index}`, options)))
        .map((tables): Ruleset => ({ tables: numbered(tables) })),
    )
}

interface TableShape {
  readonly family: "inet" | "ip" | "ip6" | "netdev"
  readonly bases: readonly BaseChain[]
  /** How many chains there are that are only jumped to. */
  readonly others: number
}

const priorities = one(-450, -400, -300, -300, -200, -199, -150, -100, 0, 0, 0, 10, 50, 100, 300)

function baseOf(family: TableShape["family"]): fc.Arbitrary<BaseChain> {
  const device = family === "netdev" ? one("ingress", "ingress", "egress") : one("ingress")
  const hook: fc.Arbitrary<Hook> =
    family === "netdev"
      ? device
      : fc.oneof(
          { arbitrary: one("prerouting"), weight: 5 },
          { arbitrary: one("forward"), weight: 5 },
          { arbitrary: one("input"), weight: 3 },
          { arbitrary: one("postrouting"), weight: 2 },
          { arbitrary: one("output"), weight: 2 },
          ...(family === "inet" ? [{ arbitrary: device, weight: 1 }] : []),
        )
  const policy = fc.oneof({ arbitrary: one("accept"), weight: 11 }, { arbitrary: one("drop"), weight: 1 })
  return fc
    .tuple(hook, priorities, policy, fc.subarray([...devices], { minLength: 1 }))
    .map(([where, priority, verdict, some]) => ({
      type: "filter",
      hook: where,
      priority,
      policy: verdict,
      ...(where === "ingress" || where === "egress" ? { devices: some } : {}),
    }))
}

const tableShape: fc.Arbitrary<TableShape> = fc
  .oneof(
    { arbitrary: one("inet"), weight: 6 },
    { arbitrary: one("ip"), weight: 3 },
    { arbitrary: one("ip6"), weight: 2 },
    { arbitrary: one("netdev"), weight: 1 },
  )
  .chain((family) =>
    fc
      .tuple(fc.array(baseOf(family), { minLength: 1, maxLength: 3 }), fc.integer({ min: 0, max: 3 }))
      .map(([bases, others]) => ({ family, bases, others })),
  )

function tableOf(shape: TableShape, name: string, options: RulesetOptions): fc.Arbitrary<Table> {
  const { family, bases, others } = shape
  const versions = family === "ip" ? ([4] as const) : family === "ip6" ? ([6] as const) : ([4, 6] as const)
  const names = Array.from({ length: others }, (_, index) => `own${index}`)
  const hooks = [...new Set(bases.map(({ hook }) => hook))]
  return setsFor({
    ...options,
    versions,
    chains: names.slice(-1),
    counting: options.counting && family !== "netdev",
  }).chain((sets) => {
    const rulesAt = (at: readonly Hook[], targets: readonly string[], most: number, isLast = false) =>
      fc.array(
        ruleFor(
          { family, hooks: at, pools: options.pools },
          sets.filter(({ leads }) => !(leads && isLast)),
          targets,
        ),
        { minLength: 1, maxLength: most },
      )
    const own = names.map((chain, index) =>
      // Jumps go to later chains only. The last is where verdict maps lead: it jumps nowhere.
      rulesAt(hooks, names.slice(index + 1), 4, index === names.length - 1).map(
        (rules): Chain => ({ name: chain, rules }),
      ),
    )
    const main = bases.map((base, index) =>
      rulesAt([base.hook], names, 7).map((rules): Chain => ({ name: `base${index}`, base, rules })),
    )
    return fc.tuple(fc.tuple(...own), fc.tuple(...main)).map(([first, second]) => ({
      family,
      name,
      sets: sets.map(({ declaration }) => declaration),
      chains: [...first, ...second],
    }))
  })
}

function ruleFor(
  { family, hooks, pools }: Pick<Subject, "family" | "hooks" | "pools">,
  sets: readonly NamedSet[],
  targets: readonly string[],
): fc.Arbitrary<Rule> {
  const network = family === "ip" ? one(4, 4, null) : family === "ip6" ? one(6, 6, null) : one(4, 4, 6, null)
  const transport = one("tcp", "tcp", "udp", "icmp", null, null)
  return fc.tuple(network, transport).chain(([version, protocol]) => {
    // An ICMP rule of a table for one version is of that version.
    const only = family === "ip" ? 4 : family === "ip6" ? 6 : version
    const subject: Subject = {
      family,
      hooks,
      network: protocol === "icmp" ? (only ?? 4) : version,
      transport: protocol,
      pools,
    }
    const usable = sets.filter((set) => suits(set, subject)).flatMap(({ uses }) => uses)
    const match =
      usable.length === 0
        ? matchFor(subject)
        : fc.oneof({ arbitrary: matchFor(subject), weight: 3 }, { arbitrary: one(...usable), weight: 1 })
    // Few at a time: three that must all be so are hardly ever.
    const matches = one(0, 1, 1, 1, 1, 2, 2, 3).chain((length) =>
      fc.array(match, { minLength: length, maxLength: length }),
    )
    return fc.tuple(matches, endFor(subject, targets)).map(([some, end]): Rule => {
      const steps: StepNode[] = withoutConflicts(some.filter(({ step }) => step !== "verdict-map"))
      // nft puts the question for TCP at the beginning of a rule that ends in a reset.
      if (end.some((step) => step.step === "reject" && step.with === "tcp-reset"))
        steps.unshift(is(l4proto, TCP))
      const map = some.find(({ step }) => step === "verdict-map")
      // A rule has one verdict, and a verdict map is one.
      steps.push(counter, ...(map ? [map] : end))
      return { steps, origin: nowhere }
    })
  })
}

/** nft takes one kind of ICMP message a rule: an identifier is of echoes, an MTU of errors. */
function withoutConflicts(steps: readonly StepNode[]): StepNode[] {
  const special = steps.find((step) => icmpFieldOf(step) !== undefined && icmpFieldOf(step) !== "code")
  if (special === undefined) return [...steps]
  return steps.filter(
    (step) => step === special || icmpFieldOf(step) === undefined || icmpFieldOf(step) === "code",
  )
}

/** The ICMP field that a match asks for. */
function icmpFieldOf(step: StepNode): string | undefined {
  if (step.step !== "compare" && step.step !== "lookup") return undefined
  const { left } = step
  if (left.expression !== "payload" || (left.protocol !== "icmp" && left.protocol !== "icmpv6"))
    return undefined
  return left.field
}

const nowhere = { span: { file: "random", line: 1, column: 1 }, text: "" }

/** What a rule does with what it matched. */
function endFor(
  { hooks, family, transport }: Subject,
  targets: readonly string[],
): fc.Arbitrary<readonly StepNode[]> {
  const early = hooks.every((hook) => hook === "prerouting" || hook === "output")
  const rejects = hooks.every((hook) => hook === "input" || hook === "forward" || hook === "prerouting")
  const choices = [
    { arbitrary: one([drop]), weight: 4 },
    { arbitrary: one([accept]), weight: 4 },
    { arbitrary: one([]), weight: 6 },
    { arbitrary: one([returnVerdict]), weight: 1 },
    { arbitrary: one(0, 1, 2, 0xff).map((mark) => [setMark(mark)]), weight: 2 },
    {
      arbitrary: one(0, 1, 5).map((mark) => [family === "netdev" ? setMark(mark) : setCtMark(mark)]),
      weight: 1,
    },
    { arbitrary: one(1, 2).map((mark) => [setMark(mark), accept]), weight: 1 },
    { arbitrary: one([logTo(9, "random"), drop]), weight: 1 },
  ] as { arbitrary: fc.Arbitrary<readonly StepNode[]>; weight: number }[]
  if (targets.length > 0)
    choices.push(
      { arbitrary: one(...targets).map((chain) => [jump(chain)]), weight: 4 },
      { arbitrary: one(...targets).map((chain) => [goto(chain)]), weight: 1 },
    )
  if (early && family !== "netdev") choices.push({ arbitrary: one([notrack]), weight: 1 })
  // The answers for both versions are the inet family's.
  if (rejects && family === "inet")
    choices.push({
      arbitrary: one("port-unreachable", "admin-prohibited", "host-unreachable", "no-route").map((answer) => [
        reject(answer),
      ]),
      weight: 1,
    })
  if (rejects && family !== "netdev" && transport === "tcp")
    choices.push({ arbitrary: one([reject("tcp-reset")]), weight: 1 })
  return fc.oneof(...choices)
}

/** Each rule gets a line of its own, so that it can be found. */
function numbered(tables: readonly Table[]): readonly Table[] {
  let line = 0
  return tables.map((table) => ({
    ...table,
    chains: table.chains.map((chain) => ({
      ...chain,
      rules: chain.rules.map((rule) => {
        line++
        return { ...rule, origin: { ...nowhere, span: { ...nowhere.span, line } } }
      }),
    })),
  }))
}
