import type { Origin } from "../../ruleset/origin.js"

/** NFTNL_UDATA_COMMENT_MAXLEN of libnftnl. */
const commentMaximum = 128

/** Whether nft takes the text between quotation marks as a comment: its strings know no escape. */
export function isQuotable(text: string): boolean {
  return text !== "" && utf8Length(text) <= commentMaximum && !/["\p{Cc}\u2028\u2029]/u.test(text)
}

/** `policy.yaml:12 syn-floods`: what a rule in the kernel says of itself. Undefined where that is too long. */
export function commentOf(origin: Origin): string | undefined {
  const place = `${origin.span.file}:${origin.span.line}`
  const long = origin.protection === undefined ? place : `${place} ${origin.protection}`
  if (isQuotable(long)) return long
  // A long path's last part still tells.
  const short = long.slice(long.lastIndexOf("/", long.length - 2) + 1)
  return isQuotable(short) ? short : undefined
}

function utf8Length(text: string): number {
  let bytes = 0
  for (const character of text) {
    const point = character.codePointAt(0)!
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
  }
  return bytes
}
