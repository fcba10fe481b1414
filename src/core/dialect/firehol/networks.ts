import { parseAddress } from "../../base/address.js"
import { normalise, printPrefix } from "../../base/prefix.js"
import { namedOf } from "./named-networks.js"

/** An address as iptables takes it, in the policy's words: bits behind the length are cleared, masks and ranges become networks. Undefined: it is none. */
export function networksOf(text: string): readonly string[] | undefined {
  const named = namedOf(text)
  if (named) return named.special
  const range = /^([\d.]+)-([\d.]+)$/.exec(text)
  if (range) return rangeOf(range[1]!, range[2]!)
  const [written, behind, ...more] = text.split("/")
  const address = parseAddress(written!)
  if (!address || more.length > 0) return undefined
  const width = address.family === 4 ? 32 : 128
  const length = behind === undefined ? width : lengthOf(behind, width)
  return length === undefined ? undefined : [printPrefix(normalise({ address, length }))]
}

function lengthOf(text: string, width: number): number | undefined {
  if (/^\d{1,3}$/.test(text)) return Number(text) <= width ? Number(text) : undefined
  const mask = width === 32 ? parseAddress(text)?.words[0] : undefined
  if (mask === undefined) return undefined
  const length = Math.clz32(~mask)
  const expected = length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0
  return mask === expected ? length : undefined
}

/** The fewest networks that make up a range of IPv4 addresses. */
function rangeOf(first: string, last: string): readonly string[] | undefined {
  const from = parseAddress(first)?.words[0]
  const to = parseAddress(last)?.words[0]
  if (from === undefined || to === undefined || from > to) return undefined
  const networks: string[] = []
  for (let at = from; at <= to; ) {
    let length = 32
    // One bit shorter as long as the network begins here and ends in the range.
    while (length > 0 && at % 2 ** (33 - length) === 0 && at + 2 ** (33 - length) - 1 <= to) length--
    networks.push(printPrefix({ address: { family: 4, words: [at] }, length }))
    at += 2 ** (32 - length)
  }
  return networks
}
