import type { PortRange } from "../../base/ports.js"
import { services } from "../../base/services.js"

/** A port as iptables' `--dport` takes it, or why it does not. */
export type CsfPort =
  | { readonly kind: "range"; readonly range: PortRange }
  /** iptables refuses it. */
  | { readonly kind: "refused"; readonly why: string }
  /** Somebody meant something, and nobody knows what. */
  | { readonly kind: "ambiguous"; readonly why: string }

/** Reads `22`, `30000:35000`, `:1024`, `1024:` and names of services. */
export function readCsfPort(text: string): CsfPort {
  if (/[^\w:.-]/.test(text)) {
    return {
      kind: "refused",
      why: `"${text}" has characters that csf hands to a shell, and iptables gets what that makes of them`,
    }
  }
  if (/(?:^|:)0[\dx]/i.test(text)) {
    return {
      kind: "ambiguous",
      why: `${text} begins with a zero, which iptables takes for ${/0x/i.test(text) ? "hexadecimal" : "octal"}`,
    }
  }
  const ends = /^(\d*)(:?)(\d*)$/.exec(text)
  if (ends && text !== "" && text !== ":") {
    const [, first = "", colon, second = ""] = ends
    const from = first === "" ? 0 : Number(first)
    const to = colon === "" ? from : second === "" ? 65_535 : Number(second)
    if (from > 65_535 || to > 65_535) return { kind: "refused", why: `a port is at most 65535, not ${text}` }
    if (from > to) return { kind: "refused", why: `the range ${text} runs backwards` }
    return { kind: "range", range: { from, to } }
  }
  const service = services.get(text)
  if (service) return { kind: "range", range: { from: service.port, to: service.port } }
  return { kind: "refused", why: `"${text}" is not a port, nor the name of a service` }
}

/** As a policy writes it; undefined where it is port 0 alone, which nobody dials. */
export function policyPort({ from, to }: PortRange, protocol?: "tcp" | "udp"): string | undefined {
  if (to === 0) return undefined
  const low = Math.max(from, 1)
  return `${low === to ? low : `${low}-${to}`}${protocol === undefined ? "" : `/${protocol}`}`
}

/** The number at the beginning of a text, as Perl compares it: `20:21` is 20, `http` is 0. */
export function perlNumber(text: string): number {
  if (/^[-+]?inf/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity
  const number = Number.parseFloat(text)
  return Number.isNaN(number) ? 0 : number
}
