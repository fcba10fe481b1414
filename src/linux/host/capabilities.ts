import { readFileSync } from "node:fs"
import { askTables } from "./nft.js"
import { done, fail, failed, type Outcome } from "./outcome.js"
import { findProgram, run } from "./run.js"

export interface Version {
  readonly major: number
  readonly minor: number
}

/** What this machine can, once it is known that it can the least that is needed. */
export interface Capabilities {
  readonly nft: string
  readonly kernel: Version
  /** Rules may stand at a device's ingress in an inet table: Linux 5.10. */
  readonly ingress: boolean
  /** A chain may name a device that is not there, and is attached when it comes: name-based hooks, Linux 6.16. */
  readonly missingDevices: boolean
  /** Netdev egress: Linux 5.16. */
  readonly egress: boolean
}

/** `6.1.0-18-amd64` → 6.1. */
export function parseVersion(text: string): Version | undefined {
  const found = /(\d+)\.(\d+)/.exec(text)
  return found ? { major: Number(found[1]), minor: Number(found[2]) } : undefined
}

export function atLeast(version: Version, major: number, minor: number): boolean {
  return version.major > major || (version.major === major && version.minor >= minor)
}

/** Bits of CapEff (linux/capability.h). */
const CAP_NET_ADMIN = 12n

/** Whether this process has a capability, as /proc/self/status tells. */
export function hasNetAdmin(status = readFileSync("/proc/self/status", "utf8")): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1]
  return effective !== undefined && ((BigInt(`0x${effective}`) >> CAP_NET_ADMIN) & 1n) === 1n
}

/** The kernel's version; 0.0 where it does not tell. */
export function kernelVersion(): Version {
  try {
    return parseVersion(readFileSync("/proc/sys/kernel/osrelease", "utf8")) ?? { major: 0, minor: 0 }
  } catch {
    return { major: 0, minor: 0 }
  }
}

/** What holds for a kernel of this version. */
export function kernelFeatures(kernel: Version) {
  return {
    kernel,
    ingress: atLeast(kernel, 5, 10),
    missingDevices: atLeast(kernel, 6, 16),
    egress: atLeast(kernel, 5, 16),
  }
}

/** Asks, in the order in which things are missing on real machines, for all that an apply needs; the first that is missing is the answer. */
export function needNetfilter(): Outcome<Capabilities> {
  if (process.platform !== "linux") {
    return fail(
      "cannot",
      "not-linux",
      `this is ${process.platform}; rules can be applied on Linux only`,
      "check, compile, replay and explain work here too",
    )
  }
  const nft = findProgram("nft")
  if (nft === undefined) {
    return fail(
      "cannot",
      "no-nft",
      "the program nft is not installed",
      "apt install nftables (dnf, apk and pacman know it by the same name)",
    )
  }
  if (!hasNetAdmin()) {
    return fail(
      "cannot",
      "no-privilege",
      "the kernel's rules are root's to read and change (CAP_NET_ADMIN)",
      "run it with sudo, or in a namespace of your own: unshare -Urn",
    )
  }
  const kernel = kernelVersion()
  // set updates that carry `limit` and `ct count`: net/netfilter/nft_connlimit.c came with 4.18.
  if (!atLeast(kernel, 4, 18)) {
    return fail(
      "cannot",
      "old-kernel",
      `Linux ${kernel.major}.${kernel.minor} is too old: limits for each source need 4.18`,
      "upgrade the kernel",
    )
  }
  const asked = askKernel(nft)
  if (failed(asked)) return asked
  return done({ nft, ...kernelFeatures(kernel) })
}

function askKernel(nft: string): Outcome<void> {
  const listed = run(nft, askTables)
  if (listed?.status === 0) return done(undefined)
  const said = listed?.error ?? ""
  if (/Operation not permitted/.test(said)) {
    return fail(
      "cannot",
      "no-privilege",
      "the kernel does not let this process read its rules, though it has CAP_NET_ADMIN",
      "in a container, give it the capability in the namespace that owns the network (docker run --cap-add NET_ADMIN)",
    )
  }
  return fail(
    "cannot",
    "no-nf-tables",
    `the kernel has no nf_tables: ${said.trim().split("\n")[0] || "nft could not be run"}`,
    "modprobe nf_tables; a kernel built without CONFIG_NF_TABLES cannot be protected",
  )
}
