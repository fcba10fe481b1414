import { type ChildProcess, spawn } from "node:child_process"
import { setPriority } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { printAddress } from "../../src/core/base/address.js"
import { buildPacket } from "../../src/core/packet/build.js"
import { SYN } from "../../src/core/packet/packet.js"
import { address } from "../../src/linux/host/namespace/laboratory.js"
import { openReadiness } from "../../src/linux/host/netlink/readiness.js"
import { NFT_MSG_NEWSETELEM, readElements } from "../../src/linux/host/netlink/set-elements.js"
import { openNetlink } from "../../src/linux/host/netlink/socket.js"
import { failed } from "../../src/linux/host/outcome.js"
import { createGuardedHost, quantile } from "./guarded-host.js"

/** NFNLGRP_NFTABLES of linux/netfilter/nfnetlink.h. */
const CHANGES = 7
/** What makes a finding here: so many different ports, so that the rules' log limit of 200 packets a second is not reached. */
const PORTS = 5
const PATIENCE = 2000
/** Findings of a guard: behind a hundred of a minute it tells of many (detect/press.ts), so the next guard has the rest. */
const OF_A_GUARD = 95
/** Frames between two findings. */
const FLOOD = 500

export interface Latencies {
  readonly findings: number
  /** Findings that made no block within two seconds. */
  readonly missing: number
  readonly median: number
  readonly p95: number
  readonly p99: number
  readonly most: number
}

/** What the rules do with a scan's packets: `nflog` drops and logs them, `conntrack` lets them to closed ports. */
export type Path = "nflog" | "conntrack"

/**
 * Milliseconds from the packet that completes a finding to the source's element in the kernel's set, as a notification of nf_tables tells of it: detection,
 * decision, ledger, kernel, and the wake-ups of two programs. Each source makes one finding. `load` keeps the disk of the ledger busy with another
 * program's synced writes, and sends SYNs in forged names to an open port.
 */
export async function findingToBlock(
  program: string,
  path: Path,
  findings: number,
  hasLoad: boolean,
): Promise<Latencies> {
  const taken: number[] = []
  while (taken.length < findings)
    taken.push(...(await ofAGuard(program, path, Math.min(OF_A_GUARD, findings - taken.length), hasLoad)))
  const known = taken.filter((each) => !Number.isNaN(each)).sort((one, other) => one - other)
  return {
    findings,
    missing: taken.length - known.length,
    median: quantile(known, 0.5),
    p95: quantile(known, 0.95),
    p99: quantile(known, 0.99),
    most: known.at(-1) ?? Number.NaN,
  }
}

/** Milliseconds of each finding; NaN: there was no block. */
async function ofAGuard(
  program: string,
  path: Path,
  findings: number,
  hasLoad: boolean,
): Promise<readonly number[]> {
  const open = path === "nflog" ? ", open: [ssh]" : ""
  const host = createGuardedHost(
    program,
    `version: 1
interfaces: { wan: wan0 }
protect:
  wan: { preset: default${open} }
detect:
  port-scan: more than ${PORTS - 1} in 60s
`,
  )
  let load: ChildProcess | undefined
  try {
    const { firewall, outside } = host.laboratory
    const guard = host.run("--log", "json")
    await guard.watching
    if (hasLoad) load = busyDisk(host.folder)
    // Others' work must not make this clock late; what was started before keeps its own place.
    setPriority(-15)
    const watched = firewall.namespace.inside(() => openNetlink({ receive: 8 << 20 }))
    const ready = openReadiness((error) => {
      throw error
    })
    if (failed(watched) || failed(ready)) throw new Error("netlink")
    const socket = watched.value
    if (!socket.join(CHANGES)) throw new Error(`notifications: ${socket.errorName()}`)
    let waited = -1
    let arrived: (at: number) => void = () => {}
    ready.value.watch(socket.fd, () => {
      const now = performance.now()
      socket.read((message) => {
        if (message.type !== NFT_MSG_NEWSETELEM) return
        readElements(message, ({ key }) => {
          if (key.length === 4 && new DataView(key.buffer, key.byteOffset).getUint32(0) === waited)
            arrived(now)
        })
      })
    })
    const sender = outside.sender("eth0")
    await pause(500)
    const taken: number[] = []
    for (let index = 0; index < findings; index++) {
      // Each in a /24 of its own.
      const source = 0x0a000001 + (index << 8)
      const frames = Array.from({ length: PORTS }, (_, port) => ({
        bytes: syn(source, 40000 + port, 2000 + port),
      }))
      sender.send(frames.slice(0, -1))
      if (hasLoad) sender.send(flood(index))
      await pause(28 + ((index * 7919) % 23))
      const found = new Promise<number>((resolve) => {
        const timer = setTimeout(() => resolve(Number.NaN), PATIENCE)
        arrived = (at) => {
          clearTimeout(timer)
          resolve(at)
        }
      })
      waited = source
      const sent = performance.now()
      sender.send(frames.slice(-1))
      taken.push((await found) - sent)
    }
    ready.value.close()
    return taken
  } finally {
    setPriority(0)
    if (load) end(load)
    host.close()
  }
}

/** Somebody else's synced writes beside the ledger, as fast as the disk takes them. */
function busyDisk(folder: string): ChildProcess {
  // A process that is killed ends nothing that it has started.
  const line = `while kill -0 ${process.pid} 2>/dev/null; do dd if=/dev/zero of=${join(folder, "busy")} bs=256k count=256 oflag=dsync 2>/dev/null; done`
  return spawn("sh", ["-c", line], { stdio: "ignore", detached: true })
}

function end({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL")
  } catch {
    // It has ended.
  }
}

/** SYNs to the open port, each in another's name. */
function flood(round: number): Iterable<{ readonly bytes: Uint8Array }> {
  return Array.from({ length: FLOOD }, (_, index) => ({
    bytes: syn(0x0b000000 + ((round * FLOOD + index) % 0x400000), 1024 + index, 22),
  }))
}

function syn(source: number, sourcePort: number, destinationPort: number): Uint8Array {
  return buildPacket({
    source: printAddress({ family: 4, words: [source] }),
    destination: address.wan.ipv4,
    tcp: { sourcePort, destinationPort, flags: SYN },
  })
}
