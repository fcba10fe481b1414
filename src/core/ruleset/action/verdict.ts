import type { StepKind } from "../kind.js"
import {
  ACCEPT,
  type Build,
  CONTINUE,
  DROP,
  GOTO,
  JUMP,
  type Outcome,
  RETURN,
  type Step,
} from "../runtime.js"

export interface VerdictNode {
  readonly step: "verdict"
  readonly verdict: "accept" | "drop" | "return" | "continue" | "jump" | "goto"
  /** The chain, for jump and goto. */
  readonly chain?: string
}

/** `accept` ends its own base chain; those after it, of later hooks and priorities, still judge the packet. `drop` is for good. */
export const verdict: StepKind<VerdictNode> = {
  name: "verdict",
  toNft: verdictToNft,
  compile(node, build): Step {
    const outcome = outcomes[node.verdict]
    if (outcome !== JUMP && outcome !== GOTO) return () => outcome
    const target = chainOf(node, build)
    return (_packet, run) => {
      run.target = target
      return outcome
    }
  },
  isKnown: () => true,
  manual: {
    title: "Verdicts",
    text: "What becomes of the packet, or where the rules go on. `accept` ends one base chain only; `drop` is final.",
    example: "jump malformed",
  },
}

export function verdictToNft(node: VerdictNode): string {
  return node.chain === undefined ? node.verdict : `${node.verdict} ${node.chain}`
}

/** What a step with this verdict says (runtime.ts). */
export const outcomes: Readonly<Record<VerdictNode["verdict"], Outcome>> = {
  accept: ACCEPT,
  drop: DROP,
  return: RETURN,
  continue: CONTINUE,
  jump: JUMP,
  goto: GOTO,
}

export function chainOf(node: VerdictNode, build: Pick<Build, "chain">): number {
  return node.chain === undefined ? -1 : build.chain(node.chain)
}
