import { iptablesCase, styleCase } from "./iptables-case.js"
import { nftCase } from "./make-case.js"
import type { Family } from "./referee-score.js"

/** What random cases are made of, and of how many parts of all. */
export const families: readonly Family[] = [
  {
    name: "nft",
    title: "nft: all matches, sets, maps, limits and verdicts, families inet, ip, ip6 and netdev",
    make: nftCase,
    share: 4,
  },
  {
    name: "iptables-legacy",
    title: "iptables-legacy and ip6tables-legacy",
    make: (seed) => iptablesCase(seed, "legacy"),
    share: 2,
  },
  {
    name: "iptables-nft",
    title: "iptables-nft and ip6tables-nft",
    make: (seed) => iptablesCase(seed, "nft"),
    share: 2,
  },
  {
    name: "styles-legacy",
    title: "rules as Kura, CSF, FireHOL and students write them, iptables-legacy",
    make: (seed) => styleCase(seed, "legacy"),
    share: 1,
  },
  { name: "styles-nft", title: "the same, iptables-nft", make: (seed) => styleCase(seed, "nft"), share: 1 },
]
