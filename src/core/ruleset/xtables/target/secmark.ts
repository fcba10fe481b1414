import type { Extension } from "../extension.js"
import { unknownTarget } from "../unknown-step.js"
import { text } from "../value-text.js"

export const secmark: Extension = {
  name: "SECMARK",
  role: "target",
  families: [4, 6],
  tables: ["mangle", "security"],
  options: [{ name: "selctx", value: text({ minimum: 1, maximum: 255, bare: true }), required: true }],
  ...unknownTarget,
  manual: {
    title: "iptables: SECMARK",
    text: "Sets the packet's security mark.",
    example: 'meta secmark set "ssh"',
  },
}
