/** Times as nft reads them. Undefined: it is none. A date is taken to be UTC: nft takes the time zone of the host it runs on. */

type Read = bigint | { readonly wrong: string } | undefined

/** `1d2h3m4s5ms`, in milliseconds. */
export function relativeTime(text: string): Read {
  const parts = /^(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(text)
  if (!parts || text === "") return undefined
  const units = [604_800_000n, 86_400_000n, 3_600_000n, 60_000n, 1000n, 1n]
  return units.reduce((sum, unit, index) => sum + BigInt(parts[index + 1] ?? 0) * unit, 0n)
}

/** `17:00` or `17:00:01`, in seconds of the day. A leap second is the next day's first. */
export function timeOfDay(text: string): Read {
  const parts = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text)
  if (!parts) return undefined
  const [hours, minutes, seconds] = [Number(parts[1]), Number(parts[2]), Number(parts[3] ?? 0)]
  if (hours > 23 || minutes > 59 || seconds > 60) return { wrong: `${text} is no time of day` }
  return BigInt((hours * 3600 + minutes * 60 + seconds) % 86_400)
}

/** `2019-06-21 17:00:00`, or a date alone, in seconds since 1970. */
export function clockTime(text: string): Read {
  const parts = /^(\d{4})-(\d{1,2})-(\d{1,2})(?: (\d{1,2}):(\d{2})(?::(\d{2}))?)?$/.exec(text)
  if (!parts) return undefined
  const [year, month, day, hours, minutes, seconds] = parts
    .slice(1)
    .map((part) => Number(part ?? 0)) as number[]
  if (month! < 1 || month! > 12 || day! < 1 || day! > 31 || hours! > 23 || minutes! > 59 || seconds! > 60)
    return { wrong: `${text} is no date and time` }
  const days = daysSince1970(year!, month!, day!)
  return BigInt(days * 86_400 + hours! * 3600 + minutes! * 60 + seconds!)
}

/** In the Gregorian calendar; years begin with March while it is counted, so that a leap day is a year's last. */
function daysSince1970(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}
