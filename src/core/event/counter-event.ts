/** How many packets a rule has counted since the last such event: the true numbers, where single packets are logged at a bounded rate. */
export interface CounterEvent {
  readonly event: "counter"
  /** Seconds since 1970. */
  readonly time: number
  /** Seconds since the last count. */
  readonly over: number
  readonly protection: string
  readonly zone: string
  readonly packets: number
  readonly bytes: number
}
