import { ACK, FIN, PSH, RST, SYN, URG } from "../../packet/packet.js"
import { outcomeChain } from "../compile-outcome.js"
import { sparing } from "../compile-ports.js"
import type { Protection } from "../policy.js"
import type { CompileContext, Compiled, ProtectionKind, ProtectionManual } from "../protection.js"

/** All six flags of RFC 793; the two of ECN (RFC 3168) do not count. */
export const ALL = FIN | SYN | RST | PSH | ACK | URG

/** All 64 combinations that `--tcp-flags mask value` takes in one of these pairs. */
export function combinations(
  ...pairs: readonly (readonly [mask: number, value: number])[]
): readonly number[] {
  return Array.from({ length: 64 }, (_, flags) => flags).filter((flags) =>
    pairs.some(([mask, value]) => (flags & mask) === value),
  )
}

/** A kind that goes by TCP flags alone. */
export function flagKind(
  name: string,
  aliases: readonly string[],
  flags: readonly number[],
  manual: ProtectionManual,
): ProtectionKind {
  return {
    name,
    aliases,
    value: "setting",
    limits: [],
    defaults: { action: "drop" },
    outgoing: true,
    compile(protection: Protection, context: CompileContext): Compiled {
      const chain = outcomeChain(protection, context, sparing(protection))
      return {
        placed: [],
        flags: [{ flags, chain: chain.name, isFinal: isFinal(protection) }],
        sets: [],
        chains: [chain],
      }
    },
    manual,
  }
}

/** Nobody is spared, and what is found is dropped. */
export function isFinal({ action, exceptions, ports }: Protection): boolean {
  return action !== "notify" && exceptions.length === 0 && ports.length === 0
}
