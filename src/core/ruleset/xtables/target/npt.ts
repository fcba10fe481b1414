import { isProblem } from "../../../base/diagnostic.js"
import type { Extension, ValueSpec } from "../extension.js"
import { badValue } from "../problem.js"
import { unknownTarget } from "../unknown-step.js"
import { maskedAddress } from "../value-address.js"

const network = maskedAddress()

/** A network of up to 64 bits, as written. */
const prefix: ValueSpec = {
  ...network,
  parse: (text, family) => {
    const length = /\/(\d+)$/.exec(text)?.[1]
    const parsed = network.parse(text, family)
    if (isProblem(parsed)) return parsed
    return length !== undefined && Number(length) <= 64
      ? parsed
      : badValue(`"${text}" is not a network of at most 64 bits`)
  },
}

/** Stateless translation of networks (RFC 6296). */
export function prefixTranslation(name: "SNPT" | "DNPT", hooks: Extension["hooks"] & object): Extension {
  return {
    name,
    role: "target",
    families: [6],
    tables: ["mangle"],
    hooks,
    options: [
      { name: "src-pfx", value: prefix, required: true },
      { name: "dst-pfx", value: prefix, required: true },
    ],
    ...unknownTarget,
    manual: {
      title: `ip6tables: ${name}`,
      text: "Changes the network of addresses, without conntrack.",
      example: "ip6 saddr set 2001:db8::1",
    },
  }
}
