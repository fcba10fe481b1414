import { DCCP, SCTP, TCP, UDP } from "../../../packet/packet.js"
import { DESTINATION, SOURCE } from "../../../packet/rewrite.js"
import type { Extension, ExtensionPlace, OptionSpec, ValueSpec, XtChain, XtOptions } from "../extension.js"
import { natRange, natRangeOf, natRangeToNft, parsePorts, printPorts } from "../nat-range.js"
import { hasOption, optionOf } from "../option.js"
import { badOptions } from "../problem.js"
import { pairOf } from "../value-number.js"
import { addressNatStep, type NatFlags, portNatStep } from "./nat-step.js"

/** Protocols with ports that iptables takes in rules that name one: 33 DCCP, 132 SCTP, 1 and 58 for their identifiers. */
const withPorts = new Set([TCP, UDP, SCTP, DCCP, 1, 58])

export function needsPorts(place: ExtensionPlace) {
  return withPorts.has(place.protocol)
    ? undefined
    : badOptions("ports need -p tcp, udp, sctp or dccp in the rule")
}

const flags: readonly OptionSpec[] = [{ name: "random" }, { name: "random-fully" }, { name: "persistent" }]

function flagsToNft(options: XtOptions): string {
  const names = ["random", "random-fully", "persistent"].filter((name) => hasOption(options, name))
  return names.length > 0
    ? ` ${names.map((name) => (name === "random-fully" ? "fully-random" : name)).join(",")}`
    : ""
}

function flagsOf(options: XtOptions): NatFlags {
  return {
    random: hasOption(options, "random"),
    fullyRandom: hasOption(options, "random-fully"),
    persistent: hasOption(options, "persistent"),
  }
}

/** SNAT and DNAT are written alike. */
export function addressNat(name: "SNAT" | "DNAT", option: string, hooks: readonly XtChain[]): Extension {
  return {
    name,
    role: "target",
    families: [4, 6],
    tables: ["nat"],
    hooks,
    needsConntrack: true,
    options: [
      { name: option, value: natRange, required: true },
      ...(name === "SNAT" ? flags : [flags[0]!, flags[2]!]),
    ],
    check: (options, place) =>
      natRangeOf(optionOf(options, option)?.value).ports ? needsPorts(place) : undefined,
    toNft: (options) => {
      const range = natRangeOf(optionOf(options, option)?.value)
      if (range.base !== null) return { unsupported: "nft does not shift ports from a base" }
      return `${name.toLowerCase()} to ${natRangeToNft(range)}${flagsToNft(options)}`
    },
    compile: (options) =>
      addressNatStep(
        name === "SNAT" ? SOURCE : DESTINATION,
        natRangeOf(optionOf(options, option)?.value),
        flagsOf(options),
      ),
    manual: {
      title: `iptables: ${name}`,
      text: name === "SNAT" ? "Changes where connections come from." : "Changes where connections go.",
      example: `${name.toLowerCase()} to 192.0.2.1`,
    },
  }
}

/** The value is the pair of its ends. */
const ports: ValueSpec = {
  shape: "port, or range of ports: 80, 1024-65535",
  parse: (text) => {
    const found = parsePorts(text, false)
    return "id" in found ? found : found.ports
  },
  print: (value) => printPorts(pairOf(value)),
}

/** MASQUERADE and REDIRECT take ports only. */
export function portNat(name: "MASQUERADE" | "REDIRECT", hooks: readonly XtChain[]): Extension {
  return {
    name,
    role: "target",
    families: [4, 6],
    tables: ["nat"],
    hooks,
    needsConntrack: true,
    options: [
      { name: "to-ports", value: ports },
      ...(name === "MASQUERADE" ? flags.slice(0, 2) : flags.slice(0, 1)),
    ],
    check: (options, place) => (hasOption(options, "to-ports") ? needsPorts(place) : undefined),
    toNft: (options) => {
      const to = optionOf(options, "to-ports")
      return `${name.toLowerCase()}${to ? ` to :${printPorts(pairOf(to.value))}` : ""}${flagsToNft(options)}`
    },
    compile: (options) => {
      const to = optionOf(options, "to-ports")
      return portNatStep(name, to ? (pairOf(to.value) as [number, number]) : null, flagsOf(options))
    },
    manual: {
      title: `iptables: ${name}`,
      text:
        name === "MASQUERADE"
          ? "Changes the source to the address of the interface."
          : "Sends connections to this host.",
      example: `${name.toLowerCase()} to :1024-65535`,
    },
  }
}
