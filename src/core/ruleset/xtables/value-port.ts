import type { Problem } from "../../base/diagnostic.js"
import { didYouMean } from "../../base/nearest.js"
import { services } from "../../base/services.js"
import type { ValueSpec, XtValue } from "./extension.js"
import { badValue } from "./problem.js"
import { parseNumber } from "./value-number.js"

/** A port's number or the name of a service. */
export function parsePort(text: string): number | Problem {
  const value = parseNumber(text)
  if (value !== undefined) return value <= 65535 ? value : badValue(`a port is at most 65535, not ${text}`)
  const service = services.get(text)
  if (service) return service.port
  return badValue(`"${text}" is not a port or the name of a service`, didYouMean(text, services.keys()))
}

/** `22`, `ssh`, `1024:65535`, `:1023`, `1024:`. The value is the pair of its ends. */
export const portRange: ValueSpec = {
  shape: "port, or range of ports: 22, ssh, 1024:65535, :1023",
  parse: (text) => parsePortRange(text, ":"),
  print: (value) => printPortRange(value),
}

export function parsePortRange(text: string, separator: string): readonly [number, number] | Problem {
  const at = text.indexOf(separator)
  if (at < 0) {
    const port = parsePort(text)
    return typeof port === "number" ? [port, port] : port
  }
  const first = text.slice(0, at)
  const last = text.slice(at + 1)
  const from = first === "" ? 0 : parsePort(first)
  const to = last === "" ? 65535 : parsePort(last)
  if (typeof from !== "number") return from
  if (typeof to !== "number") return to
  return from <= to ? [from, to] : badValue(`the range ${text} runs backwards`)
}

export function printPortRange(value: XtValue, separator = ":"): string {
  const [from, to] = value as readonly [number, number]
  return from === to ? `${from}` : `${from}${separator}${to}`
}

/** Ports and ranges with commas between. The value is a list of pairs. */
export const portList: ValueSpec = {
  shape: "up to 15 ports with commas between, a range counting twice: 22,80,1024:65535",
  parse: (text) => {
    const ranges: (readonly [number, number])[] = []
    for (const part of text.split(",")) {
      const range = parsePortRange(part, ":")
      if ("id" in range) return range
      if (part.includes(":") && (part.startsWith(":") || part.endsWith(":")))
        return badValue(`"${part}" lacks an end: a list takes ranges with both`)
      if (part.includes(":") && range[0] === range[1]) return badValue(`"${part}" is no range`)
      ranges.push(range)
    }
    const places = ranges.reduce((sum, [from, to]) => sum + (from === to ? 1 : 2), 0)
    return places <= 15
      ? ranges
      : badValue(`a list has room for 15 ports, a range counting twice, and not for ${places}`)
  },
  print: (value) => (value as readonly XtValue[]).map((range) => printPortRange(range)).join(","),
}
