import { BREAK, CONTINUE, type Step } from "../../runtime.js"
import { hasOption, numberOf, type XtOptions } from "../option.js"

/** `-m time`. Seconds. */
export interface TimeSettings {
  /** Since 1970, both ends included. */
  readonly dateStart: number
  readonly dateStop: number
  /** Since midnight. A start behind the stop: over midnight. */
  readonly timeStart: number
  readonly timeStop: number
  /** Bit 1 is Monday, bit 7 Sunday. Bit n: the nth of the month. */
  readonly weekdays: number
  readonly monthdays: number
  /** What comes behind midnight belongs to the day on which the time began. */
  readonly contiguous: boolean
}

const DAY = 86_400

export function timeStep(settings: TimeSettings): Step {
  const { dateStart, dateStop, timeStart, timeStop, weekdays, monthdays, contiguous } = settings
  const isOvernight = timeStart >= timeStop
  return (_packet, run) => {
    let stamp = Math.floor(run.epoch + run.now / 1e9)
    if (stamp < dateStart || stamp > dateStop) return BREAK
    const ofDay = stamp % DAY
    if (isOvernight) {
      if (ofDay < timeStart && ofDay > timeStop) return BREAK
      if (contiguous && ofDay <= timeStop) stamp -= DAY
    } else if (ofDay < timeStart || ofDay > timeStop) return BREAK
    const days = Math.floor(stamp / DAY)
    // 1 January 1970 was a Thursday. The kernel counts Monday 1 to Sunday 7.
    const weekday = ((days + 3) % 7) + 1
    if ((weekdays & (1 << weekday)) === 0) return BREAK
    return (monthdays & (1 << dayOfMonth(days))) === 0 ? BREAK : CONTINUE
  }
}

/** 1 to 31, of days since 1970 (Howard Hinnant's civil_from_days). */
export function dayOfMonth(days: number): number {
  const shifted = days + 719_468
  const ofEra = shifted % 146_097
  const year = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  )
  const ofYear = ofEra - (365 * year + Math.floor(year / 4) - Math.floor(year / 100))
  const month = Math.floor((5 * ofYear + 2) / 153)
  return ofYear - Math.floor((153 * month + 2) / 5) + 1
}

export function timeSettings(options: XtOptions): TimeSettings {
  return {
    dateStart: numberOf(options, "datestart", 0),
    dateStop: numberOf(options, "datestop", 0x7fffffff),
    timeStart: numberOf(options, "timestart", 0),
    timeStop: numberOf(options, "timestop", DAY - 1),
    weekdays: numberOf(options, "weekdays", 0xfe),
    monthdays: numberOf(options, "monthdays", 0xfffffffe),
    contiguous: hasOption(options, "contiguous"),
  }
}
