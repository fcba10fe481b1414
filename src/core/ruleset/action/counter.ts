/** Counts packets and bytes; always goes on. */
export interface CounterNode {
  readonly step: "counter"
}
