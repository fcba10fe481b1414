import type { Extension, ValueSpec, XtOption, XtOptions, XtValue } from "../extension.js"
import { HZ } from "../jiffies.js"
import { hasOption, numberOf, optionOf } from "../option.js"
import { badOptions, badValue } from "../problem.js"
import { bits } from "../value-choice.js"
import { number } from "../value-number.js"
import { parsePeriod, printPeriod, unitSeconds } from "../value-rate.js"
import { text } from "../value-text.js"
import { hashlimitSettings, hashlimitStep } from "./hashlimit-step.js"

/** XT_HASHLIMIT_SCALE_v2: a packet's time in millionths of a second. */
export const HASHLIMIT_SCALE = 1_000_000
/** Bytes are counted in units of so many (XT_HASHLIMIT_BYTE_SHIFT). */
const BYTES = 16
const DEFAULT_BURST = 5
const UNIT_BYTES: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 * 1024 }

/** What a rate in bytes is kept as: 2^32 - 1 over the units of 16 bytes a second. */
export function bytesToCost(bytes: number): number {
  return Math.floor(0xffffffff / (Math.floor(bytes / BYTES) + 1))
}

export function costToBytes(cost: number): number {
  return (Math.floor(0xffffffff / cost) - 1) * BYTES
}

/**
 * In packets: `["packets", a packet's time in millionths of a second]`, and as read a third number: the written unit's milliseconds, for an idle element stays so long, which
 * `normal` makes an option of its own where the rate is printed in another unit (`60/min` is `1/sec`). In bytes: `["bytes", what bytesToCost makes]`.
 */
const rate: ValueSpec = {
  shape: "rate of packets (5/minute, up to 1000000/second) or bytes (512kb/s)",
  parse: (word) => {
    const bytes = /^(\d+)([km]?)b\/s$/.exec(word)
    if (!bytes) {
      const period = parsePeriod(word, HASHLIMIT_SCALE)
      if (typeof period !== "number") return period
      return ["packets", period, (unitSeconds(word.split("/")[1] ?? "sec") ?? 1) * 1000]
    }
    const amount = Number(bytes[1]) * UNIT_BYTES[bytes[2]!]!
    if (amount === 0) return badValue("a rate of 0 bytes lets nothing past")
    return amount <= 0xffffffff
      ? ["bytes", bytesToCost(amount)]
      : badValue(`${word} is more than 4 GB a second`)
  },
  print: (value) => {
    const [unit, number_] = value as readonly ["packets" | "bytes", number]
    return unit === "packets" ? printPeriod(number_, HASHLIMIT_SCALE) : `${printCost(number_)}/s`
  },
}

/** In the largest unit in which the number is kept as the same. */
function printCost(cost: number): string {
  const bytes = costToBytes(cost)
  for (const [name, size] of [
    ["mb", UNIT_BYTES.m!],
    ["kb", UNIT_BYTES.k!],
  ] as const) {
    const count = Math.floor(bytes / size)
    if (count > 0 && bytesToCost(count * size) === cost) return `${count}${name}`
  }
  // The first unit of 16 bytes is all that is less: iptables-save prints 0, which is no rate.
  return `${Math.max(1, bytes)}b`
}

/** In the largest unit that leaves nothing over. */
function printBytes(bytes: number): string {
  if (bytes >= 1024 * 1024 && bytes % (1024 * 1024) === 0) return `${bytes / 1024 / 1024}mb`
  if (bytes >= 1024 && bytes % 1024 === 0) return `${bytes / 1024}kb`
  return `${bytes}b`
}

/** `["packets", n]` or `["bytes", n]`. */
const burst: ValueSpec = {
  shape: "number of packets from 1 to 1000000, or bytes: 1mb",
  parse: (word) => {
    const parts = /^(\d+)(?:([km]?)b)?$/.exec(word)
    if (!parts) return badValue(`"${word}" is not a burst`)
    if (parts[2] !== undefined) return ["bytes", Number(parts[1]) * UNIT_BYTES[parts[2]]!]
    const packets = Number(parts[1])
    return packets >= 1 && packets <= 1_000_000
      ? ["packets", packets]
      : badValue(`a burst is from 1 to 1000000 packets, not ${word}`)
  },
  print: (value) => {
    const [unit, amount] = value as readonly ["packets" | "bytes", number]
    return unit === "packets" ? `${amount}` : printBytes(amount)
  },
}

