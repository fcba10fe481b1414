import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Output } from "../../../src/linux/host/namespace/namespace.js"

/** A systemd that is the first process of namespaces of its own, over a copy of this machine's files that is gone with it. */
export interface Systemd {
  /** Runs a shell script there. */
  run(script: string): Output
  stop(): void
}

/** A checkout below /tmp is not hidden by the /tmp of its own. */
const project = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "")

/** Where a control group can be made for it. */
const hierarchies = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"]

/** Everything that it changes lies in memory, in an overlay; of the machine it sees the files, and none of the processes, networks or control groups. */
const script = `set -e
space=$1 project=$2
mount -t tmpfs memory "$space"; mkdir "$space/changes" "$space/work" "$space/root"
mount -t overlay files -o "lowerdir=/,upperdir=$space/changes,workdir=$space/work" "$space/root"
cd "$space/root"
mount -t proc proc proc; mount -t tmpfs memory run; mount -t tmpfs memory tmp; mount -t tmpfs memory dev; mkdir dev/shm
[ -e ".$project/bin/floodwall" ] || { mkdir -p ".$project"; mount --bind "$project" ".$project"; }
for device in null zero random urandom; do touch dev/$device; mount --bind /dev/$device dev/$device; done
mount -t sysfs sysfs sys
mount -t cgroup2 groups sys/fs/cgroup 2>/dev/null || { mount -t tmpfs memory sys/fs/cgroup; mount -t cgroup2 groups sys/fs/cgroup; }
mkdir -p old; pivot_root . old; umount -l /old
ip link set lo up
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --unit=basic.target --log-target=null --show-status=0`

/** Starts one; in one sentence, why it cannot be. */
export async function startSystemd(): Promise<Systemd | string> {
  if (process.getuid?.() !== 0) return "a systemd of its own takes root"
  if (!existsSync("/lib/systemd/systemd")) return "systemd is not installed"
  const hierarchy = hierarchies.find((folder) => existsSync(join(folder, "cgroup.procs")))
  if (hierarchy === undefined) return "there is no control group hierarchy of version 2"
  const group = join(hierarchy, `floodwall-test-${process.pid}`)
  const space = mkdtempSync(join(tmpdir(), "floodwall-systemd-"))
  let child: ChildProcess
  try {
    mkdirSync(group)
    const enter = `echo $$ > "$0"/cgroup.procs && exec unshare -fpmniuC --kill-child --propagation private sh -c '${script.replaceAll("'", "'\\''")}' sh "$1" "$2"`
    child = spawn("sh", ["-c", enter, group, space, project], { stdio: "ignore" })
  } catch (error) {
    return `no control group can be made: ${(error as Error).message}`
  }
  const stop = () => {
    child.kill("SIGKILL")
    spawnSync("sleep", ["0.3"])
    removeGroups(group)
    rmSync(space, { recursive: true, force: true })
  }
  const run = (text: string): Output => {
    const first = firstChildOf(child.pid!)
    if (first === undefined) return { status: 128, stdout: "", stderr: "it has not started" }
    const { status, stdout, stderr } = spawnSync("nsenter", ["-t", first, "-a", "sh", "-c", text], {
      encoding: "utf8",
    })
    return { status: status ?? 128, stdout, stderr }
  }
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    if (/^(running|degraded)$/m.test(run("systemctl is-system-running").stdout)) return { run, stop }
    if (child.exitCode !== null) break
  }
  stop()
  return "systemd does not start in namespaces here"
}

function firstChildOf(process: number): string | undefined {
  try {
    return readFileSync(`/proc/${process}/task/${process}/children`, "utf8").trim().split(" ")[0] || undefined
  } catch {
    return undefined
  }
}

/** Control groups are removed from the leaves on, once they are empty. */
function removeGroups(folder: string): void {
  try {
    for (const item of readdirSync(folder, { withFileTypes: true })) {
      if (item.isDirectory()) removeGroups(join(folder, item.name))
    }
    writeFileSync(join(folder, "cgroup.kill"), "1")
  } catch {
    // Older kernels have no cgroup.kill; the processes are gone with their first one.
  }
  try {
    rmdirSync(folder)
  } catch {
    // Not empty yet: nothing is in it but a process that is ending.
  }
}
