import type { CounterNode } from "./action/counter.js"
import type { DuplicateNode } from "./action/duplicate.js"
import type { FlowOffloadNode } from "./action/flow-offload.js"
import type { ForwardNode } from "./action/forward.js"
import type { LastNode } from "./action/last.js"
import type { LogNode } from "./action/log.js"
import type { MangleNode } from "./action/mangle.js"
import type { MarkNode } from "./action/mark.js"
import type { NatNode } from "./action/nat.js"
import type { NotrackNode } from "./action/notrack.js"
import type { ObjectReferenceNode } from "./action/object-reference.js"
import type { OpaqueNode } from "./action/opaque.js"
import type { QueueNode } from "./action/queue.js"
import type { RejectNode } from "./action/reject.js"
import type { SetUpdateNode } from "./action/set-update.js"
import type { StripOptionNode } from "./action/strip-option.js"
import type { SynproxyNode } from "./action/synproxy.js"
import type { TransparentProxyNode } from "./action/transparent-proxy.js"
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
import type { QuotaNode } from "./match/quota.js"
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
  | DuplicateNode
  | FlowOffloadNode
  | ForwardNode
  | LastNode
  | MangleNode
  | NatNode
  | ObjectReferenceNode
  | OpaqueNode
  | QueueNode
  | StripOptionNode
  | SynproxyNode
  | TransparentProxyNode
  | QuotaNode
  | XtHeaderNode
  | XtMatchNode
  | XtTargetNode
