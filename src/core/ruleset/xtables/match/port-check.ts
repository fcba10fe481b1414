import type { XtOptions } from "../extension.js"
import { optionOf } from "../option.js"
import { pairOf } from "../value-number.js"
import { printPortRange } from "../value-port.js"

/** Whether a port is the one that `--sport` or `--dport` asks for; undefined: it asks for none. */
export function portCheck(
  options: XtOptions,
  name: "sport" | "dport",
): ((port: number) => boolean) | undefined {
  const option = optionOf(options, name)
  if (!option) return undefined
  const [from, to] = pairOf(option.value)
  const negated = option.negated === true
  if (from === to) return negated ? (port) => port !== from : (port) => port === from
  return (port) => (port >= from && port <= to) !== negated
}

/** All ports is no question, and iptables does not keep it; none at all is one. */
export function withoutAnyPort(options: XtOptions): XtOptions {
  return options.filter((option) => {
    if (option.name !== "sport" && option.name !== "dport") return true
    const [from, to] = pairOf(option.value)
    return option.negated === true || from !== 0 || to !== 65535
  })
}

export function portsToNft(protocol: string, options: XtOptions): string[] {
  return ["sport", "dport"].flatMap((name) => {
    const option = optionOf(options, name)
    if (option?.value === undefined) return []
    return [`${protocol} ${name} ${option.negated ? "!= " : ""}${printPortRange(option.value, "-")}`]
  })
}
