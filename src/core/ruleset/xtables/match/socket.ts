import type { Extension } from "../extension.js"
import { unknownMatch } from "../unknown-step.js"

export const socket: Extension = {
  name: "socket",
  role: "match",
  families: [4, 6],
  hooks: ["PREROUTING", "INPUT"],
  options: [{ name: "transparent" }, { name: "nowildcard" }, { name: "restore-skmark" }],
  toNft: (options) => {
    const names = options.map(({ name }) => name)
    if (names.includes("restore-skmark"))
      return { unsupported: "nft reads a socket's mark with a rule of its own" }
    return `socket wildcard ${names.includes("nowildcard") ? "le 1" : "0"}${names.includes("transparent") ? " socket transparent 1" : ""}`
  },
  ...unknownMatch,
  manual: {
    title: "iptables: socket",
    text: "Whether the host has a socket for the packet.",
    example: "socket transparent 1",
  },
}
