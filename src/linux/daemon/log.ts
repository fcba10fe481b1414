import { type DestinationStream, type Logger, pino } from "pino"

export type GuardLog = Logger

/**
 * Structured lines on standard output: one JSON object a line, `level` as syslog's word, `time` in ISO 8601. With `text` the same for people: time, level, sentence. Under
 * systemd each line begins with its priority (`<4>`, sd-daemon(3)), so that `journalctl -p warning` finds it.
 */
export function createLog(
  form: "json" | "text",
  hasPriorities: boolean,
  write: (text: string) => void,
): GuardLog {
  const stream: DestinationStream = {
    write(line) {
      const { level } = JSON.parse(line) as { readonly level: string }
      const priority = hasPriorities ? `<${priorities[level] ?? 6}>` : ""
      write(`${priority}${form === "json" ? line : textOf(line)}`)
    },
  }
  return pino(
    {
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  )
}

/** syslog(3). */
const priorities: Readonly<Record<string, number>> = { fatal: 2, error: 3, warn: 4, info: 6, debug: 7 }

function textOf(line: string): string {
  const { level, time, msg } = JSON.parse(line) as {
    readonly level: string
    readonly time: string
    readonly msg?: string
  }
  return `${time.slice(11, 19)} ${level === "info" ? "" : `${level}: `}${msg ?? ""}\n`
}
