const plain = /^[A-Za-z0-9_-]+$/

/** A word as iptables-save writes texts: in quotes unless letters, digits, `_` and `-` are all there is. */
export function quoteWord(text: string): string {
  return plain.test(text) ? text : `"${text.replaceAll(/["\\']/g, "\\$&")}"`
}
