/** The kernel takes 255 characters (NFT_NAME_MAXLEN); ours leave room for what an apply adds: a generation or a hash. */
export const nameMaximum = 120

/** Whether nft reads the text as the name of a table, chain or set (nft 1.0.6, src/scanner.l), without taking it for one of its own words. */
export function isName(text: string): boolean {
  return /^[a-zA-Z_.][a-zA-Z0-9_./-]*$/.test(text) && text.length <= nameMaximum && !reserved.has(text)
}

/** Words of nft's grammar that it refuses as names (nft 1.0.6, tried one by one). */
const reserved = new Set(
  (
    "accept add ah all and arp bridge chain comment comp constant continue count counter create ct " +
    "cwr dccp day define delete describe device devices drop dst dup dynamic ecn element elements eq " +
    "esp ether exists expires export fib flags flow flush frag fwd ge goto gt hook hour icmp icmpv6 " +
    "igmp include index inet insert interval ip ip6 ipsec jhash jump le limit list log lt map maps " +
    "mark masquerade meta meter meters mh missing monitor ne netdev notrack numgen oif oifname or " +
    "osf policy position priority queue quota random redefine redirect reject rename replace reset " +
    "return rt rule rules ruleset sctp secmark set sets size snat dnat socket synproxy table tables " +
    "tcp th time timeout tproxy type typeof udp udplite undefine update vlan vmap xor xt"
  ).split(" "),
)
