import { BREAK, CONTINUE } from "../../runtime.js"
import type { Extension, ValueSpec } from "../extension.js"
import { isNegated, optionOf } from "../option.js"
import { badValue } from "../problem.js"

/** The value is the list of its six bytes. */
const hardwareAddress: ValueSpec = {
  shape: "hardware address: 00:00:5e:00:53:01",
  parse: (text) =>
    /^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}$/i.test(text)
      ? text.split(":").map((byte) => Number.parseInt(byte, 16))
      : badValue(`"${text}" is not a hardware address`),
  print: (value) => (value as readonly number[]).map((byte) => byte.toString(16).padStart(2, "0")).join(":"),
}

/** The sender's hardware address on the last hop; a packet without an Ethernet header does not match, whatever is asked (xt_mac). */
export const mac: Extension = {
  name: "mac",
  role: "match",
  families: [4, 6],
  hooks: ["PREROUTING", "INPUT", "FORWARD"],
  options: [{ name: "mac-source", value: hardwareAddress, required: true, invertible: true }],
  toNft: (options) =>
    `ether saddr ${isNegated(options, "mac-source") ? "!= " : ""}${hardwareAddress.print(optionOf(options, "mac-source")?.value ?? [], 4)}`,
  compile(options) {
    const bytes = (optionOf(options, "mac-source")?.value ?? []) as readonly number[]
    const high = bytes.slice(0, 4).reduce((sum, byte) => sum * 256 + byte, 0)
    const low = (bytes[4] ?? 0) * 256 + (bytes[5] ?? 0)
    const negated = isNegated(options, "mac-source")
    return (packet) => {
      const at = packet.sourceMacOffset
      if (at < 0) return BREAK
      const same = packet.view.getUint32(at) === high && packet.view.getUint16(at + 4) === low
      return same !== negated ? CONTINUE : BREAK
    }
  },
  manual: {
    title: "iptables: mac",
    text: "The sender's hardware address.",
    example: "ether saddr 00:00:5e:00:53:01",
  },
}
