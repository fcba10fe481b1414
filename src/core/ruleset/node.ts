import type { CounterNode } from "./action/counter.js"
import type { LogNode } from "./action/log.js"
import type { MarkNode } from "./action/mark.js"
import type { NotrackNode } from "./action/notrack.js"
import type { RejectNode } from "./action/reject.js"
import type { SetUpdateNode } from "./action/set-update.js"
import type { VerdictNode } from "./action/verdict.js"
import type { VerdictMapNode } from "./action/verdict-map.js"
import type { AndNode } from "./expression/and.js"
import type { BinaryNode } from "./expression/binary.js"
import type { ConcatenationNode } from "./expression/concatenation.js"
import type { ConstantNode } from "./expression/constant.js"
import type { CtNode } from "./expression/ct.js"
import type { DccpOptionNode } from "./expression/dccp-option.js"
import type { ExtensionHeaderNode } from "./expression/extension-header.js"
import type { FibNode } from "./expression/fib.js"
import type { FingerprintNode } from "./expression/fingerprint.js"
import type { HashNode } from "./expression/hash.js"
import type { IpOptionNode } from "./expression/ip-option.js"
import type { IpsecNode } from "./expression/ipsec.js"
import type { MetaNode } from "./expression/meta.js"
import type { NumgenNode } from "./expression/numgen.js"
import type { PayloadNode } from "./expression/payload.js"
import type { RawPayloadNode } from "./expression/raw-payload.js"
import type { RoutingNode } from "./expression/routing.js"
import type { SctpChunkNode } from "./expression/sctp-chunk.js"
import type { SocketNode } from "./expression/socket.js"
import type { TcpOptionNode } from "./expression/tcp-option.js"
import type { ValueMapNode } from "./expression/value-map.js"
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
  | RawPayloadNode
  | ExtensionHeaderNode
  | IpOptionNode
  | TcpOptionNode
  | SctpChunkNode
  | DccpOptionNode
  | CtNode
  | FibNode
  | RoutingNode
  | SocketNode
  | FingerprintNode
  | IpsecNode
  | NumgenNode
  | HashNode
  | AndNode
  | BinaryNode
  | ConcatenationNode
  | ValueMapNode
  | ConstantNode

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
