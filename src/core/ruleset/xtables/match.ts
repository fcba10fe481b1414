import type { StepKind } from "../kind.js"
import { findExtension } from "./extensions.js"
import type { XtMatchNode } from "./node.js"
import { printOptions } from "./print-options.js"
import { neverMatches } from "./unknown-step.js"

/** `-m NAME …`: the extension of that name answers. One that is not known never matches. */
export const xtMatch: StepKind<XtMatchNode> = {
  name: "xt-match",
  toNft: ({ name, options, family }) => {
    const extension = findExtension("match", name, family)
    return (
      extension?.toNft?.(options, family) ?? {
        unsupported: `nft has no words for -m ${name} ${printOptions(extension, options, family)}`.trimEnd(),
      }
    )
  },
  compile: ({ name, options, family }, build) =>
    findExtension("match", name, family)?.compile(options, build, family) ?? neverMatches,
  needsConntrack: ({ name, family }) => findExtension("match", name, family)?.needsConntrack ?? false,
  worksBeforeConntrack: ({ name, family }) =>
    findExtension("match", name, family)?.worksBeforeConntrack ?? false,
  isKnown: ({ name, options, family }, known) =>
    findExtension("match", name, family)?.isKnown?.(options, known) ?? false,
  manual: {
    title: "iptables: matches",
    text: "A match of iptables, with its options: what it asks is said under its name.",
    example: "tcp dport 22",
  },
}
