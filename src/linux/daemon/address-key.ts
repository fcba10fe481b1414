/** An address as the key of a map. */
export function addressKey(family: 4 | 6, a = 0, b = 0, c = 0, d = 0): string {
  return family === 4 ? `${a}` : `${a},${b},${c},${d}`
}
