/** Version 1 of GRE is PPTP's (RFC 2637, section 4.1), whose header names a call. */
const VERSION = 7
const PPTP = 1
const PPP = 0x880b

/**
 * The call that tells PPTP's GRE between two hosts apart: which the receiver gave its sender, so that each direction is a connection of its own where no helper
 * knows both. 0 for all other GRE, and where the header is cut short; -1: PPTP's that carries no PPP, of which conntrack makes no tuple (Linux 6.18, measured).
 */
export function greCall(view: DataView, offset: number, end: number): number {
  if (offset < 0 || offset + 8 > end || (view.getUint16(offset) & VERSION) !== PPTP) return 0
  return view.getUint16(offset + 2) === PPP ? view.getUint16(offset + 6) : -1
}
