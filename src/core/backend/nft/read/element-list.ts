import type { SetElement } from "../../../ruleset/ruleset.js"

/** The elements of a set while commands add and delete them, each in the time of one, however many there are. */
export class ElementList {
  #list: (SetElement | undefined)[]
  /** Where the elements of a key stand; made when the first is deleted. */
  #places: Map<string, number[]> | undefined
  #holes = 0

  constructor(elements: readonly SetElement[] = []) {
    this.#list = [...elements]
  }

  get length(): number {
    return this.#list.length - this.#holes
  }

  /** In the order in which they were added. */
  get all(): readonly SetElement[] {
    if (this.#holes > 0) {
      this.#list = this.#list.filter((element) => element !== undefined)
      this.#places = undefined
      this.#holes = 0
    }
    return this.#list as readonly SetElement[]
  }

  add(element: SetElement): void {
    if (this.#places) addPlace(this.#places, element, this.#list.length)
    this.#list.push(element)
  }

  /** Whether there was one with this key, as JSON. */
  delete(key: string): boolean {
    this.#places ??= placesOf(this.all)
    const places = this.#places.get(key)
    if (places === undefined) return false
    for (const place of places) this.#list[place] = undefined
    this.#holes += places.length
    this.#places.delete(key)
    return true
  }
}

function placesOf(elements: readonly SetElement[]): Map<string, number[]> {
  const places = new Map<string, number[]>()
  for (const [place, element] of elements.entries()) addPlace(places, element, place)
  return places
}

function addPlace(places: Map<string, number[]>, { key }: SetElement, place: number): void {
  const text = JSON.stringify(key)
  const known = places.get(text)
  if (known === undefined) places.set(text, [place])
  else known.push(place)
}
