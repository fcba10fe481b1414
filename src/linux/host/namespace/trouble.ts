import { spawnSync } from "node:child_process"
import { loadLibc } from "./libc.js"
import { createNamespace, searchPath } from "./namespace.js"

let answer: string | null | undefined

/**
 * Why this process cannot have a laboratory, in one sentence, or null where it can. Tried, not guessed, once for the life of the process:
 * a namespace, a table with what our rules need.
 */
export function laboratoryTrouble(): string | null {
  if (answer === undefined) answer = findTrouble()
  return answer
}

/** Whether `unshare -Urnm` gives an ordinary user what a laboratory needs; the reason in one sentence where it does not. */
export function userNamespaceTrouble(): string | null {
  if (process.platform !== "linux") return `this is ${process.platform}, not Linux`
  const tried = spawnSync("unshare", ["-Urnm", "true"], {
    encoding: "utf8",
    env: { ...process.env, PATH: searchPath },
  })
  if (tried.error) return "unshare (package util-linux) is not installed"
  if (tried.status === 0) return null
  return `user namespaces are restricted here (${tried.stderr.trim().split("\n").at(-1)})`
}

const probe = `table inet probe {
  chain early { type filter hook prerouting priority -450; ip frag-off & 0x3fff != 0 counter; }
  chain late {
    type filter hook prerouting priority -150
    ct state invalid log group 1
  }
}
`

function findTrouble(): string | null {
  const library = loadLibc()
  if (typeof library === "string") return library
  for (const [tool, package_, flag] of [
    ["ip", "iproute2", "-V"],
    ["nft", "nftables", "--version"],
  ] as const)
    if (spawnSync(tool, [flag], { env: { ...process.env, PATH: searchPath } }).error)
      return `${tool} is not installed (package ${package_})`
  try {
    const namespace = createNamespace()
    try {
      const tried = namespace.run("nft", ["-f", "-"], { input: probe, fails: "allowed" })
      if (tried.status !== 0)
        return `nft cannot load rules in a namespace: ${tried.stderr.trim().split("\n")[0]}`
      return null
    } finally {
      namespace.close()
    }
  } catch (failure) {
    const text = failure instanceof Error ? failure.message : String(failure)
    if (!text.includes("EPERM")) return text
    return `no privilege for network namespaces${process.getuid?.() === 0 ? "" : `, and ${userNamespaceTrouble() ?? "not started through unshare -Urnm"}`}`
  }
}
