import { ACCEPT } from "../../runtime.js"
import type { Extension } from "../extension.js"

/** The older word for NFQUEUE with queue 0. */
export const queue: Extension = {
  name: "QUEUE",
  role: "target",
  families: [4, 6],
  options: [],
  toNft: () => "queue to 0",
  compile: () => () => ACCEPT,
  assumes: "the program that listens to the queue accepts",
  manual: {
    title: "iptables: QUEUE",
    text: "Hands the packet to a program that decides.",
    example: "queue to 0",
  },
}
