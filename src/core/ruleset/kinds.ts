import { counter } from "./action/counter.js"
import { duplicate } from "./action/duplicate.js"
import { flowOffload } from "./action/flow-offload.js"
import { forward } from "./action/forward.js"
import { last } from "./action/last.js"
import { log } from "./action/log.js"
import { mangle } from "./action/mangle.js"
import { mark } from "./action/mark.js"
import { nat } from "./action/nat.js"
import { notrack } from "./action/notrack.js"
import { objectReference } from "./action/object-reference.js"
import { opaque } from "./action/opaque.js"
import { queue } from "./action/queue.js"
import { reject } from "./action/reject.js"
import { setUpdate } from "./action/set-update.js"
import { stripOption } from "./action/strip-option.js"
import { synproxy } from "./action/synproxy.js"
import { transparentProxy } from "./action/transparent-proxy.js"
import { verdict } from "./action/verdict.js"
import { verdictMap } from "./action/verdict-map.js"
import { and } from "./expression/and.js"
import { binary } from "./expression/binary.js"
import { concatenation } from "./expression/concatenation.js"
import { constant } from "./expression/constant.js"
import { ct } from "./expression/ct.js"
import { dccpOption } from "./expression/dccp-option.js"
import { extensionHeader } from "./expression/extension-header.js"
import { fib } from "./expression/fib.js"
import { fingerprint } from "./expression/fingerprint.js"
import { hash } from "./expression/hash.js"
import { ipOption } from "./expression/ip-option.js"
import { ipsec } from "./expression/ipsec.js"
import { meta } from "./expression/meta.js"
import { numgen } from "./expression/numgen.js"
import { payload } from "./expression/payload.js"
import { rawPayload } from "./expression/raw-payload.js"
import { routing } from "./expression/routing.js"
import { sctpChunk } from "./expression/sctp-chunk.js"
import { socket } from "./expression/socket.js"
import { tcpOption } from "./expression/tcp-option.js"
import { valueMap } from "./expression/value-map.js"
import type { ExpressionKind, StepKind, Unsupported, Writer } from "./kind.js"
import type { Known } from "./known.js"
import { compare } from "./match/compare.js"
import { ctCount } from "./match/ct-count.js"
import { limit } from "./match/limit.js"
import { lookup } from "./match/lookup.js"
import { quota } from "./match/quota.js"
import type { ExpressionNode, StepNode } from "./node.js"
import { itemToNft, type Notation } from "./notation.js"
import { both, type Requirement } from "./requirement.js"
import type { Build, EngineBuild, Load, Read, Step } from "./runtime.js"
import { dataTypes, type TypeName } from "./type.js"
import { xtHeader } from "./xtables/header.js"
import { xtMatch } from "./xtables/match.js"
import { xtTarget } from "./xtables/target.js"

/** Every kind of node, by its name. Who meets a node asks its kind, here; nobody else asks which kind it is. */

type KindOfExpression<Node> = Node extends ExpressionNode ? ExpressionKind<Node> : never
type KindOfStep<Node> = Node extends StepNode ? StepKind<Node> : never

export const expressionKinds = {
  meta,
  payload,
  "raw-payload": rawPayload,
  "extension-header": extensionHeader,
  "ip-option": ipOption,
  "tcp-option": tcpOption,
  "sctp-chunk": sctpChunk,
  "dccp-option": dccpOption,
  ct,
  fib,
  rt: routing,
  socket,
  osf: fingerprint,
  ipsec,
  numgen,
  hash,
  and,
  binary,
  concatenation,
  map: valueMap,
  constant,
} satisfies {
  [Name in ExpressionNode["expression"]]: KindOfExpression<Extract<ExpressionNode, { expression: Name }>>
}

export const stepKinds = {
  compare,
  lookup,
  limit,
  "ct-count": ctCount,
  counter,
  log,
  mark,
  notrack,
  reject,
  "set-update": setUpdate,
  verdict,
  "verdict-map": verdictMap,
  duplicate,
  "flow-offload": flowOffload,
  forward,
  last,
  mangle,
  nat,
  object: objectReference,
  opaque,
  queue,
  "strip-option": stripOption,
  synproxy,
  "transparent-proxy": transparentProxy,
  quota,
  "xt-header": xtHeader,
  "xt-match": xtMatch,
  "xt-target": xtTarget,
} satisfies { [Name in StepNode["step"]]: KindOfStep<Extract<StepNode, { step: Name }>> }

/** The compiler cannot see that a node and the kind of its name belong together; `satisfies` above made sure. */
function expressionKind(node: ExpressionNode): ExpressionKind<ExpressionNode> {
  return expressionKinds[node.expression] as unknown as ExpressionKind<ExpressionNode>
}

function stepKind(node: StepNode): StepKind<StepNode> {
  return stepKinds[node.step] as unknown as StepKind<StepNode>
}

/** Writes nodes as `nft list` does with these options. */
export function writerWith(notation: Notation): Writer {
  const made: Writer = {
    expression: (node) => expressionKind(node).toNft(node, made),
    step: (node) => stepKind(node).toNft(node, made),
    types: typesOf,
    notation,
    item: (item, types) => itemToNft(item, types, notation),
  }
  return made
}

const writer = writerWith({})

/** The types of an expression's value: several for a concatenation. */
export function typesOf(node: ExpressionNode): readonly TypeName[] {
  return expressionKind(node).types(node, typesOf)
}

export function expressionToNft(node: ExpressionNode): string {
  return expressionKind(node).toNft(node, writer)
}

