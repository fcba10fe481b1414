/** Conntrack leaves the packet alone; only before conntrack. */
export interface NotrackNode {
  readonly step: "notrack"
}
