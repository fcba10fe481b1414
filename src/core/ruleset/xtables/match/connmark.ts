import { BREAK, CONTINUE } from "../../runtime.js"
import type { Extension } from "../extension.js"
import { isNegated, optionOf } from "../option.js"
import { masked, pairOf } from "../value-number.js"
import { maskedToNft } from "./mark.js"

/** The mark of the packet's connection (xt_connmark); a packet without one does not match, whatever is asked. */
export const connmark: Extension = {
  name: "connmark",
  role: "match",
  families: [4, 6],
  needsConntrack: true,
  options: [{ name: "mark", value: masked(), invertible: true, required: true }],
  toNft: (options) => {
    const [value, mask] = pairOf(optionOf(options, "mark")?.value)
    return maskedToNft("ct mark", value, mask, isNegated(options, "mark"))
  },
  compile(options) {
    const [value, mask] = pairOf(optionOf(options, "mark")?.value)
    const wanted = value | 0
    const negated = isNegated(options, "mark")
    return (_packet, { connection }) =>
      connection && ((connection.mark & mask) === wanted) !== negated ? CONTINUE : BREAK
  },
  manual: {
    title: "iptables: connmark",
    text: "The mark of the packet's connection, or some bits of it.",
    example: "ct mark 0x1",
  },
}
