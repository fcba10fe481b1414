/**
 * Every id that a diagnostic can carry, with the sentence that explains it to somebody who looks it up.
 * Ids are stable. Who adds one writes it here: the compiler refuses ids that are not listed, and a test refuses those that nobody uses.
 */
export const diagnosticIds = {
  // base/
  "not-an-address":
    "The text is neither an IPv4 address (four decimal numbers without leading zeros) nor an IPv6 address.",
  "bad-prefix-length":
    "The number behind the slash is not a prefix length: 0 to 32 for IPv4, 0 to 128 for IPv6.",
  "host-bits-set":
    "A network has bits set behind its prefix length, so it is not clear whether the host or the network is meant.",
  "not-a-port": "The text is neither a port (0 to 65535), a range of ports, nor the name of a service.",
  "not-a-rate": "A rate is a whole number, a slash and a unit: 200/second, 5/minute, 60/hour, 10/day.",
  "not-a-duration":
    "A duration is made of numbers with units, such as 300s, 10m, 1h30m or 7d, or the word ever.",
  // the command line
  "bad-command-line":
    "A command, an option or an operand is not one that floodwall knows, or one is missing.",
  "no-policy-file":
    "No policy was named, and neither ./floodwall.yaml nor /etc/floodwall/policy.yaml is there.",
  "unreadable-file": "A file that was named cannot be opened or read.",
  "unwritable-file": "A file that was named cannot be written.",
} as const

export type DiagnosticId = keyof typeof diagnosticIds
