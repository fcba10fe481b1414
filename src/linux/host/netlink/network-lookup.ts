import { liveChain } from "../../../core/policy/compile-networks.js"
import {
  type MessageWriter,
  NLM_F_ACK,
  NLM_F_APPEND,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_REQUEST,
} from "./message.js"
import { NFPROTO_INET, type SetWriter } from "./set-elements.js"

/** The rules by which packets of live connections are looked up among blocked networks: they stand only while there is one (policy/compile-networks.ts). */
export interface NetworkLookup {
  /** Before a network is listed: nothing to do where they stand already, as far as is known. */
  need(): void
  /** Has them stand, or not, whatever somebody did to them meanwhile. */
  make(isWanted: boolean): void
}

/** A table without the chain has rules of an older kind, which always ask: nothing is done to it. */
export function openNetworkLookup(writer: SetWriter, table: string): NetworkLookup {
  let stands: boolean | undefined
  const put = (isWanted: boolean) => {
    const error = writer.batch((messages) => writeChain(messages, table, isWanted ? lookups : []))
    stands = error === 0 ? isWanted : undefined
  }
  const count = () => {
    let rules = 0
    const error = writer.ask(
      (messages) => {
        messages.begin(NFT_MSG_GETRULE, NLM_F_REQUEST | NLM_F_DUMP, NFPROTO_INET)
        messages.text(NFTA_RULE_TABLE, table)
        messages.text(NFTA_RULE_CHAIN, liveChain)
        messages.end()
      },
      ({ type }) => {
        if (type === NFT_MSG_NEWRULE) rules++
      },
    )
    return error === 0 ? rules : undefined
  }
  return {
    need() {
      if (stands !== true) put(true)
    },
    make(isWanted) {
      // Nobody else puts them there.
      if (!isWanted && stands === false) return
      const wanted = isWanted ? lookups.length : 0
      if (count() === wanted) stands = isWanted
      else put(isWanted)
    },
  }
}

type Expressions = (rule: MessageWriter) => void

/** Past it who is in no network, then the chain `bypass`; the others are asked again, for only a look-up that finds an element counts in it. */
const lookups: readonly Expressions[] = [
  (rule) => isListed(rule, 4, false).verdict(NF_ACCEPT),
  (rule) => isListed(rule, 6, false).verdict(NF_ACCEPT),
  (rule) => expressionsOf(rule).verdict(NFT_JUMP, "bypass"),
  (rule) => isListed(rule, 4, true).counter().verdict(NF_DROP),
  (rule) => isListed(rule, 6, true).counter().verdict(NF_DROP),
]

/** `ip saddr @blocked-networks4`, or `!=`. */
function isListed(rule: MessageWriter, family: 4 | 6, isWanted: boolean) {
  const size = family === 4 ? 4 : 16
  return expressionsOf(rule)
    .add("meta", () => {
      rule.u32(NFTA_META_KEY, NFT_META_NFPROTO)
      rule.u32(NFTA_META_DREG, REGISTER)
    })
    .add("cmp", () => {
      rule.u32(NFTA_CMP_SREG, REGISTER)
      rule.u32(NFTA_CMP_OP, 0)
      rule.open(NFTA_CMP_DATA)
      rule.u8(NFTA_DATA_VALUE, family === 4 ? 2 : 10)
      rule.close()
    })
    .add("payload", () => {
      rule.u32(NFTA_PAYLOAD_DREG, REGISTER)
      rule.u32(NFTA_PAYLOAD_BASE, NETWORK_HEADER)
      rule.u32(NFTA_PAYLOAD_OFFSET, family === 4 ? 12 : 8)
      rule.u32(NFTA_PAYLOAD_LEN, size)
    })
    .add("lookup", () => {
      rule.text(NFTA_LOOKUP_SET, `blocked-networks${family}`)
      rule.u32(NFTA_LOOKUP_SREG, REGISTER)
      if (!isWanted) rule.u32(NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV)
    })
}

