import type { StepKind } from "../kind.js"
import type { ExpressionNode } from "../node.js"
import type { ObjectKind } from "../object.js"
import { BREAK, CONTINUE, type Step } from "../runtime.js"
import type { Item } from "../value.js"

/** `counter name "x"`, `ct helper set "y"`, `limit name tcp dport map { 22 : "slow", 80 : "fast" }`: what the named object of the table says. */
export interface ObjectReferenceNode {
  readonly step: "object"
  readonly kind: ObjectKind
  /** The object, or where a map finds its name. */
  readonly object: string | ObjectMap
}

export interface ObjectMap {
  readonly left: ExpressionNode
  /** A map of the table, or elements of its own. */
  readonly map: string | readonly { readonly key: Item; readonly object: string }[]
}

/** Of what objects do to a connection or a packet, a replay shows nothing; the packet itself goes on. */
const assumptions: { readonly [Kind in ObjectKind]?: string } = {
  "ct helper": "no connection gets a helper of its own: the rule goes on",
  "ct timeout": "no connection gets timeouts of its own: the rule goes on",
  "ct expectation": "no connection is expected: the rule goes on",
  secmark: "there are no security marks: the rule goes on",
  tunnel: "there are no tunnels: the rule goes on",
}

/** Rules that name the same object share what it remembers. */
export const objectReference: StepKind<ObjectReferenceNode> = {
  name: "object",
  toNft(node, write) {
    const { kind, object } = node
    const words =
      kind === "secmark" ? "meta secmark set" : `${kind} ${kind.startsWith("ct ") ? "set" : "name"}`
    if (typeof object === "string") return `${words} "${object}"`
    const types = write.types(object.left)
    const map =
      typeof object.map === "string"
        ? `@${object.map}`
        : `{ ${object.map.map((entry) => `${write.item(entry.key, types)} : "${entry.object}"`).join(", ")} }`
    return `${words} ${write.expression(object.left)} map ${map}`
  },
  assumes: ({ kind }) => assumptions[kind],
  compile(node, build): Step {
    const { object } = node
    if (typeof object === "string") return build.object(node.kind, object)
    const left = build.load(object.left)
    const names = typeof object.map === "string" ? build.objectNames(object.map) : []
    const steps = names.map((name) => build.object(node.kind, name))
    let map = typeof object.map === "string" ? build.set(object.map) : undefined
    if (typeof object.map !== "string") {
      map = build.anonymousSet({
        key: build.types(object.left),
        elements: object.map.map(({ key }, index) => ({ key, data: [index] })),
      })
      for (const entry of object.map) steps.push(build.object(node.kind, entry.object))
    }
    const found = map!
    return (packet, run) => {
      if (!left(packet, run, 0) || !found.contains(packet, run, 0)) return BREAK
      return steps[found.lastData(run)]?.(packet, run) ?? CONTINUE
    }
  },
  manual: {
    title: "Named objects",
    text: "A counter, a quota, a limit or a SYN proxy that the table holds by name: all rules that name it share it.",
    example: 'counter name "ssh-packets"',
  },
}
