/** The kernel takes 255 characters (NFT_NAME_MAXLEN); ours leave room for what an apply adds: a generation or a hash. */
export const nameMaximum = 120

/** Whether nft reads the text as the name of a table, chain or set (nft 1.0.6, src/scanner.l), without taking it for one of its own words. */
export function isName(text: string): boolean {
  return /^[a-zA-Z_.][a-zA-Z0-9_./-]*$/.test(text) && text.length <= nameMaximum && !reservedNames.has(text)
}

/** Words of nft's grammar that it refuses as names (nft 1.0.6, tried one by one). */
export const reservedNames: ReadonlySet<string> = new Set(
  (
    "accept add ah all and arp auto-merge bridge cgroup chain comment comp constant continue counter " +
    "cpu create ct day dccp define delete describe device devices dnat drop dst dup dynamic ecn " +
    "element elements eq esp ether exists expires export exthdr fib flags flow flowtable flush frag " +
    "fwd gc-interval ge get goto gt handle hbh hook hour ibriport ibrname icmp icmpv6 igmp iif " +
    "iifgroup iifname iiftype include index inet insert interval ip ip6 ipsec jhash jump le limit " +
    "list log lshift lt map mark masquerade meta meter mh missing monitor ne netdev nftrace not " +
    "notrack numgen obriport obrname offload oif oifgroup oifname oiftype or osf pkttype policy " +
    "position priority queue quota random redefine redirect reject rename replace reset return rshift " +
    "rt rt0 rt2 rtclassid rule ruleset sctp secmark set size skgid skuid snat socket srh symhash " +
    "synproxy table tcp th time timeout tproxy type typeof udp udplite undefine update vlan vmap xor " +
    "xt"
  ).split(" "),
)
