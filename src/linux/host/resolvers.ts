import { type Address, parseAddress } from "../../core/base/address.js"
import { readText } from "./files.js"

/** resolv.conf(5), and the one that systemd-resolved keeps of the servers that it asks itself: the first names only its own stub then. */
const files = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"]

/** The name servers that this host asks. */
export function readResolvers(): readonly Address[] {
  return files.flatMap((file) => parseResolvers(readText(file) ?? ""))
}

/** Reads resolv.conf: `nameserver ADDRESS`, a link-local one with its zone. */
export function parseResolvers(text: string): readonly Address[] {
  return [...text.matchAll(/^\s*nameserver\s+([^\s%#;]+)/gm)].flatMap(
    ([, word = ""]) => parseAddress(word) ?? [],
  )
}
