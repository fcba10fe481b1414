import { jenkins } from "../../base/jenkins.js"
import type { ExpressionKind } from "../kind.js"
import type { ExpressionNode } from "../node.js"
import { type Build, oneWord, type Read } from "../runtime.js"
import { dataTypes, type TypeName, wordsOf } from "../type.js"

/** A number below the modulus that is the same for all packets of a flow: `jhash ip saddr . ip daddr mod 2 seed 0xdeadbeef`, `symhash mod 2`. */
export interface HashNode {
  readonly expression: "hash"
  /** Of what; absent for symhash, which takes the flow in both directions. */
  readonly of?: ExpressionNode
  readonly modulus: number
  /** Absent: the kernel makes one up. */
  readonly seed?: number
  readonly offset?: number
}

export const hash: ExpressionKind<HashNode> = {
  name: "hash",
  types: () => ["integer"],
  assumes(node) {
    if (node.of === undefined) return "the kernel mixes a secret into the flow's hash: here there is none"
    return node.seed === undefined ? "the kernel makes up a seed: here it is 0" : undefined
  },
  toNft(node, write) {
    const what = node.of === undefined ? "symhash" : `jhash ${write.expression(node.of)}`
    const seed = node.seed === undefined ? "" : ` seed 0x${node.seed.toString(16)}`
    return `${what} mod ${node.modulus}${seed}${node.offset ? ` offset ${node.offset}` : ""}`
  },
  read: readOf,
  load: (node, build) => oneWord(readOf(node, build)),
  manual: {
    title: "Hashes",
    text: "A number below the modulus that is the same for all packets of a flow, or of the same addresses.",
    example: "jhash ip saddr . ip daddr mod 2 seed 0xdeadbeef",
  },
}

function readOf(node: HashNode, build: Build): Read {
  const { of, modulus, seed = 0, offset = 0 } = node
  // The kernel scales instead of dividing (reciprocal_scale).
  const scaled = (value: number) => Math.floor((value * modulus) / 2 ** 32) + offset
  if (of === undefined) return symmetric(scaled)
  const load = build.load(of)
  const parts = of.expression === "concatenation" ? of.parts.flatMap(build.types) : build.types(of)
  const bytes = new Uint8Array(parts.reduce((sum, type) => sum + wordsOf(type) * 4, 0))
  const view = new DataView(bytes.buffer)
  const length = parts.length === 1 ? Math.ceil(dataTypes[parts[0]!] / 8) : bytes.length
  const words = new Uint32Array(Math.ceil(length / 4))
  return (packet, run) => {
    if (!load(packet, run, 0)) return -1
    let word = 0
    for (const type of parts) {
      for (let index = 0; index < wordsOf(type); index++, word++)
        putWord(view, word * 4, run.registers[word]!, type, index)
    }
    bytes.fill(0, length)
    for (let index = 0; index < words.length; index++) words[index] = view.getUint32(index * 4, true)
    return scaled(jenkins(words, words.length, seed, length))
  }
}

/** Numbers of the host are in its own order of bytes (little-endian is assumed), fields of packets in the network's. */
const hostOrder = new Set<TypeName>(["mark", "iface_index", "ct_state", "ct_status", "uid", "gid", "integer"])

function putWord(view: DataView, at: number, value: number, type: TypeName, index: number): void {
  const bits = Math.min(32, dataTypes[type] - index * 32)
  if (hostOrder.has(type)) view.setUint32(at, value, true)
  else view.setUint32(at, bits < 32 ? value * 2 ** (32 - Math.ceil(bits / 8) * 8) : value)
}

/** Both directions of a flow give the same. */
function symmetric(scaled: (value: number) => number): Read {
  const words = new Uint32Array(4)
  return (packet) => {
    if (packet.family === 0) return -1
    words[0] = packet.source0 ^ packet.destination0 ^ packet.source1 ^ packet.destination1
    words[1] = packet.source2 ^ packet.destination2 ^ packet.source3 ^ packet.destination3
    words[2] = packet.sourcePort ^ packet.destinationPort
    words[3] = packet.protocol
    return scaled(jenkins(words, 4, 0))
  }
}
