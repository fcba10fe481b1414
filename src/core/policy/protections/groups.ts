import type { ProtectionKind, ProtectionManual } from "../protection.js"

function group(
  name: string,
  aliases: readonly string[],
  members: readonly string[],
  manual: ProtectionManual,
): ProtectionKind {
  return {
    name,
    aliases,
    value: "group",
    members,
    limits: ["rate"],
    defaults: {},
    outgoing: true,
    compile: () => ({ placed: [], sets: [], chains: [] }),
    manual,
  }
}

const badPacketsMembers = [
  "fragments",
  "new-tcp-without-syn",
  "malformed-xmas",
  "malformed-null",
  "malformed-bad",
  "invalid",
]

export const badPackets = group("bad-packets", [], badPacketsMembers, {
  title: "FireHOL's bad packets",
  text: "Stands for fragments, new-tcp-without-syn, malformed-xmas, malformed-null, malformed-bad and invalid: all that FireHOL's manual says of it, fragments and invalid included.",
  harms: "What its members harm: all fragments are dropped.",
  example: "bad-packets: drop",
  ancestors: "FireHOL: protection bad-packets, which drops no fragments and, by default, nothing invalid.",
})

export const strong = group(
  "strong",
  ["full", "all"],
  [
    "fragments",
    "new-tcp-without-syn",
    "icmp-floods",
    "syn-floods",
    "malformed-xmas",
    "malformed-null",
    "malformed-bad",
    "invalid",
  ],
  {
    title: "FireHOL's strong protection",
    text: "Stands for bad-packets, icmp-floods and syn-floods; a limit written behind it is for the two floods, for each source.",
    harms: "What its members harm: all fragments are dropped.",
    example: "strong: 100/second burst 50",
    ancestors: "FireHOL: protection strong, full or all.",
  },
)
