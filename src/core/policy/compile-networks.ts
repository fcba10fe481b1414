/**
 * Where plain ACKs of sources that are no blocked host end, in the kernel: an empty chain lets them go on. While a network is blocked the look-up among networks stands here; whoever blocks the
 * first one puts it there before (linux/host/netlink/network-lookup.ts). It costs 0.04 to 0.08 of such a packet, and nearly always there is no network.
 */
export const liveChain = "live"
