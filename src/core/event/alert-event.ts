import type { Address } from "../base/address.js"

/** An intrusion detection system's word: Suricata's EVE `alert` and `drop`. */
export interface AlertEvent {
  readonly event: "alert"
  /** Seconds since 1970. */
  readonly time: number
  readonly source: Address
  readonly destination: Address
  /** By number, as in IP. */
  readonly protocol: number
  readonly sourcePort: number
  readonly destinationPort: number
  readonly signature: number
  readonly text: string
  readonly category: string
  /** 1 is the gravest. */
  readonly severity: number
  /** It was dropped by the system that tells. */
  readonly isDropped: boolean
}
