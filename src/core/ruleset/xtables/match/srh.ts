import type { Extension, OptionSpec } from "../extension.js"
import { unknownMatch } from "../unknown-step.js"
import { maskedAddress } from "../value-address.js"
import { number } from "../value-number.js"

const byte = { value: number({ maximum: 255 }), invertible: true } as const
const network = { value: maskedAddress({ keepsHost: true }), invertible: true } as const
const compared: readonly OptionSpec[] = ["hdr-len", "segs-left", "last-entry"].flatMap((name) =>
  ["eq", "gt", "lt"].map((how) => ({ name: `srh-${name}-${how}`, ...byte })),
)

/** The segment routing header (RFC 8754). */
export const srh: Extension = {
  name: "srh",
  role: "match",
  families: [6],
  options: [
    { name: "srh-next-hdr", ...byte },
    ...compared,
    { name: "srh-tag", value: number({ maximum: 65535 }), invertible: true },
    { name: "srh-psid", ...network },
    { name: "srh-nsid", ...network },
    { name: "srh-lsid", ...network },
  ],
  ...unknownMatch,
  manual: { title: "ip6tables: srh", text: "The segment routing header of IPv6.", example: "srh tag 0" },
}
