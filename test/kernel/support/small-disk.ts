import { mkdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import type { Gateway } from "./gateway.js"

/** A small disk in memory, in a mount namespace of its own, where a gateway's state lies. */
export interface SmallDisk {
  /** Before a command that shall see it. */
  readonly enter: readonly string[]
  /** Its files, as this process sees them. */
  readonly files: string
  fill(): void
  makeRoom(): void
  /** `ro`, `rw`. */
  remount(how: string): void
}

const DISK = `mount -t tmpfs -o size=$1 memory "$0" && echo there && exec sleep 600`

export async function smallDisk(gateway: Gateway, size: string): Promise<SmallDisk> {
  const { namespace } = gateway.laboratory.firewall
  mkdirSync(gateway.state)
  const holder = namespace.spawn(
    "unshare",
    ["-m", "--propagation", "private", "sh", "-c", DISK, gateway.state, size],
    { stdio: ["ignore", "pipe", "inherit"] },
  )
  await new Promise((resolve) => holder.stdout?.once("data", resolve))
  const files = `/proc/${holder.pid}/root${gateway.state}`
  const enter = ["nsenter", `--mount=/proc/${holder.pid}/ns/mnt`]
  return {
    enter,
    files,
    fill: () => namespace.run("dd", ["if=/dev/zero", `of=${files}/fill`, "bs=4k"], { fails: "allowed" }),
    makeRoom: () => rmSync(join(files, "fill")),
    remount: (how) =>
      namespace.run("nsenter", [...enter.slice(1), "mount", "-o", `remount,bind,${how}`, gateway.state]),
  }
}
