import { AUTHENTICATION } from "../../packet/ipv6.js"
import type { Packet } from "../../packet/packet.js"
import { nftProtocol } from "../expression/nft-protocol.js"
import type { StepKind } from "../kind.js"
import { BREAK, type Build, CONTINUE, DROP, type Run, type Step } from "../runtime.js"
import type { XtAddress, XtHeaderNode, XtName } from "./node.js"
import { protocolName } from "./protocols.js"
import { quoteWord } from "./quote.js"
import { lengthOfMask, printMasked, printWords } from "./value-address.js"

type Check = (packet: Packet, run: Run) => boolean

/**
 * What every rule of iptables may ask. An interface that a hook does not have is an empty name: only `!` and `+` match it. A negated `-p` matches packets of
 * another protocol; of IPv6 the protocol behind all extension headers counts, and where these are cut short the kernel drops the packet.
 */
export const xtHeader: StepKind<XtHeaderNode> = {
  name: "xt-header",
  toNft: (node) =>
    node.input?.name === "+" || node.output?.name === "+"
      ? { unsupported: "nft has no name for every interface" }
      : headerToNft(node),
  compile(node, build): Step {
    const checks: Check[] = []
    if (node.source) checks.push(addressCheck(node.source, "source"))
    if (node.destination) checks.push(addressCheck(node.destination, "destination"))
    if (node.input) checks.push(interfaceCheck(node.input, build, (run) => run.inputInterface))
    if (node.output) checks.push(interfaceCheck(node.output, build, (run) => run.outputInterface))
    if (node.fragment) {
      const { negated } = node.fragment
      checks.push((packet) => packet.fragmentOffset > 0 !== negated)
    }
    return stepOf(node, checks, build.iptablesNft === true)
  },
  isKnown({ protocol, source, destination, input, output, fragment }, { plain, interfaces }) {
    // A packet of another protocol does not match, whatever else is asked.
    if (plain !== null && protocol !== undefined && !protocol.negated && protocol.number !== plain.protocol)
      return true
    if (source || destination) return false
    if ((input || output) && !interfaces) return false
    return plain !== null || !(protocol || fragment)
  },
  isQuestion: ({ family }) => family === 4,
  manual: {
    title: "iptables: what every rule may ask",
    text: "Source, destination, interfaces, protocol and fragments: the words of iptables that need no match.",
    example: "ip saddr 192.0.2.0/24 ip protocol tcp",
  },
}

function stepOf(node: XtHeaderNode, checks: readonly Check[], native: boolean): Step {
  const protocol = protocolStep(node, native)
  const [first, second, ...more] = checks
  if (!first) return protocol ?? (() => CONTINUE)
  // The kernel asks for the protocol last; only of IPv6 can that drop a packet.
  const last = protocol ?? (() => CONTINUE)
  if (!second) return (packet, run) => (first(packet, run) ? last(packet, run) : BREAK)
  if (more.length === 0)
    return (packet, run) => (first(packet, run) && second(packet, run) ? last(packet, run) : BREAK)
  return (packet, run) => {
    for (const check of checks) if (!check(packet, run)) return BREAK
    return last(packet, run)
  }
}

function protocolStep(node: XtHeaderNode, native: boolean): Step | undefined {
  if (!node.protocol) return undefined
  const { number, negated } = node.protocol
  if (native && node.family === 6)
    return (packet) => {
      const protocol = nftProtocol(packet)
      if (protocol !== AUTHENTICATION && isExtensionHeader(protocol)) return BREAK
      return (protocol === number) !== negated ? CONTINUE : BREAK
    }
  if (node.family === 4)
    return negated
      ? (packet) => (packet.protocol !== number ? CONTINUE : BREAK)
      : (packet) => (packet.protocol === number ? CONTINUE : BREAK)
  return (packet) => {
    if (isExtensionHeader(packet.protocol)) return packet.fragmentOffset > 0 ? BREAK : DROP
    return (packet.protocol === number) !== negated ? CONTINUE : BREAK
  }
}

/** A decoder stops at one only where the chain of headers is cut short. */
function isExtensionHeader(protocol: number): boolean {
  return protocol === 0 || protocol === 43 || protocol === 44 || protocol === 51 || protocol === 60
}

