import type { StepKind } from "../kind.js"
import { findExtension } from "./extensions.js"
import type { XtTargetNode } from "./node.js"
import { printOptions } from "./print-options.js"
import { goesOn } from "./unknown-step.js"

/** `-j NAME …`: the extension of that name answers. One that is not known goes on. */
export const xtTarget: StepKind<XtTargetNode> = {
  name: "xt-target",
  toNft: ({ name, options, family }) => {
    const extension = findExtension("target", name, family)
    return (
      extension?.toNft?.(options, family) ?? {
        unsupported: `nft has no words for -j ${name} ${printOptions(extension, options, family)}`.trimEnd(),
      }
    )
  },
  compile: ({ name, options, family }, build) =>
    findExtension("target", name, family)?.compile(options, build, family) ?? goesOn,
  needsConntrack: ({ name, family }) => findExtension("target", name, family)?.needsConntrack ?? false,
  worksBeforeConntrack: ({ name, family }) =>
    findExtension("target", name, family)?.worksBeforeConntrack ?? false,
  changesSort: ({ name, family }) => findExtension("target", name, family)?.changesSort ?? false,
  manual: {
    title: "iptables: targets",
    text: "A target of iptables, with its options: what it does is said under its name.",
    example: "reject with icmpx port-unreachable",
  },
}
