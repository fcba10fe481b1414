/** The LINKTYPE_* numbers that the decoder reads: https://www.tcpdump.org/linktypes.html */
export const LINKTYPE_NULL = 0
export const LINKTYPE_ETHERNET = 1
export const LINKTYPE_PPP = 9
export const LINKTYPE_PPP_HDLC = 50
export const LINKTYPE_RAW = 101
export const LINKTYPE_C_HDLC = 104
export const LINKTYPE_LOOP = 108
export const LINKTYPE_LINUX_SLL = 113
export const LINKTYPE_IPV4 = 228
export const LINKTYPE_IPV6 = 229
export const LINKTYPE_NFLOG = 239
export const LINKTYPE_LINUX_SLL2 = 276
/**
 * DLT_RAW is 12 on most systems and 14 on OpenBSD; files written with the DLT number itself exist.
 */
export const DLT_RAW = 12
export const DLT_RAW_OPENBSD = 14

const names: Readonly<Record<number, string>> = {
  [LINKTYPE_NULL]: "null",
  [LINKTYPE_ETHERNET]: "ethernet",
  [LINKTYPE_PPP]: "ppp",
  [DLT_RAW]: "raw",
  [DLT_RAW_OPENBSD]: "raw",
  [LINKTYPE_RAW]: "raw",
  [LINKTYPE_PPP_HDLC]: "ppp-hdlc",
  [LINKTYPE_C_HDLC]: "hdlc",
  [LINKTYPE_LOOP]: "loop",
  [LINKTYPE_LINUX_SLL]: "cooked",
  [LINKTYPE_IPV4]: "ipv4",
  [LINKTYPE_IPV6]: "ipv6",
  [LINKTYPE_NFLOG]: "nflog",
  [LINKTYPE_LINUX_SLL2]: "cooked2",
}

/** The short name that packet scripts use, or undefined where the decoder does not read that link type. */
export function linkTypeName(linkType: number): string | undefined {
  return names[linkType]
}

/** The LINKTYPE_* number of a short name (`raw` is 101), or undefined. */
export function linkTypeNumber(name: string): number | undefined {
  if (name === "raw") return LINKTYPE_RAW
  for (const number of Object.keys(names)) if (names[Number(number)] === name) return Number(number)
  return undefined
}
