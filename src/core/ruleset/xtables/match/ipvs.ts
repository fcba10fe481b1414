import type { Extension, ValueSpec } from "../extension.js"
import { badOptions } from "../problem.js"
import { parseProtocol } from "../protocols.js"
import { unknownMatch } from "../unknown-step.js"
import { maskedAddress } from "../value-address.js"
import { choice } from "../value-choice.js"
import { parsePort } from "../value-port.js"

const protocol: ValueSpec = { shape: "protocol", parse: parseProtocol, print: String }
const port: ValueSpec = { shape: "port", parse: parsePort, print: String }

export const ipvs: Extension = {
  name: "ipvs",
  role: "match",
  families: [4, 6],
  needsConntrack: true,
  options: [
    { name: "ipvs", invertible: true },
    { name: "vproto", value: protocol, invertible: true },
    { name: "vaddr", value: maskedAddress({ bareHost: true, keepsHost: true }), invertible: true },
    { name: "vport", value: port, invertible: true },
    { name: "vdir", value: choice(["ORIGINAL", "REPLY"], { ignoreCase: true }) },
    { name: "vmethod", value: choice(["GATE", "IPIP", "MASQ"], { ignoreCase: true }), invertible: true },
    { name: "vportctl", value: port, invertible: true },
  ],
  check: (options) => (options.length === 0 ? badOptions("ipvs must be asked something: --ipvs") : undefined),
  ...unknownMatch,
  manual: {
    title: "iptables: ipvs",
    text: "Connections that the kernel's load balancer handles.",
    example: "ct status dnat",
  },
}
