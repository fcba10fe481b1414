import type { Address } from "../base/address.js"

/** A login at a service of this host, as its log tells. */
export interface LoginEvent {
  readonly event: "login"
  /** Seconds since 1970. */
  readonly time: number
  readonly service: string
  readonly source: Address
  /** 0 where the log does not say. */
  readonly sourcePort: number
  readonly user: string
  readonly outcome: "failed" | "accepted"
  /** The log's own words. */
  readonly line: string
}