/** XT_HASHLIMIT_HASH_* bits of linux/netfilter/xt_hashlimit.h, in the order in which iptables-save prints them. */
export const modeBits: Readonly<Record<string, number>> = { srcip: 2, srcport: 8, dstip: 1, dstport: 4 }

const modes: ValueSpec = {
  ...bits(modeBits, { ignoreCase: false }),
  parse: (word, family) => (word === "" ? 0 : bits(modeBits, { ignoreCase: false }).parse(word, family)),
}

const word32 = number({ maximum: 0xffffffff })
const length = number({ maximum: 128 })

/** A token bucket for each source, destination or port, in a table with a name. */
export const hashlimit: Extension = {
  name: "hashlimit",
  role: "match",
  families: [4, 6],
  options: [
    {
      name: "hashlimit-upto",
      aliases: ["hashlimit"],
      value: rate,
      invertible: true,
      excludes: ["hashlimit-above"],
    },
    { name: "hashlimit-above", value: rate, invertible: true },
    { name: "hashlimit-burst", value: burst },
    { name: "hashlimit-mode", value: modes },
    { name: "hashlimit-name", value: text({ minimum: 1, maximum: 254, bare: true }), required: true },
    { name: "hashlimit-htable-size", value: word32 },
    { name: "hashlimit-htable-max", value: word32 },
    { name: "hashlimit-htable-gcinterval", value: word32 },
    { name: "hashlimit-htable-expire", value: word32 },
    { name: "hashlimit-srcmask", value: length },
    { name: "hashlimit-dstmask", value: length },
    { name: "hashlimit-rate-match" },
    { name: "hashlimit-rate-interval", value: word32 },
  ],
  normal: (options, family) => normalOptions(options, family),
  check: (options, { family }) => checkOptions(options, family),
  toNft: (options, family) => toNft(options, family),
  compile: (options, build, family) =>
    hashlimitStep(hashlimitSettings(options, family, expiryUnlessTold(limitOf(options))), build, family),
  manual: {
    title: "iptables: hashlimit",
    text: "A rate for each source, destination or port.",
    example: "update @meter { ip saddr limit rate over 5/minute burst 5 packets }",
  },
}

function limitOf(options: XtOptions): XtOption | undefined {
  return optionOf(options, "hashlimit-upto") ?? optionOf(options, "hashlimit-above")
}

/** Whether the rate is in packets, and its number. */
function rateOf(option: XtOption | undefined): readonly ["packets" | "bytes", number] {
  return (option?.value ?? ["packets", 0]) as readonly ["packets" | "bytes", number]
}

/** How long an idle element stays unless told, in milliseconds: the time of the unit that the rate is written in. */
export function expiryUnlessTold(option: XtOption | undefined): number {
  const [unit, period] = rateOf(option)
  if (unit === "bytes") return 1000
  const name = printPeriod(period, HASHLIMIT_SCALE).split("/")[1]
  return { sec: 1, min: 60, hour: 3600, day: 86_400 }[name ?? "sec"]! * 1000
}

/** What iptables takes where nothing is written (linux/netfilter/xt_hashlimit.h, libxt_hashlimit(8)). */
const unlessTold: Readonly<Record<string, XtValue>> = {
  "hashlimit-mode": 0,
  "hashlimit-htable-size": 0,
  "hashlimit-htable-max": 0,
  "hashlimit-htable-gcinterval": 1000,
}

function normalOptions(options: XtOptions, family: 4 | 6): XtOptions {
  const limit = limitOf(options)
  const [unit] = rateOf(limit)
  const isMatching = hasOption(options, "hashlimit-rate-match")
  const kept = [...options, ...writtenExpiry(options)].flatMap((option): XtOptions => {
    const { name, value, negated } = option
    if (option === limit) {
      const other = name === "hashlimit-upto" ? "hashlimit-above" : "hashlimit-upto"
      return [{ name: negated ? other : name, value: rateOf(option).slice(0, 2) }]
    }
    if (name in unlessTold && unlessTold[name] === value) return []
    if (name === "hashlimit-htable-expire" && value === expiryUnlessTold(limit)) return []
    if ((name === "hashlimit-srcmask" || name === "hashlimit-dstmask") && value === (family === 4 ? 32 : 128))
      return []
    // A second is the interval that is not printed, and without a match there is none.
    if (name === "hashlimit-rate-interval" && (!isMatching || value === 1)) return []
    return [option]
  })
  if (unit === "bytes" || hasOption(options, "hashlimit-burst")) return kept
  return [...kept, { name: "hashlimit-burst", value: ["packets", DEFAULT_BURST] }]
}

