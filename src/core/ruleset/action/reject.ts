/** Drops, and answers: an ICMP error, or a TCP reset. */
export interface RejectNode {
  readonly step: "reject"
  readonly with: "tcp-reset" | "port-unreachable" | "admin-prohibited" | "host-unreachable" | "no-route"
}
