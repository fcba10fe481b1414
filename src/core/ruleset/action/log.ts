/** Reports the packet to user space through NFLOG; always goes on. */
export interface LogNode {
  readonly step: "log"
  readonly prefix: string
  readonly group: number
  /** Bytes of the packet to send along; absent: all. */
  readonly snapshotLength?: number
}
