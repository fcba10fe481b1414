import type { CounterNode } from "./action/counter.js"
import type { LogNode } from "./action/log.js"
import type { MarkNode } from "./action/mark.js"
import type { NotrackNode } from "./action/notrack.js"
import type { RejectNode } from "./action/reject.js"
import type { SetUpdateNode } from "./action/set-update.js"
import type { VerdictNode } from "./action/verdict.js"
import type { VerdictMapNode } from "./action/verdict-map.js"
import type { AndNode } from "./expression/and.js"
import type { ConcatenationNode } from "./expression/concatenation.js"
import type { CtNode } from "./expression/ct.js"
import type { ExtensionHeaderNode } from "./expression/extension-header.js"
import type { FibNode } from "./expression/fib.js"
import type { MetaNode } from "./expression/meta.js"
import type { NumgenNode } from "./expression/numgen.js"
import type { PayloadNode } from "./expression/payload.js"
import type { TcpOptionNode } from "./expression/tcp-option.js"
import type { CompareNode } from "./match/compare.js"
import type { CtCountNode } from "./match/ct-count.js"
import type { LimitNode } from "./match/limit.js"
import type { LookupNode } from "./match/lookup.js"
import type { XtHeaderNode, XtMatchNode, XtTargetNode } from "./xtables/node.js"

export type { VerdictNode }

/** What can be asked of a packet: a value. One file each in expression/. */
export type ExpressionNode =
  | MetaNode
  | PayloadNode
  | ExtensionHeaderNode
  | TcpOptionNode
  | CtNode
  | FibNode
  | NumgenNode
  | AndNode
  | ConcatenationNode

/** What a rule is made of. One file each in match/ and action/. */
export type StepNode =
  | CompareNode
  | LookupNode
  | LimitNode
  | CtCountNode
  | CounterNode
  | LogNode
  | MarkNode
  | NotrackNode
  | RejectNode
  | SetUpdateNode
  | VerdictNode
  | VerdictMapNode
  | XtHeaderNode
  | XtMatchNode
  | XtTargetNode
