import type { Extension } from "../extension.js"
import { badOptions } from "../problem.js"
import { unknownTarget } from "../unknown-step.js"

export const connsecmark: Extension = {
  name: "CONNSECMARK",
  role: "target",
  families: [4, 6],
  tables: ["mangle", "security"],
  needsConntrack: true,
  options: [{ name: "save", excludes: ["restore"] }, { name: "restore" }],
  check: (options) =>
    options.length === 1 ? undefined : badOptions("CONNSECMARK needs --save or --restore"),
  ...unknownTarget,
  manual: {
    title: "iptables: CONNSECMARK",
    text: "Copies security marks between packets and connections.",
    example: "ct secmark set meta secmark",
  },
}
