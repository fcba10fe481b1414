import { recogniseFormat } from "../../backend/formats.js"
import { readIptables } from "../../backend/iptables/read.js"
import type { ReadRules } from "../../backend/read-rules.js"
import type { Span } from "../../base/diagnostic.js"
import type { DialectFile } from "../imported.js"

/** A file of Kura's rules, of one IP version. */
export interface KuraRuleFile {
  readonly family: 4 | 6
  /** As iptables-save would print them. */
  readonly file: DialectFile
  readonly read: ReadRules
  /** Where a line of `file` stands in what was given. */
  readonly back: (span: Span) => Span
}

/** Whether a text holds rules of Kura's chains, and neither a snapshot nor an answer of its REST service. */
export function isRuleFile({ text }: DialectFile): boolean {
  return !/^\uFEFF?\s*[<{]/.test(text) && (isSaved(text) || ownRule.test(text))
}

/** iptables-save's text has its tables. Properties may have anything for values, a command too. */
function isSaved(text: string): boolean {
  if (!/^\*[a-z]+\s*$/m.test(text)) return false
  const format = recogniseFormat(text)?.format
  return format === "iptables" || format === "ip6tables"
}

const ownRule =
  /^\s*(?:[`$#>]\s*)?(?:sudo\s+)?(?:(?:\S*\/)?ip6?tables\s+)?(?:-t\s+mangle\s+)?-[AI]\s+(?:prerouting|output)-kura\b/m

/** What only IPv6 has. */
const ofIpv6 = /icmpv6|ipv6-icmp|ipv6header|--rt-type/

/**
 * Reads rules in any form that they are handed on in: as iptables-save prints them, as `iptables -S` does (no table), as commands with and without `-t mangle`, and as the pages of
 * Kura's manual have them, both IP versions in one text, and one line with two rules in it.
 */
export function readRuleFile(file: DialectFile): readonly KuraRuleFile[] {
  if (isSaved(file.text)) {
    const family = recogniseFormat(file.text)?.format === "ip6tables" ? 6 : 4
    return [{ family, file, read: readIptables(file, family), back: (span) => span }]
  }
  const rules = listedRules(file.text)
  return ([4, 6] as const).flatMap((family) => {
    const own = rules.filter((rule) => rule.family === family)
    return own.length === 0 ? [] : [asSaved(file, family, own)]
  })
}

interface ListedRule {
  readonly family: 4 | 6
  readonly line: number
  readonly rule: string
  readonly written: string
}

function listedRules(text: string): readonly ListedRule[] {
  const bare = ofIpv6.test(text) ? 6 : 4
  let isBareSix = false
  return text.split(/\r\n|\n|\r/).flatMap((line, index) =>
    // The page of Kura 5.0 has a line with two rules, and quotes between them.
    line.split(/",\s*"/).flatMap((part): readonly ListedRule[] => {
      const written = part.trim()
      const found =
        /^(?:[`$#>]\s*)?(?:sudo\s+)?(?:(?:\S*\/)?(ip6?tables)\s+)?(?:-t\s+mangle\s+)?-[AI]\s+((?:prerouting|output)-kura)\s+(?:\d+\s+)?(-.*)$/.exec(
          written,
        )
      if (!found) {
        // The heading between the two lists of the newest page.
        if (/IPv6/.test(written)) isBareSix = true
        return []
      }
      const [, tool, chain = "", rest = ""] = found
      const family =
        tool === undefined ? (isBareSix ? 6 : firstBare(text, bare)) : tool === "ip6tables" ? 6 : 4
      return [
        {
          family,
          line: index + 1,
          rule: `-A ${chain} ${rest.replace(/-m ipv6-icmp\b/, "-m icmp6")}`,
          written,
        },
      ]
    }),
  )
}

/** Of rules without a command before them: a list that speaks of IPv4's ICMP begins with IPv4. */
function firstBare(text: string, bare: 4 | 6): 4 | 6 {
  return /-p icmp\b/.test(text) ? 4 : bare
}

const heading = [
  "*mangle",
  ":PREROUTING ACCEPT [0:0]",
  ":OUTPUT ACCEPT [0:0]",
  ":prerouting-kura - [0:0]",
  ":output-kura - [0:0]",
  "-A PREROUTING -j prerouting-kura",
  "-A OUTPUT -j output-kura",
]

function asSaved(given: DialectFile, family: 4 | 6, rules: readonly ListedRule[]): KuraRuleFile {
  const text = [...heading, ...rules.map(({ rule }) => rule), "COMMIT", ""].join("\n")
  const file = { path: given.path, text }
  const at = ({ line }: Span) => rules[line - 1 - heading.length]
  const back = (span: Span): Span => ({
    file: given.path,
    line: at(span)?.line ?? rules[0]?.line ?? 1,
    column: 1,
  })
  const { ruleset, diagnostics } = readIptables(file, family)
  const read: ReadRules = {
    ruleset: {
      tables: ruleset.tables.map((table) => ({
        ...table,
        chains: table.chains.map((chain) => ({
          ...chain,
          rules: chain.rules.flatMap((rule) => {
            const { span } = rule.origin
            const own = span && at(span)
            return own && span ? [{ ...rule, origin: { span: back(span), text: own.written } }] : []
          }),
        })),
      })),
    },
    diagnostics: diagnostics.map((each) => (each.span ? { ...each, span: back(each.span) } : each)),
  }
  return { family, file, read, back }
}
