import { TCP, UDP } from "../../../packet/packet.js"
import { ACCEPT } from "../../runtime.js"
import type { Extension, XtOptions } from "../extension.js"
import { optionOf } from "../option.js"
import { oneAddress } from "../value-address.js"
import { masked, number } from "../value-number.js"

/** Hands the packet to a socket of this host without changing it. */
export const tproxy: Extension = {
  name: "TPROXY",
  role: "target",
  families: [4, 6],
  protocols: [TCP, UDP],
  tables: ["mangle"],
  hooks: ["PREROUTING"],
  options: [
    { name: "on-port", value: number({ maximum: 65535 }), required: true },
    { name: "on-ip", value: oneAddress },
    { name: "tproxy-mark", value: { ...masked(), print: masked(0x1_0000_0000).print } },
  ],
  normal: (options, family): XtOptions => [
    ...options.filter(({ name }) => name === "on-port"),
    optionOf(options, "on-ip") ?? { name: "on-ip", value: new Array<number>(family === 4 ? 1 : 4).fill(0) },
    optionOf(options, "tproxy-mark") ?? { name: "tproxy-mark", value: [0, 0] },
  ],
  compile: () => () => ACCEPT,
  assumes: "a socket listens there",
  manual: {
    title: "iptables: TPROXY",
    text: "Hands the packet to a local proxy unchanged.",
    example: "tproxy to :50080",
  },
}
