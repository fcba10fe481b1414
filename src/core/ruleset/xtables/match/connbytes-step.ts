import { BREAK, type Build, CONTINUE, type RunConnection, type Step } from "../../runtime.js"
import { isNegated, optionOf, textOf, type XtOptions } from "../option.js"

/** `-m connbytes` */
export interface ConnbytesSettings {
  readonly from: number
  readonly to: number
  readonly direction: "original" | "reply" | "both"
  readonly mode: "packets" | "bytes" | "avgpkt"
  readonly negated: boolean
}

/** How much has gone through the connection, this packet included. A packet without a connection does not match, negated or not. */
export function connbytesStep(settings: ConnbytesSettings, build: Build): Step {
  const { from, to, mode, negated } = settings
  const direction = settings.direction === "original" ? 0 : settings.direction === "reply" ? 1 : 2
  build.accounting()
  const measure = (connection: RunConnection): number => {
    if (mode === "packets") return connection.packets(direction)
    const bytes = connection.bytes(direction)
    return mode === "bytes" ? bytes : Math.floor(bytes / Math.max(1, connection.packets(direction)))
  }
  return (_packet, { connection }) => {
    if (connection === null) return BREAK
    const what = measure(connection)
    return (what >= from && what <= to) !== negated ? CONTINUE : BREAK
  }
}

export function connbytesSettings(options: XtOptions): ConnbytesSettings {
  const [from, to] = (optionOf(options, "connbytes")?.value ?? [0, null]) as readonly (
    | number
    | string
    | null
  )[]
  return {
    from: Number(from),
    to: to === null ? Infinity : Number(to),
    direction: textOf(options, "connbytes-dir", "both") as ConnbytesSettings["direction"],
    mode: textOf(options, "connbytes-mode", "bytes") as ConnbytesSettings["mode"],
    negated: isNegated(options, "connbytes"),
  }
}
