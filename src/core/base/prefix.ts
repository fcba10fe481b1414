import type { Address } from "./address.js"

/** An address and how many of its leading bits count. Bits behind the length are zero. A host is /32 or /128. */
export interface Prefix {
  readonly address: Address
  readonly length: number
}