/** How many bits an expression's value has: those of its type, where its kind says nothing else. */
export function bitsOf(node: ExpressionNode): number {
  return (
    expressionKind(node).bits?.(node, bitsOf) ?? typesOf(node).reduce((sum, type) => sum + dataTypes[type], 0)
  )
}

/** What the engine cannot know of an expression and assumes, in half a sentence; undefined: it knows. */
export function assumptionOf(node: ExpressionNode): string | undefined {
  return expressionKind(node).assumes?.(node)
}

/** What the engine cannot do of a step and assumes, in half a sentence; undefined: it does all of it. */
export function stepAssumptionOf(node: StepNode): string | undefined {
  return stepKind(node).assumes?.(node)
}

/** One match or statement as nft text, or why nft cannot say it. */
export function stepToNft(node: StepNode): string | Unsupported {
  return stepKind(node).toNft(node, writer)
}

/** A whole rule's steps in nft's notation; what nft cannot say stands in angle brackets. For traces and listings, not for loading. */
export function stepsToText(steps: readonly StepNode[]): string {
  return steps
    .map((step) => {
      const text = stepToNft(step)
      return typeof text === "string" ? text : `<${step.step}>`
    })
    .filter((text) => text !== "")
    .join(" ")
}

export function loadOf(node: ExpressionNode, build: Build): Load {
  if (expressionNeedsConntrack(node)) build.needsConntrack()
  return expressionKind(node).load(node, build)
}

export function readOf(node: ExpressionNode, build: Build): Read | undefined {
  if (expressionNeedsConntrack(node)) build.needsConntrack()
  return expressionKind(node).read?.(node, build)
}

export function stepOf(node: StepNode, build: Build): Step {
  if (stepNeedsConntrack(node)) build.needsConntrack()
  return stepKind(node).compile(node, build)
}

/** Of the node itself; the nodes inside it answer for themselves. */
export function expressionNeedsConntrack(node: ExpressionNode): boolean {
  return expressionKind(node).needsConntrack?.(node) ?? false
}

export function stepNeedsConntrack(node: StepNode): boolean {
  return stepKind(node).needsConntrack?.(node) ?? false
}

/** It asks something that nothing knows before conntrack has seen the packet. */
export function stepAsksTooEarly(node: StepNode): boolean {
  return stepNeedsConntrack(node) && !stepKind(node).worksBeforeConntrack?.(node)
}

/** What a packet must be for an expression to have a value (`equals`: this one); undefined: nothing is known. */
export function requirementOf(node: ExpressionNode, equals?: number): Requirement | undefined {
  return expressionKind(node).requires?.(node, requirementOf, equals)
}

/** What a packet must be for a rule to match or to change anything; null: no packet is. */
export function requirementOfSteps(steps: readonly StepNode[]): Requirement | null {
  let all: Requirement | null = {}
  for (const step of steps) {
    const kind = stepKind(step)
    const one = kind.requires?.(step, requirementOf)
    if (one !== undefined) all = both(all, one)
    if (all === null || one === undefined || !kind.isQuestion?.(step)) return all
  }
  return all
}

/** What is known of a class of packets, for `stepIsKnown`. */
export function knownOf(what: Omit<Known, "value" | "presence">): Known {
  const known: Known = {
    ...what,
    presence: (node) => expressionKind(node).hasKnownPresence?.(node, known) ?? known.value(node),
    value: (node, mask) => expressionKind(node).isKnown?.(node, known, mask) ?? false,
  }
  return known
}

/** Whether a step says the same of all packets of which this is known, and only that. */
export function stepIsKnown(node: StepNode, known: Known): boolean {
  return stepKind(node).isKnown?.(node, known) ?? false
}

/** It only answers, and so do the expressions that it asks: to ask `numgen` is to count. */
export function stepIsQuestion(node: StepNode): boolean {
  const kind = stepKind(node)
  if (!kind.isQuestion?.(node)) return false
  return kind.requires === undefined || kind.requires(node, requirementOf) !== undefined
}

/** The step itself where it is a question, or its guard (kind.ts); null: it has none. */
export function guardOf(node: StepNode, step: Step, build: Build): Step | null {
  if (stepIsQuestion(node)) return step
  const kind = stepKind(node)
  return kind.requires?.(node, requirementOf) === undefined ? null : (kind.guard?.(node, build) ?? null)
}

export function stepChangesSort(node: StepNode): boolean {
  return stepKind(node).changesSort?.(node) ?? false
}

export function stepChangesState(node: StepNode): boolean {
  return stepKind(node).changesState?.(node) ?? false
}

/** What nodes are compiled with, made of the engine's part. */
export function buildFrom(engine: EngineBuild): Build {
  const build: Build = {
    set: (name) => engine.set(name),
    anonymousSet: (declaration) => engine.anonymousSet(declaration),
    chain: (name) => engine.chain(name),
    interfaces: (name) => engine.interfaces(name),
    connectionCounter: () => engine.connectionCounter(),
    shared: (kind, name, make) => engine.shared(kind, name, make),
    object: (kind, name) => engine.object(kind, name),
    objectNames: (map) => engine.objectNames(map),
    slots: (count) => engine.slots(count),
    accounting: () => engine.accounting(),
    needsConntrack: () => engine.needsConntrack(),
    iptablesNft: engine.iptablesNft === true,
    step: (node) => stepOf(node, build),
    load: (node) => loadOf(node, build),
    read: (node) => readOf(node, build),
    types: typesOf,
  }
  return build
}
