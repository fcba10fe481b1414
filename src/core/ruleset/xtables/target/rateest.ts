import { CONTINUE } from "../../runtime.js"
import type { Extension, ValueSpec } from "../extension.js"
import { badValue } from "../problem.js"
import { text } from "../value-text.js"

/** Microseconds. */
const time: ValueSpec = {
  shape: "time: 250ms, 0.5s",
  parse: (word) => {
    const parts = /^(\d+(?:\.\d+)?)(s|sec|secs|ms|msec|msecs|us|usec|usecs)?$/.exec(word)
    const unit = parts?.[2]?.[0] ?? "u"
    const factor = unit === "s" ? 1e6 : unit === "m" ? 1e3 : 1
    return parts ? Math.round(Number(parts[1]) * factor) : badValue(`"${word}" is not a time`)
  },
  print: (value) => {
    const microseconds = value as number
    if (microseconds >= 1e6) return `${(microseconds / 1e6).toFixed(1)}s`
    return microseconds >= 1e3 ? `${(microseconds / 1e3).toFixed(1)}ms` : `${microseconds}us`
  },
}

export const rateest: Extension = {
  name: "RATEEST",
  role: "target",
  families: [4, 6],
  options: [
    { name: "rateest-name", value: text({ minimum: 1, maximum: 15, bare: true }), required: true },
    { name: "rateest-interval", value: time, required: true },
    { name: "rateest-ewmalog", value: time, required: true },
  ],
  compile: () => () => CONTINUE,
  manual: { title: "iptables: RATEEST", text: "Measures a rate, for the match rateest.", example: "counter" },
}
