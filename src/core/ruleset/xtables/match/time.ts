import type { Extension, ValueSpec, XtOptions } from "../extension.js"
import { hasOption, numberOf, optionOf } from "../option.js"
import { badValue } from "../problem.js"
import { timeSettings, timeStep } from "./time-step.js"

const DAY = 86_400
/** The end of time of 32 bits, which iptables-save prints. */
const LATEST = 0x7fffffff

/** Seconds of a day. */
const timeOfDay: ValueSpec = {
  shape: "time of day: 08:30 or 08:30:00",
  parse: (text) => {
    const parts = /^(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?$/.exec(text)
    const [hours, minutes, seconds] = [Number(parts?.[1]), Number(parts?.[2]), Number(parts?.[3] ?? 0)]
    if (!parts || hours > 23 || minutes > 59 || seconds > 59)
      return badValue(`"${text}" is not a time of day`)
    return hours * 3600 + minutes * 60 + seconds
  },
  print: (value) => printTime(value as number),
}

function printTime(seconds: number): string {
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
    .map((part) => String(part).padStart(2, "0"))
    .join(":")
}

/** Seconds since 1970, in UTC. */
const date: ValueSpec = {
  shape: "date: 2026, 2026-03, 2026-03-01 or 2026-03-01T12:00:00",
  parse: (text) => {
    const parts =
      /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[Tt](\d{1,2})(?::(\d{1,2})(?::(\d{1,2}))?)?)?)?)?$/.exec(text)
    const [year, month, day, hours, minutes, seconds] = [1, 2, 3, 4, 5, 6].map((at) =>
      Number(parts?.[at] ?? (at === 2 || at === 3 ? 1 : 0)),
    ) as [number, number, number, number, number, number]
    const isDate =
      month >= 1 && month <= 12 && day >= 1 && day <= 31 && hours <= 23 && minutes <= 59 && seconds <= 59
    if (!parts || !isDate || year < 1970 || year > 2038)
      return badValue(`"${text}" is not a date from 1970 to 2038`)
    return Math.min(LATEST, Date.UTC(year, month - 1, day, hours, minutes, seconds) / 1000)
  },
  print: (value) => new Date((value as number) * 1000).toISOString().slice(0, 19),
}

const weekdayNames = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

/** A sum of bits: 2 is Monday (1), 128 Sunday (7), as the kernel has them. */
const weekdays: ValueSpec = {
  shape: "Mon, Tue, Wed, Thu, Fri, Sat, Sun or 1 to 7, with commas between",
  parse: (text) => {
    let sum = 0
    for (const word of text.split(",")) {
      const number = Number(word)
      const day =
        Number.isInteger(number) && word !== ""
          ? number
          : weekdayNames.findIndex(
              (name) => word.length >= 2 && name.toLowerCase().startsWith(word.toLowerCase()),
            ) + 1
      if (day < 1 || day > 7) return badValue(`"${word}" is not a day of the week`)
      sum |= 1 << day
    }
    return sum
  },
  print: (value) => weekdayNames.filter((_name, index) => ((value as number) & (2 << index)) !== 0).join(","),
}

/** A sum of bits: 2 is the first of the month. */
const monthdays: ValueSpec = {
  shape: "days of the month, 1 to 31, with commas between",
  parse: (text) => {
    let sum = 0
    for (const word of text.split(",")) {
      const day = Number(word)
      if (!/^\d+$/.test(word) || day < 1 || day > 31) return badValue(`"${word}" is not a day of the month`)
      sum = (sum | (1 << day)) >>> 0
    }
    return sum
  },
  print: (value) =>
    Array.from({ length: 31 }, (_, index) => index + 1)
      .filter((day) => ((value as number) & (1 << day)) !== 0)
      .join(","),
}

const allWeekdays = 0xfe
const allMonthdays = 0xfffffffe

/** Days and hours; in UTC unless told. Negated days are the other days, and all days are no question. */
export const time: Extension = {
  name: "time",
  role: "match",
  families: [4, 6],
  options: [
    { name: "timestart", value: timeOfDay },
    { name: "timestop", value: timeOfDay },
    { name: "monthdays", value: monthdays, invertible: true },
    { name: "weekdays", value: weekdays, invertible: true },
    { name: "datestart", value: date },
    { name: "datestop", value: date },
    { name: "kerneltz", aliases: ["localtz"], excludes: ["utc"] },
    { name: "utc" },
    { name: "contiguous" },
  ],
  normal: (options) => normalTime(options),
  compile: (options) => timeStep(timeSettings(options)),
  assumes: (options) => (hasOption(options, "kerneltz") ? "the kernel's time zone is UTC" : undefined),
  manual: { title: "iptables: time", text: "The time of arrival.", example: 'meta hour "08:00"-"17:00"' },
}

function normalTime(options: XtOptions): XtOptions {
  const start = numberOf(options, "timestart", 0)
  const stop = numberOf(options, "timestop", DAY - 1)
  const from = numberOf(options, "datestart", 0)
  const to = numberOf(options, "datestop", LATEST)
  const hasHours = start !== 0 || stop !== DAY - 1
  const has = (name: string) => optionOf(options, name)
  return [
    ...(hasHours
      ? [
          { name: "timestart", value: start },
          { name: "timestop", value: stop },
        ]
      : []),
    ...days(has("monthdays"), allMonthdays),
    ...days(has("weekdays"), allWeekdays),
    ...(from !== 0 ? [{ name: "datestart", value: from }] : []),
    ...(to !== LATEST ? [{ name: "datestop", value: to }] : []),
    ...["kerneltz", "contiguous"].flatMap((name) => has(name) ?? []),
  ]
}

function days(option: XtOptions[number] | undefined, all: number): XtOptions {
  if (!option) return []
  const value = option.negated ? (all & ~(option.value as number)) >>> 0 : (option.value as number)
  return value === all ? [] : [{ name: option.name, value }]
}
