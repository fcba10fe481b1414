/** Protections that meet floods in the kernel: beyond a limit they count, and log a sample. */
export const floodProtections: ReadonlySet<string> = new Set([
  "syn-floods",
  "icmp-floods",
  "udp-floods",
  "all-floods",
  "connection-rate",
])

/** Protections that meet TCP of no connection, or to closed ports, which is a flood where it is much. */
export const strayProtections: ReadonlySet<string> = new Set([
  "open",
  "invalid",
  "new-tcp-without-syn",
  "malformed-null",
  "malformed-xmas",
  "malformed-bad",
])
