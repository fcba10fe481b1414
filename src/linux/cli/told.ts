import type { Failure } from "../host/outcome.js"
import { type ExitStatus, exit } from "./command.js"
import type { Io } from "./output.js"

const statusOf = { cannot: exit.cannot, wrong: exit.wrong, no: exit.no } as const

/** Reports why this machine did not do it, and is the exit status for that. */
export function tell({ kind, diagnostics }: Failure, io: Io): ExitStatus {
  io.report(
    diagnostics.map((diagnostic) =>
      diagnostic.span ? diagnostic : { ...diagnostic, message: `floodwall: ${diagnostic.message}` },
    ),
  )
  return statusOf[kind]
}

/** A time of today as `14:32:10`, of another day with its date. */
export function formatTime(time: Date, now: Date): string {
  const two = (value: number) => String(value).padStart(2, "0")
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(":")
  if (time.toDateString() === now.toDateString()) return clock
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock}`
}

/** `60`, `60s`, `2m`: whole seconds from `least` to a day. */
export function parseSeconds(least: number) {
  return (text: string): { readonly value: number } | { readonly wrong: string } => {
    const found = /^(\d+)(s|m|h)?$/.exec(text.trim())
    const seconds = Number(found?.[1]) * { s: 1, m: 60, h: 3600 }[(found?.[2] ?? "s") as "s" | "m" | "h"]
    if (found && seconds >= least && seconds <= 86_400) return { value: seconds }
    return { wrong: `"${text}" is not a time from ${least}s to 24h: write 60, 90s or 2m` }
  }
}
