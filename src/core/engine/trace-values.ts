import type { Packet } from "../packet/packet.js"
import { buildFrom, loadOf, typesOf } from "../ruleset/kinds.js"
import type { ExpressionNode } from "../ruleset/node.js"
import { literalToNft } from "../ruleset/notation.js"
import type { EngineBuild, Load, Run } from "../ruleset/runtime.js"
import { wordsOf } from "../ruleset/type.js"
import type { Interfaces } from "./interfaces.js"

/** What the rules of an engine would have to remember to answer: asked a second time they would say something else. */
class Remembers extends Error {}

function refuse(): never {
  throw new Remembers()
}

/** Those parts of a build that stand for something that is remembered. */
const remembering: readonly string[] = [
  "set",
  "anonymousSet",
  "chain",
  "connectionCounter",
  "shared",
  "slots",
] satisfies readonly (keyof EngineBuild)[]

/**
 * What expressions are worth for a packet whose way is traced, in nft's notation. It only looks: what counts, or goes by chance, is not asked a
 * second time.
 */
export class TraceValues {
  private readonly interfaces: Interfaces
  private readonly build: ReturnType<typeof buildFrom>
  private readonly loads = new Map<ExpressionNode, Load | null>()

  constructor(interfaces: Interfaces) {
    this.interfaces = interfaces
    this.build = buildFrom(
      new Proxy({} as EngineBuild, {
        get: (_target, key) => {
          if (key === "interfaces") return (name: string) => interfaces.matching(name)
          return remembering.includes(String(key)) ? refuse : () => undefined
        },
      }),
    )
  }

  /** Of a concatenation part by part; undefined: the packet does not have it; null: it cannot be asked twice. A mask is left out: `tcp flags syn`. */
  of(node: ExpressionNode, packet: Packet, run: Run): string | undefined | null {
    const bare = unmasked(node)
    const load = this.loadOf(bare)
    if (load === null) return null
    const registers = new Uint32Array(64)
    const look: Run = Object.create(run, {
      registers: { value: registers },
      random: { value: refuse },
    }) as Run
    try {
      if (!load(packet, look, 0)) return undefined
    } catch (error) {
      if (error instanceof Remembers) return null
      throw error
    }
    let at = 0
    return typesOf(bare)
      .map((type) => {
        const words = [...registers.subarray(at, at + wordsOf(type))]
        at += words.length
        // An interface's index is this engine's own: it says nothing to people, and the name is what they wrote.
        if (type === "ifname" || type === "iface_index") return `"${this.interfaces.names[words[0]!] ?? ""}"`
        return literalToNft(words, type).replaceAll(" | ", ",")
      })
      .join(" . ")
  }

  private loadOf(node: ExpressionNode): Load | null {
    const known = this.loads.get(node)
    if (known !== undefined) return known
    let load: Load | null = null
    try {
      load = loadOf(node, this.build)
    } catch (error) {
      if (!(error instanceof Remembers)) throw error
    }
    this.loads.set(node, load)
    return load
  }
}

function unmasked(node: ExpressionNode): ExpressionNode {
  return node.expression === "and" ? unmasked(node.left) : node
}
