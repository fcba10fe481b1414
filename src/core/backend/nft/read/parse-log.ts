import type { Parser } from "./parser.js"
import { spanning } from "./place.js"
import type { Syntax } from "./syntax.js"
import { array, leaf, object } from "./tree.js"

/** The kernel's (NF_LOG_PREFIXLEN), with a zero at the end. */
const PREFIX_MAXIMUM = 127

/** `log prefix "x" level warn flags tcp sequence,options group 7 snaplen 64 queue-threshold 10`, in any order. */
export function parseLog(p: Parser): Syntax {
  const first = p.next()
  const entries: Record<string, Syntax> = {}
  const numbers: Readonly<Record<string, string>> = {
    group: "group",
    snaplen: "snaplen",
    "queue-threshold": "queue-threshold",
  }
  for (;;) {
    const { text } = p.peek()
    if (p.accept("prefix")) {
      if (p.peek().text.length > PREFIX_MAXIMUM)
        p.fail(`the prefix of a log has at most ${PREFIX_MAXIMUM} characters`, p.peek())
      entries["prefix"] = p.filledText("a prefix")
    } else if (p.accept("level")) entries["level"] = p.name("level")
    else if (p.accept("flags")) {
      const known = entries["flags"]
      const more = parseFlags(p)
      const span = more[0]?.span ?? first.span
      entries["flags"] = array([...(known?.kind === "array" ? known.items : []), ...more], span)
    } else if (Object.hasOwn(numbers, text) && p.accept(text))
      entries[text] = p.number(`the value of ${text}`)
    else break
  }
  const span = spanning(first.span, p.previous().span)
  return object({ log: Object.keys(entries).length > 0 ? object(entries, span) : leaf(null, span) }, span)
}

function parseFlags(p: Parser): readonly Syntax[] {
  const token = p.next()
  switch (token.text) {
    case "tcp": {
      const flags: Syntax[] = []
      do {
        const flag = p.next()
        if (flag.text !== "sequence" && flag.text !== "options")
          p.fail(`of TCP nft logs sequence and options, not "${flag.text}"`, flag)
        flags.push(leaf(`tcp ${flag.text}`, flag.span))
      } while (p.accept(","))
      return flags
    }
    case "ip":
      p.expect("options", "behind ip")
      return [leaf("ip options", token.span)]
    case "skuid":
    case "ether":
    case "all":
      return [leaf(token.text, token.span)]
    default:
      return p.fail(
        `"${token.text}" is nothing that nft logs: tcp, ip, skuid, ether and all are known`,
        token,
      )
  }
}
