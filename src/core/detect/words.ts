/** `within 0.4 s`, `within 3 min`: a span of seconds for people. */
export function within(seconds: number): string {
  if (seconds < 0.0005) return "at once"
  if (seconds < 10) return `within ${Number(seconds.toPrecision(2))} s`
  if (seconds < 600) return `within ${Math.round(seconds)} s`
  if (seconds < 36000) return `within ${Math.round(seconds / 60)} min`
  return `within ${Math.round(seconds / 3600)} h`
}
