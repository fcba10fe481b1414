import { SYN, TCP } from "../../../packet/packet.js"
import type { Extension } from "../extension.js"
import { optionOf } from "../option.js"
import { badOptions } from "../problem.js"
import { number } from "../value-number.js"
import { setTcpmssStep } from "./tcpmss-step.js"

export const tcpmss: Extension = {
  name: "TCPMSS",
  role: "target",
  families: [4, 6],
  protocols: [TCP],
  options: [
    { name: "set-mss", value: number({ maximum: 65535 - 40 }), excludes: ["clamp-mss-to-pmtu"] },
    { name: "clamp-mss-to-pmtu" },
  ],
  check: (options, { chain, flags }) => {
    const [option] = options
    if (!option) return badOptions("TCPMSS needs --set-mss or --clamp-mss-to-pmtu")
    if (option.name === "clamp-mss-to-pmtu" && (chain === "PREROUTING" || chain === "INPUT"))
      return badOptions(
        `the path's MTU is not known in ${chain}: --clamp-mss-to-pmtu is for packets that leave`,
      )
    return flags & SYN
      ? undefined
      : badOptions("TCPMSS works on SYN packets only: the rule must ask for one (-p tcp --syn)")
  },
  toNft: ([option]) =>
    `tcp option maxseg size set ${option?.name === "set-mss" ? String(option.value) : "rt mtu"}`,
  compile: (options, _build, family) =>
    setTcpmssStep((optionOf(options, "set-mss")?.value as number | undefined) ?? null, family),
  manual: {
    title: "iptables: TCPMSS",
    text: "Sets the maximum segment size that a SYN announces.",
    example: "tcp option maxseg size set rt mtu",
  },
}