/** How long an idle element stays, where the unit that was written says so and nothing else does. */
function writtenExpiry(options: XtOptions): XtOptions {
  const written = (limitOf(options)?.value as readonly XtValue[] | undefined)?.[2]
  if (written === undefined || hasOption(options, "hashlimit-htable-expire")) return []
  return [{ name: "hashlimit-htable-expire", value: written }]
}

function checkOptions(options: XtOptions, family: 4 | 6) {
  const limit = limitOf(options)
  if (!limit) return badOptions("hashlimit needs --hashlimit-upto or --hashlimit-above")
  for (const name of ["hashlimit-srcmask", "hashlimit-dstmask"])
    if (numberOf(options, name, 0) > (family === 4 ? 32 : 128))
      return badOptions(`--${name} is longer than an address of IPv${family}`)
  const [unit, average] = rateOf(limit)
  const most = optionOf(options, "hashlimit-burst")?.value as
    | readonly ["packets" | "bytes", number]
    | undefined
  if (unit === "packets" && most?.[0] === "bytes")
    return badOptions("a rate in packets has a burst in packets")
  if (unit === "packets" && isTooLong(average, most?.[1] ?? 5))
    return badOptions("the kernel refuses a burst that takes so long to come back")
  for (const name of ["hashlimit-htable-gcinterval", "hashlimit-htable-expire"])
    if (optionOf(options, name)?.value === 0) return badOptions(`the kernel refuses --${name} 0`)
  if (unit === "bytes" && most && most[1] < costToBytes(average))
    return badOptions(`a burst is at least what a second brings: ${costToBytes(average)}b`)
  return undefined
}

/** The kernel's credits for a millionth of a second, at its ticks (xt_hashlimit: the highest power of two of which a day's have room in 64 bits). */
const CREDITS = (BigInt(HZ) << 39n) / BigInt(HASHLIMIT_SCALE)

/** The kernel looks whether the credits of a burst, in 64 bits, came out as fewer than those of one packet; tried on Linux 6.18 with `1/day`, which takes a burst of 1 alone. */
function isTooLong(average: number, packets: number): boolean {
  const credits = (times: number) => BigInt.asUintN(64, BigInt(average) * BigInt(times) * CREDITS)
  return credits(packets) < credits(1)
}

function toNft(options: XtOptions, family: 4 | 6) {
  const limit = limitOf(options)
  const [unit, period] = rateOf(limit)
  if (hasOption(options, "hashlimit-rate-match"))
    return { unsupported: "nft has limits, and does not measure rates" }
  if (hasOption(options, "hashlimit-srcmask") || hasOption(options, "hashlimit-dstmask"))
    return { unsupported: "the meter of a network is a set with a mask: write it by hand" }
  const ip = family === 4 ? "ip" : "ip6"
  const mode = numberOf(options, "hashlimit-mode", 0)
  if (mode === 0) return { unsupported: "a meter needs a key" }
  const key = [
    ...(mode & 2 ? [`${ip} saddr`] : []),
    ...(mode & 8 ? ["tcp sport"] : []),
    ...(mode & 1 ? [`${ip} daddr`] : []),
    ...(mode & 4 ? ["tcp dport"] : []),
  ].join(" . ")
  const over = limit?.name === "hashlimit-above" ? "over " : ""
  const [count, per] = printPeriod(period, HASHLIMIT_SCALE).split("/")
  const most = optionOf(options, "hashlimit-burst")?.value as readonly [string, number] | undefined
  const burstText = most ? ` burst ${most[1]} ${most[0]}` : ""
  const unitName = { sec: "second", min: "minute", hour: "hour", day: "day" }[per ?? "sec"]
  const text_ = unit === "bytes" ? `${costToBytes(period)} bytes/second` : `${count}/${unitName}`
  const name = String(optionOf(options, "hashlimit-name")?.value)
  const timeout = numberOf(options, "hashlimit-htable-expire", expiryUnlessTold(limit)) / 1000
  return `meter ${name} { ${key} timeout ${timeout}s limit rate ${over}${text_}${burstText} }`
}