function expressionsOf(rule: MessageWriter) {
  const steps = {
    add(name: string, write: () => void) {
      rule.open(NFTA_LIST_ELEM)
      rule.text(NFTA_EXPR_NAME, name)
      rule.open(NFTA_EXPR_DATA)
      write()
      rule.close()
      rule.close()
      return steps
    },
    counter: () => steps.add("counter", () => {}),
    verdict: (code: number, chain?: string) =>
      steps.add("immediate", () => {
        rule.u32(NFTA_IMMEDIATE_DREG, VERDICT_REGISTER)
        rule.open(NFTA_IMMEDIATE_DATA)
        rule.open(NFTA_DATA_VERDICT)
        rule.u32(NFTA_VERDICT_CODE, code)
        if (chain !== undefined) rule.text(NFTA_VERDICT_CHAIN, chain)
        rule.close()
        rule.close()
      }),
  }
  return steps
}

/** All of a chain's rules go, and these come. */
function writeChain(messages: MessageWriter, table: string, rules: readonly Expressions[]): void {
  const begin = (type: number, flags: number) => {
    messages.begin(type, NLM_F_REQUEST | flags, NFPROTO_INET)
    messages.text(NFTA_RULE_TABLE, table)
    messages.text(NFTA_RULE_CHAIN, liveChain)
  }
  begin(NFT_MSG_DELRULE, rules.length === 0 ? NLM_F_ACK : 0)
  messages.end()
  for (const [index, write] of rules.entries()) {
    begin(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND | (index === rules.length - 1 ? NLM_F_ACK : 0))
    messages.open(NFTA_RULE_EXPRESSIONS)
    write(messages)
    messages.close()
    messages.bytes(NFTA_RULE_USERDATA, comment)
    messages.end()
  }
}

/** As libnftnl writes a rule's comment: its type (0), its length, and the text with its ending zero. */
const comment = (() => {
  const text = Buffer.from("blocked networks\0")
  return Uint8Array.from([0, text.length, ...text])
})()

/** linux/netfilter/nf_tables.h. */
const NFT_MSG_NEWRULE = 0xa06
const NFT_MSG_GETRULE = 0xa07
const NFT_MSG_DELRULE = 0xa08
const NFTA_RULE_TABLE = 1
const NFTA_RULE_CHAIN = 2
const NFTA_RULE_EXPRESSIONS = 4
const NFTA_RULE_USERDATA = 7
const NFTA_LIST_ELEM = 1
const NFTA_EXPR_NAME = 1
const NFTA_EXPR_DATA = 2
const NFTA_DATA_VALUE = 1
const NFTA_DATA_VERDICT = 2
const NFTA_VERDICT_CODE = 1
const NFTA_VERDICT_CHAIN = 2
const NFTA_META_DREG = 1
const NFTA_META_KEY = 2
const NFT_META_NFPROTO = 15
const NFTA_CMP_SREG = 1
const NFTA_CMP_OP = 2
const NFTA_CMP_DATA = 3
const NFTA_PAYLOAD_DREG = 1
const NFTA_PAYLOAD_BASE = 2
const NFTA_PAYLOAD_OFFSET = 3
const NFTA_PAYLOAD_LEN = 4
const NFTA_LOOKUP_SET = 1
const NFTA_LOOKUP_SREG = 2
const NFTA_LOOKUP_FLAGS = 5
const NFT_LOOKUP_F_INV = 1
const NFTA_IMMEDIATE_DREG = 1
const NFTA_IMMEDIATE_DATA = 2
const NETWORK_HEADER = 1
/** NFT_REG_VERDICT, NFT_REG_1. */
const VERDICT_REGISTER = 0
const REGISTER = 1
const NF_DROP = 0
const NF_ACCEPT = 1
/** -3. */
const NFT_JUMP = 0xfffffffd
