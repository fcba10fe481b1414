/** A number made up for each packet: `numgen random mod 100`. Chance is an argument of the engine. */
export interface NumgenNode {
  readonly expression: "numgen"
  readonly mode: "random" | "inc"
  readonly modulus: number
  readonly offset?: number
}
