import { CONTINUE } from "../../runtime.js"
import type { Extension } from "../extension.js"
import { text } from "../value-text.js"

/** Matches every packet. nft keeps a comment with the rule, not among its matches. */
export const comment: Extension = {
  name: "comment",
  role: "match",
  families: [4, 6],
  options: [{ name: "comment", value: text({ maximum: 255 }), required: true }],
  toNft: () => "",
  compile: () => () => CONTINUE,
  manual: {
    title: "iptables: comment",
    text: "Says something to people, and matches every packet.",
    example: 'accept comment "office"',
  },
}
