import type { Extension } from "./extension.js"
import { comment } from "./match/comment.js"
import { conntrack } from "./match/conntrack.js"
import { icmp } from "./match/icmp.js"
import { icmp6 } from "./match/icmp6.js"
import { limit } from "./match/limit.js"
import { mark } from "./match/mark.js"
import { multiport } from "./match/multiport.js"
import { state } from "./match/state.js"
import { tcp } from "./match/tcp.js"
import { udp } from "./match/udp.js"

/** Every match and target of iptables that is known. Who meets a name asks here; nobody else asks which it is. */
export const extensions: readonly Extension[] = [
  comment,
  conntrack,
  icmp,
  icmp6,
  limit,
  mark,
  multiport,
  state,
  tcp,
  udp,
]

const byName = new Map<string, Extension>()
for (const extension of extensions)
  for (const family of extension.families)
    for (const name of [extension.name, ...(extension.aliases ?? [])])
      byName.set(`${extension.role} ${name} ${family}`, extension)

/** By its name, or another that iptables takes for it. */
export function findExtension(role: Extension["role"], name: string, family: 4 | 6): Extension | undefined {
  return byName.get(`${role} ${name} ${family}`)
}

/** The match that `-p` loads without `-m`, when its options are used. */
export function matchOfProtocol(protocol: number, family: 4 | 6): Extension | undefined {
  return extensions.find(
    (extension) =>
      extension.role === "match" &&
      extension.families.includes(family) &&
      extension.protocols?.length === 1 &&
      extension.protocols[0] === protocol,
  )
}

export function namesOf(role: Extension["role"], family: 4 | 6): readonly string[] {
  return extensions.flatMap((extension) =>
    extension.role === role && extension.families.includes(family) ? [extension.name] : [],
  )
}
