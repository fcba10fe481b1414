/** Words of iptables that belong to no match or target. */
export interface PlainOption {
  readonly long: string
  readonly short: string
  /** Whether a value follows: in the same word, or the next. */
  readonly value: "none" | "required" | "optional"
}

function option(long: string, short: string, value: PlainOption["value"]): PlainOption {
  return { long, short, value }
}

/** iptables(8), OPTIONS. */
export const plainOptions: readonly PlainOption[] = [
  option("append", "A", "required"),
  option("check", "C", "required"),
  option("delete", "D", "required"),
  option("insert", "I", "required"),
  option("replace", "R", "required"),
  option("list", "L", "optional"),
  option("list-rules", "S", "optional"),
  option("flush", "F", "optional"),
  option("zero", "Z", "optional"),
  option("new-chain", "N", "required"),
  option("delete-chain", "X", "optional"),
  option("rename-chain", "E", "required"),
  option("policy", "P", "required"),
  option("source", "s", "required"),
  option("src", "s", "required"),
  option("destination", "d", "required"),
  option("dst", "d", "required"),
  option("protocol", "p", "required"),
  option("in-interface", "i", "required"),
  option("out-interface", "o", "required"),
  option("jump", "j", "required"),
  option("goto", "g", "required"),
  option("match", "m", "required"),
  option("table", "t", "required"),
  option("fragments", "f", "none"),
  option("set-counters", "c", "required"),
  option("numeric", "n", "none"),
  option("verbose", "v", "none"),
  option("exact", "x", "none"),
  option("line-numbers", "0", "none"),
  option("wait", "w", "optional"),
  option("wait-interval", "W", "optional"),
  option("modprobe", "M", "required"),
  option("ipv4", "4", "none"),
  option("ipv6", "6", "none"),
  option("version", "V", "none"),
  option("help", "h", "optional"),
]

/** By the letter. */
export const shortOptions: ReadonlyMap<string, PlainOption> = new Map(
  plainOptions.filter(({ short }) => short !== "0").map((each) => [each.short, each]),
)
