/** Interface names and their indices; 0 is none. Names are made known before packets come. */
export class Interfaces {
  private readonly indices = new Map<string, number>()
  readonly names: string[] = [""]

  constructor(names: readonly string[]) {
    for (const name of names) this.index(name)
  }

  /** The index of a name; a new name gets the next one. */
  index(name: string): number {
    const known = this.indices.get(name)
    if (known !== undefined) return known
    const index = this.names.length
    this.names.push(name)
    this.indices.set(name, index)
    return index
  }

  /** The index of a name that is there, or 0. */
  known(name: string): number {
    return this.indices.get(name) ?? 0
  }

  /** All that the text means: one, or those that begin with what stands before its `*`. */
  matching(text: string): number[] {
    if (!text.endsWith("*")) return [this.index(text)]
    const start = text.slice(0, -1)
    return this.names.flatMap((name, index) => (index > 0 && name.startsWith(start) ? [index] : []))
  }
}