/** Compares an address under its mask; the value's bits behind the mask are zero. */
export function addressCheck(
  { words, mask, negated }: XtAddress,
  which: "source" | "destination",
): (packet: Packet) => boolean {
  const [mask0 = 0, mask1 = 0, mask2 = 0, mask3 = 0] = mask
  // Signed, which is what `&` makes.
  const [word0 = 0, word1 = 0, word2 = 0, word3 = 0] = words.map((word, index) => word & mask[index]!)
  if (words.length === 1) {
    return which === "source"
      ? (packet) => ((packet.source0 & mask0) === word0) !== negated
      : (packet) => ((packet.destination0 & mask0) === word0) !== negated
  }
  return which === "source"
    ? (packet) =>
        ((packet.source0 & mask0) === word0 &&
          (packet.source1 & mask1) === word1 &&
          (packet.source2 & mask2) === word2 &&
          (packet.source3 & mask3) === word3) !== negated
    : (packet) =>
        ((packet.destination0 & mask0) === word0 &&
          (packet.destination1 & mask1) === word1 &&
          (packet.destination2 & mask2) === word2 &&
          (packet.destination3 & mask3) === word3) !== negated
}

function interfaceCheck({ name, negated }: XtName, build: Build, interfaceOf: (run: Run) => number): Check {
  if (name === "+") return () => !negated
  const indices = build.interfaces(name.endsWith("+") ? `${name.slice(0, -1)}*` : name)
  const [only] = indices
  if (indices.length === 1) return (_packet, run) => (interfaceOf(run) === only) !== negated
  return (_packet, run) => indices.includes(interfaceOf(run)) !== negated
}

/** As iptables-save prints it: `! -s 192.0.2.0/24 -i eth+ -p tcp`. */
export function printHeader(node: XtHeaderNode): string {
  const parts: string[] = []
  const add = (negated: boolean, text: string) => parts.push(negated ? `! ${text}` : text)
  if (node.source) add(node.source.negated, `-s ${printMasked(node.source)}`)
  if (node.destination) add(node.destination.negated, `-d ${printMasked(node.destination)}`)
  if (node.input) add(node.input.negated, `-i ${quoteName(node.input.name)}`)
  if (node.output) add(node.output.negated, `-o ${quoteName(node.output.name)}`)
  if (node.protocol) add(node.protocol.negated, `-p ${protocolName(node.protocol.number)}`)
  if (node.fragment) add(node.fragment.negated, "-f")
  return parts.join(" ")
}

/** Interface names are printed as they are, unless a reader would take them apart. */
function quoteName(name: string): string {
  return /[\s"\\]/.test(name) ? quoteWord(name) : name
}

function headerToNft(node: XtHeaderNode): string {
  const ip = node.family === 4 ? "ip" : "ip6"
  const parts: string[] = []
  if (node.input) parts.push(`iifname ${nameToNft(node.input)}`)
  if (node.output) parts.push(`oifname ${nameToNft(node.output)}`)
  if (node.source) parts.push(addressToNft(`${ip} saddr`, node.source))
  if (node.destination) parts.push(addressToNft(`${ip} daddr`, node.destination))
  if (node.fragment) parts.push(`ip frag-off & 0x1fff ${node.fragment.negated ? "==" : "!="} 0`)
  if (node.protocol) {
    const { number, negated } = node.protocol
    const key = node.family === 4 ? "ip protocol" : "meta l4proto"
    parts.push(`${key} ${negated ? "!= " : ""}${nftProtocols.has(number) ? protocolName(number) : number}`)
  }
  return parts.join(" ")
}

/** Names of protocols that nft has, too. */
const nftProtocols = new Set([1, 6, 17, 33, 47, 50, 51, 58, 108, 132, 136])

/** nft reads `*` at the end as our `+`, and any interface is `"*"`. */
function nameToNft({ name, negated }: XtName): string {
  const text = name.endsWith("+") ? `${name.slice(0, -1)}*` : name
  return `${negated ? "!= " : ""}"${text}"`
}

function addressToNft(field: string, { words, mask, negated }: XtAddress): string {
  const length = lengthOfMask(mask)
  if (length < 0) return `${field} & ${printWords(mask)} ${negated ? "!=" : "=="} ${printWords(words)}`
  const suffix = length === words.length * 32 ? "" : `/${length}`
  return `${field} ${negated ? "!= " : ""}${printWords(words)}${suffix}`
}
