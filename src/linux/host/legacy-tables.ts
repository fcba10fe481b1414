import { readFileSync } from "node:fs"

/**
 * Tables of legacy iptables in this network namespace, none of which is made by asking; undefined: the kernel does not say (the file is root's). Where the
 * file is missing the kernel has no such tables.
 */
export function legacyTables(family: "ip" | "ip6"): readonly string[] | undefined {
  try {
    return readFileSync(`/proc/net/${family}_tables_names`, "utf8")
      .split("\n")
      .filter((name) => name !== "")
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? [] : undefined
  }
}
