import type { Packet } from "../../../packet/packet.js"
import { BREAK, CONTINUE, type Step } from "../../runtime.js"
import { cutShort, hasBytes, transportStart } from "../bytes.js"
import type { XtOption, XtOptions } from "../extension.js"
import { optionOf } from "../option.js"
import { numberRange, pairOf } from "../value-number.js"

/** A security parameter index, or a range of them. The value is the pair of its ends. */
export const spiRange = numberRange(0xffffffff)

/** All of them is no question, and iptables does not keep it. */
export function withoutAny(name: string, maximum = 0xffffffff): (options: XtOptions) => XtOptions {
  return (options) =>
    options.filter((option) => {
      const [from, to] = pairOf(option.value)
      return option.name !== name || option.negated === true || from !== 0 || to !== maximum
    })
}

/** Whether a number lies in an option's range. An option that is not there asks nothing. */
export function rangeCheck(option: XtOption | undefined): (number: number) => boolean {
  if (!option) return () => true
  const [from, to] = pairOf(option.value)
  const negated = option.negated === true
  return (number) => (number >= from && number <= to) !== negated
}

/** An index of a header that begins where IP's ends; one that is cut short drops the packet. */
export function spiStep(
  options: XtOptions,
  name: string,
  headerLength: number,
  read: (packet: Packet, at: number) => number,
): Step {
  const matches = rangeCheck(optionOf(options, name))
  return (packet) => {
    if (packet.fragmentOffset > 0) return BREAK
    const at = transportStart(packet)
    if (!hasBytes(packet, at, headerLength)) return cutShort(packet, at, headerLength)
    return matches(read(packet, at)) ? CONTINUE : BREAK
  }
}

export function rangeToNft(key: string, options: XtOptions, name: string): string {
  const option = optionOf(options, name)
  if (!option) return ""
  const [from, to] = pairOf(option.value)
  return `${key} ${option.negated ? "!= " : ""}${from === to ? from : `${from}-${to}`}`
}
