import { didYouMean } from "../../../base/nearest.js"
import { type IpOptionName, ipOptionFields, ipOptionNames } from "../../../ruleset/expression/ip-option.js"
import {
  type SctpChunkName,
  sctpChunkFields,
  sctpChunkNames,
} from "../../../ruleset/expression/sctp-chunk.js"
import {
  type TcpOptionNode,
  tcpOptionFields,
  tcpOptionNamed,
  tcpOptionNames,
  tcpOptionOf,
} from "../../../ruleset/expression/tcp-option.js"
import type { ExpressionNode } from "../../../ruleset/node.js"
import type { Context } from "./context.js"
import type { ElaborateObject } from "./expression.js"
import { useNetwork } from "./protocol.js"
import type { Syntax } from "./syntax.js"
import { entry, numberOf, stringOf } from "./tree.js"

/** Options of headers, and chunks of SCTP: a field, or whether they are there. */
export const elaborateOption: Readonly<Record<string, ElaborateObject>> = {
  "tcp option": tcpOption,
  "ip option": ipOption,
  "sctp chunk": sctpChunk,
  "dccp option": dccpOption,
}

type Elaborated = ExpressionNode | undefined

function wrongNumber(what: string, syntax: Syntax, context: Context): undefined {
  context.report("nft-value-too-large", `the number of ${what} is 0 to 255`, syntax)
  return undefined
}

function wrongName(
  what: string,
  name: string,
  names: Iterable<string>,
  syntax: Syntax,
  context: Context,
): undefined {
  context.report("nft-unknown-expression", `nft knows no ${what} "${name}"`, syntax, didYouMean(name, names))
  return undefined
}

/** The option by name or number: `tcp option 2` is maxseg. Undefined: it was reported. */
export function tcpOptionIn(
  syntax: Syntax | undefined,
  context: Context,
): TcpOptionNode["option"] | undefined {
  if (!syntax) return undefined
  const number = numberOf(syntax)
  if (number !== undefined)
    return number > 255 ? wrongNumber("a TCP option", syntax, context) : tcpOptionOf(number)
  const name = stringOf(syntax) ?? ""
  return tcpOptionNamed(name) ?? wrongName("TCP option", name, tcpOptionNames, syntax, context)
}

function tcpOption(inner: Syntax, syntax: Syntax, context: Context): Elaborated {
  const base = entry(inner, "base")
  if (base) {
    const number = numberOf(base)
    const offset = numberOf(entry(inner, "offset"))
    const length = numberOf(entry(inner, "len"))
    if (number === undefined || number > 255) return wrongNumber("a TCP option", syntax, context)
    if (offset === undefined || length === undefined || length < 1 || length > 32) {
      context.report(
        "nft-unknown-expression",
        "bits of an option are @number,offset,length, 1 to 32 of them",
        syntax,
      )
      return undefined
    }
    return { expression: "tcp-option", option: number, raw: { offset, length } }
  }
  const option = tcpOptionIn(entry(inner, "name"), context)
  if (option === undefined) return undefined
  const field = stringOf(entry(inner, "field"))
  if (field === undefined) return { expression: "tcp-option", option }
  const fields = tcpOptionFields(option)
  if (!fields.includes(field)) {
    context.report(
      "unknown-field",
      `the TCP option ${option} has no field "${field}"`,
      syntax,
      didYouMean(field, fields),
    )
    return undefined
  }
  return { expression: "tcp-option", option, field }
}

function ipOption(inner: Syntax, syntax: Syntax, context: Context): Elaborated {
  const name = stringOf(entry(inner, "name")) ?? ""
  if (!ipOptionNames.includes(name)) return wrongName("IPv4 option", name, ipOptionNames, syntax, context)
  const option = name as IpOptionName
  const field = stringOf(entry(inner, "field"))
  if (field !== undefined && !ipOptionFields(option).includes(field)) {
    const hint = didYouMean(field, ipOptionFields(option))
    context.report("unknown-field", `the IPv4 option ${name} has no field "${field}"`, syntax, hint)
    return undefined
  }
  if (!useNetwork("ip", syntax, context)) return undefined
  return { expression: "ip-option", option, ...(field !== undefined && { field }) }
}

function sctpChunk(inner: Syntax, syntax: Syntax, context: Context): Elaborated {
  const name = stringOf(entry(inner, "name")) ?? ""
  if (!sctpChunkNames.includes(name)) return wrongName("SCTP chunk", name, sctpChunkNames, syntax, context)
  const chunk = name as SctpChunkName
  const field = stringOf(entry(inner, "field"))
  if (field !== undefined && !sctpChunkFields(chunk).includes(field)) {
    const hint = didYouMean(field, sctpChunkFields(chunk))
    context.report("unknown-field", `the SCTP chunk ${name} has no field "${field}"`, syntax, hint)
    return undefined
  }
  return { expression: "sctp-chunk", chunk, ...(field !== undefined && { field }) }
}

function dccpOption(inner: Syntax, syntax: Syntax, context: Context): Elaborated {
  const option = numberOf(entry(inner, "type"))
  if (option === undefined || option > 255) return wrongNumber("a DCCP option", syntax, context)
  return { expression: "dccp-option", option }
}
