/** Networks that FireHOL has names for: `src not "${UNROUTABLE_IPS}"`. */
interface Named {
  /** As IANA's registries of special addresses have them: what a policy takes. */
  readonly special: readonly string[]
  /** As FireHOL 3 has them; `/etc/firehol` may hold other lists. */
  readonly own: readonly string[]
}

const reserved4: Named = {
  special: ["0.0.0.0/8", "127.0.0.0/8", "240.0.0.0/4"],
  own: ["0.0.0.0/8", "127.0.0.0/8", "240.0.0.0/4"],
}
const private4: Named = {
  special: ["10.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.2.0/24", "192.168.0.0/16"],
  own: [
    ...["10.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.2.0/24"],
    ...["192.88.99.0/24", "192.168.0.0/16"],
  ],
}
const multicast4: Named = { special: ["224.0.0.0/4"], own: ["224.0.0.0/4"] }
/** FireHOL's is all that is not 2000::/3, and so holds :: and fe80::/10, without which there is no IPv6 on a link. */
const reserved6: Named = {
  special: ["100::/64", "2001:db8::/32"],
  own: [
    ...["::/8", "100::/8", "200::/7", "400::/6", "800::/5", "1000::/4", "4000::/3", "6000::/3"],
    ...["8000::/3", "a000::/3", "c000::/3", "e000::/4", "f000::/5", "f800::/6", "fe00::/9", "fec0::/10"],
  ],
}
const private6: Named = { special: ["fc00::/7"], own: ["fc00::/7", "fe80::/10"] }
const multicast6: Named = { special: ["ff00::/16"], own: ["ff00::/16"] }

function both(...parts: readonly Named[]): Named {
  return {
    special: parts.flatMap(({ special }) => special),
    own: parts.flatMap(({ own }) => own),
  }
}

const lists: Readonly<Record<string, Named>> = {
  PRIVATE_IPV4: private4,
  RESERVED_IPV4: reserved4,
  MULTICAST_IPV4: multicast4,
  UNROUTABLE_IPV4: both(reserved4, private4),
  PRIVATE_IPV6: private6,
  RESERVED_IPV6: reserved6,
  MULTICAST_IPV6: multicast6,
  UNROUTABLE_IPV6: both(reserved6, private6),
  PRIVATE_IPS: both(private4, private6),
  RESERVED_IPS: both(reserved4, reserved6),
  MULTICAST_IPS: both(multicast4, multicast6),
  UNROUTABLE_IPS: both(reserved4, private4, reserved6, private6),
}

/** A word that stands for a list until it is known for which family it is: FireHOL puts each family's part into its rules. */
function wordOf(name: string): string {
  return `${name.toLowerCase()}()`
}

const byWord = new Map(Object.entries(lists).map(([name, named]) => [wordOf(name), { name, named }]))

/** The variables that a configuration finds set. */
export const namedNetworks: Readonly<Record<string, string>> = Object.fromEntries(
  Object.keys(lists).map((name) => [name, wordOf(name)]),
)

/** The list that a word stands for, and its variable's name. */
export function namedOf(word: string): ({ readonly name: string } & Named) | undefined {
  const found = byWord.get(word)
  return found && { name: found.name, ...found.named }
}
