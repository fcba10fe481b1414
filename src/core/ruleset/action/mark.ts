/** `meta mark set …` or `ct mark set …`: writes a number on the packet or its connection; always goes on. */
export interface MarkNode {
  readonly step: "mark"
  readonly on: "meta" | "ct"
  readonly value: number
}
