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
  /** How many of the packets came of sources of which no sample is logged: newcomers beyond their ceiling. */
  readonly unsampled: number
  /** How many packets a second the rule lets pass of each source before it counts; 0: nobody knows. */
  readonly passes: number
}
