import { TCP } from "../../../packet/packet.js"
import type { Extension } from "../extension.js"
import { hasOption, optionOf } from "../option.js"
import { number } from "../value-number.js"

/** Answers SYNs in the server's place; the server hears of a client once it has answered. */
export const synproxy: Extension = {
  name: "SYNPROXY",
  role: "target",
  families: [4, 6],
  protocols: [TCP],
  hooks: ["INPUT", "FORWARD"],
  needsConntrack: true,
  options: [
    { name: "sack-perm" },
    { name: "timestamp" },
    { name: "wscale", value: number({ maximum: 14 }) },
    { name: "mss", value: number({ maximum: 65535 }) },
    { name: "ecn" },
  ],
  toNft: (options) => {
    const parts = ["mss", "wscale"].flatMap((name) => {
      const option = optionOf(options, name)
      return option ? [`${name} ${String(option.value)}`] : []
    })
    return [
      "synproxy",
      ...parts,
      ...(hasOption(options, "timestamp") ? ["timestamp"] : []),
      ...(hasOption(options, "sack-perm") ? ["sack-perm"] : []),
    ].join(" ")
  },
  compile: () => (packet, run) => run.synproxy(packet),
  assumes: "the ACK that follows an answered SYN brings the cookie back, and the server accepts",
  manual: {
    title: "iptables: SYNPROXY",
    text: "Answers SYNs in the server's place.",
    example: "synproxy mss 1460 wscale 7 timestamp sack-perm",
  },
}
