import { isProblem } from "../base/diagnostic.js"
import { type Prefix, parsePrefix, unmapped } from "../base/prefix.js"
import type { Report } from "./report.js"

/**
 * Reads a list file: one address or network a line; `#` and `;` begin a comment. Every line that is neither is reported.
 * Made for lists of a million lines: IPv4 is read digit by digit, the rest by the general parser.
 */
export function readAddressList(path: string, text: string, report: Report): Prefix[] {
  const prefixes: Prefix[] = []
  let lineNumber = 0
  for (let start = text.charCodeAt(0) === 0xfeff ? 1 : 0; start <= text.length; ) {
    lineNumber++
    let end = text.indexOf("\n", start)
    if (end < 0) end = text.length
    const fast = readIpv4(text, start, end)
    if (fast) prefixes.push(fast)
    else readLine(path, lineNumber, text.slice(start, end), prefixes, report)
    start = end + 1
  }
  return prefixes
}

function readLine(path: string, line: number, written: string, prefixes: Prefix[], report: Report): void {
  const word = written.replace(/[#;].*$/s, "").trim()
  if (word === "") return
  const prefix = parsePrefix(word)
  if (!isProblem(prefix)) {
    prefixes.push(unmapped(prefix))
    return
  }
  const column = written.indexOf(word) + 1
  const span = { file: path, line, column, endLine: line, endColumn: column + word.length }
  const hint = /[\s,]/.test(word)
    ? "a list file has one address or network a line"
    : /[a-z]/i.test(word) && !word.includes(":")
      ? "host names are not looked up"
      : undefined
  report.problem({ ...(hint && { hint }), ...prefix, message: prefix.message.slice(0, 200) }, span)
}

/** A dotted address, perhaps with a length, up to a comment, a space or the end; undefined where anything is unusual. */
function readIpv4(text: string, start: number, end: number): Prefix | undefined {
  let word = 0
  let part = 0
  let digits = 0
  let dots = 0
  let length = -1
  let at = start
  for (; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code >= 48 && code <= 57) {
      // A leading zero is for the general parser to refuse.
      if (digits > 0 && part === 0) return undefined
      part = part * 10 + code - 48
      if (++digits > 3) return undefined
    } else if (code === 46) {
      if (digits === 0 || part > 255 || dots === 3 || length >= 0) return undefined
      word = word * 256 + part
      dots++
      part = 0
      digits = 0
    } else if (code === 47) {
      if (digits === 0 || part > 255 || dots !== 3 || length >= 0) return undefined
      word = word * 256 + part
      length = 0
      part = 0
      digits = 0
    } else break
  }
  if (digits === 0 || dots !== 3) return undefined
  if (length < 0) {
    if (part > 255) return undefined
    word = word * 256 + part
    length = 32
  } else {
    if (part > 32) return undefined
    length = part
  }
  for (; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code === 35 || code === 59) break
    if (code !== 32 && code !== 9 && code !== 13) return undefined
  }
  const hostBits = length === 32 ? 0 : word % 2 ** (32 - length)
  return hostBits === 0 ? { address: { family: 4, words: [word] }, length } : undefined
}
