import { parseRate } from "../../../base/rate.js"
import type { StepNode } from "../../node.js"
import type { Extension, ValueSpec, XtOptions } from "../extension.js"
import { hasOption, numberOf } from "../option.js"
import { badOptions } from "../problem.js"
import { number } from "../value-number.js"
import { LIMIT_SCALE, parsePeriod, printPeriod } from "../value-rate.js"
import { type LimitSettings, limitOverflows, limitStep } from "./limit-step.js"

export const defaultBurst = 5

/** The value is a packet's time in ten-thousandths of a second, which is what the kernel is told. */
const rate: ValueSpec = {
  shape: "rate of up to 10000/second: 5/minute",
  parse: (text) => parsePeriod(text, LIMIT_SCALE),
  print: (value) => printPeriod(value as number, LIMIT_SCALE),
}

/** A token bucket (xt_limit); 3 an hour unless told, and a burst of 5. */
export const limit: Extension = {
  name: "limit",
  role: "match",
  families: [4, 6],
  options: [
    { name: "limit", value: rate },
    { name: "limit-burst", value: number({ maximum: 10_000 }) },
  ],
  normal: (options) => [
    ...(hasOption(options, "limit") ? [] : [{ name: "limit", value: (3600 * 10_000) / 3 }]),
    ...options.filter(({ name, value }) => name !== "limit-burst" || value !== defaultBurst),
  ],
  check: (options) =>
    limitOverflows(settingsOf(options))
      ? badOptions("the kernel refuses a bucket that is empty or too large for its 32 bits")
      : undefined,
  toNft: (options) => {
    const text = printPeriod(numberOf(options, "limit", 0), LIMIT_SCALE)
    const [count, unit] = text.split("/")
    const word = { sec: "second", min: "minute", hour: "hour", day: "day" }[unit ?? ""]
    return `limit rate ${count}/${word} burst ${numberOf(options, "limit-burst", defaultBurst)} packets`
  },
  compile: (options, build) => {
    const native = build.iptablesNft ? nativeLimit(options) : undefined
    return native ? build.step(native) : limitStep(settingsOf(options))
  },
  manual: {
    title: "iptables: limit",
    text: "Matches up to a rate, after a burst.",
    example: "limit rate 3/hour burst 5 packets",
  },
}

/** iptables' nft variant asks nft's own bucket, which counts in nanoseconds. */
function nativeLimit(options: XtOptions): StepNode | undefined {
  const [count, unit] = printPeriod(numberOf(options, "limit", 0), LIMIT_SCALE).split("/")
  const rate = parseRate(`${count}/${unit}`)
  if ("id" in rate) return undefined
  return { step: "limit", rate, burst: numberOf(options, "limit-burst", defaultBurst), over: false }
}

/** A packet's time is a rate, too: 10000 packets in as many seconds as it has units. */
function settingsOf(options: XtOptions): LimitSettings {
  return {
    count: LIMIT_SCALE,
    seconds: numberOf(options, "limit", 0),
    burst: numberOf(options, "limit-burst", defaultBurst),
  }
}
