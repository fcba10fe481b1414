import { spawn } from "node:child_process"
import { chmodSync, chownSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { beforeEach, expect, test } from "vitest"
import { address } from "../../src/linux/host/namespace/laboratory.js"
import { searchPath } from "../../src/linux/host/namespace/namespace.js"
import {
  createGateway,
  type Gateway,
  openEcho,
  reaches,
  type Started,
  serveEcho,
  until,
  wait,
} from "./support/gateway.js"
import { needsKernel } from "./support/kernel-test.js"

let gateway: Gateway

beforeEach(({ skip }) => {
  needsKernel({ skip })
  gateway = createGateway()
})

const open = (...ports: number[]) => `{ open: [${ports.map((port) => `${port}/tcp`).join(", ")}] }`

/** Digests of two policies, each applied once. */
function digests(...paths: string[]): string[] {
  return paths.map((path) => JSON.parse(gateway.floodwall("apply", "--keep", "--json", path).stdout).digest)
}

test("kill -9 of everything, at many moments of an apply on trial: it ends with the old rules, whole", async () => {
  await serveEcho(gateway.laboratory.firewall, 81)
  const [one, two] = [gateway.policy("one", open(81)), gateway.policy("two", open(82))]
  const [old = "", next = ""] = digests(one, two)
  gateway.floodwall("apply", "--keep", one)
  const kill = closingIn()
  for (let moment = 0; moment < 8; moment++) {
    // The one that ends its work needs a trial that lasts until somebody has looked.
    const trial = moment === 1 ? "8" : "2"
    const hasChanged = await kill(gateway.start("apply", "--confirm", trial, two), () => {
      const { digest, trial } = gateway.status()
      const isOnTrial = trial?.secondsLeft != null
      expect(digest).toBe(isOnTrial ? next : old)
      return isOnTrial
    })
    // The first came before anything, the second after everything.
    if (moment < 2) expect(hasChanged).toBe(moment === 1)
    await until(() => gateway.status().digest === old)
    expect(await reaches(gateway.laboratory.outside, address.wan.ipv4, 81)).toBe(true)
    expect(gateway.floodwall("diff", one)).toMatchObject({ status: 0 })
  }
}, 180_000)

test("kill -9 at many moments of a confirm: kept or rolled back, and what boots is what was kept", async () => {
  const [one, two] = [gateway.policy("one", open(81)), gateway.policy("two", open(82))]
  const [old = "", next = ""] = digests(one, two)
  const kill = closingIn()
  for (let moment = 0; moment < 5; moment++) {
    gateway.floodwall("apply", "--keep", one)
    gateway.floodwall("apply", "--confirm", moment === 1 ? "20" : "3", two)
    let digest: string | null = null
    const hasChanged = await kill(gateway.start("confirm"), async () => {
      await until(() => gateway.status().trial?.secondsLeft == null)
      digest = gateway.status().digest
      expect([old, next]).toContain(digest)
      return digest === next
    })
    if (moment < 2) expect(hasChanged).toBe(moment === 1)
    // Whatever command comes next brings the file in line with the kernel.
    gateway.floodwall("enable")
    expect(readFileSync(join(gateway.state, "boot.nft"), "utf8")).toContain(`digest-${digest}`)
  }
}, 180_000)

test("several applies at once: one at a time, and what stands in the end is one of them, whole", async () => {
  const paths = [81, 82, 83, 84].map((port) => gateway.policy(`p${port}`, open(port)))
  const started = paths.map((path) => gateway.start("apply", "--keep", path))
  const statuses = await Promise.all(started.map(({ ended }) => ended))
  const done = paths.filter((_, index) => statuses[index] === 0)
  const refused = started.filter((_, index) => statuses[index] === 1)
  expect(done.length).toBeGreaterThan(0)
  expect(done.length + refused.length).toBe(paths.length)
  for (const { output } of refused)
    expect(output()).toMatch(/another floodwall is changing the rules.*\[already-running\]/)
  const same = done.filter((path) => gateway.floodwall("diff", path).status === 0)
  expect(same).toHaveLength(1)
})

test("a device that is not there is told, for the rules wait for it; one that is there, or a *, is not", () => {
  const named = (name: string, devices: string) => {
    const file = join(gateway.folder, `${name}.yaml`)
    writeFileSync(file, `interfaces: { wan: [${devices}] }\nprotect: { wan: { open: [81] } }\n`)
    return gateway.floodwall("apply", "--keep", file)
  }
  const there = named("there", "wan0, br-*")
  expect(there).toMatchObject({ status: 0, stderr: "" })
  const absent = named("absent", "wan0, nowhere0")
  expect(absent.status).toBe(0)
  expect(absent.stderr).toMatch(
    /absent\.yaml:1:\d+: warning: nowhere0 is not on this host: .*\[device-not-here\]/,
  )
  expect(absent.stderr.match(/device-not-here/g)).toHaveLength(1)
})

test("a policy with a mistake leaves everything as it is", () => {
  const good = gateway.policy("good", open(81))
  gateway.floodwall("apply", "--keep", "--warm-up", "0", good)
  const before = gateway.rules("all")
  const wrong = gateway.floodwall(
    "apply",
    "--keep",
    gateway.policy("wrong", "{ opne: [22] , syn-floods: 5/fortnight }"),
  )
  expect(wrong.status).toBe(2)
  expect(wrong.stderr).toMatch(/wrong\.yaml:4:10: /)
  expect(gateway.rules("all")).toBe(before)
  expect(gateway.floodwall("diff", good).status).toBe(0)
})

test("a state folder that cannot be had or written: exit 3, and the kernel is not touched", () => {
  const policy = gateway.policy("one", open(81))
  const apply = (state: string) =>
    gateway.laboratory.firewall.run(process.execPath, ["bin/floodwall", "apply", "--keep", policy], {
      environment: { FLOODWALL_STATE: state, SSH_CONNECTION: "" },
      fails: "allowed",
    })
  mkdirSync(join(gateway.folder, "full/lock"), { recursive: true })
  for (const state of ["/proc/nowhere", "/proc/sys", join(gateway.folder, "full")]) {
    expect(apply(state)).toMatchObject({ status: 3, stderr: expect.stringMatching(/\[no-state-folder\]/) })
  }
  expect(gateway.rules("all").trim()).toBe("")
})

test("root refuses a policy that another user can write, and one below a folder that another user can", () => {
  if (process.getuid?.() !== 0) return
  const path = gateway.policy("mine", open(81))
  chmodSync(path, 0o666)
  const refused = gateway.floodwall("apply", path)
  expect(refused).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/can be written by everybody.*\[unreadable-file\]/s),
  })
  chmodSync(path, 0o644)
  const folder = join(gateway.folder, "theirs")
  mkdirSync(folder)
  const inner = join(folder, "policy.yaml")
  copyFileSync(path, inner)
  chownSync(folder, 65534, 65534)
  expect(gateway.floodwall("apply", inner)).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(
      /theirs belongs to user 65534.*hint: sudo install -D -m 644 .* \/etc\/floodwall\/policy\.yaml/s,
    ),
  })
  expect(gateway.status().inForce).toBe(false)
})

test("without privilege: exit 3, one sentence, what to do, for every command that touches the kernel", async () => {
  const path = gateway.policy("one", open(81))
  gateway.floodwall("apply", "--keep", "--warm-up", "0", path)
  const before = gateway.rules("all")
  // Root without CAP_NET_ADMIN, as in a container.
  const bare = ["--bounding-set", "-net_admin", "--inh-caps", "-net_admin", "--", process.execPath]
  for (const words of [
    ["apply", path],
    ["confirm"],
    ["rollback"],
    ["status"],
    ["diff", path],
    ["pause", "1m"],
    ["resume"],
    ["enable"],
    ["disable"],
    ["remove"],
  ]) {
    const ran = gateway.laboratory.firewall.run("setpriv", [...bare, "bin/floodwall", ...words], {
      environment: { FLOODWALL_STATE: gateway.state },
      fails: "allowed",
    })
    expect([words[0], ran.status, ran.stdout, ran.stderr]).toEqual([
      words[0],
      3,
      "",
      expect.stringMatching(
        /^floodwall: the kernel's rules are root's[^\n]*\[no-privilege\]\n {2}hint: [^\n]*\n$/,
      ),
    ])
  }
  expect(gateway.rules("all")).toBe(before)
})

test("a live SSH session is found in sshd's sockets; what would cut it or keep the next one out is refused, with the policy's line", async () => {
  const { firewall, outside } = gateway.laboratory
  await startSshd()
  const session = await openEcho(outside, address.wan.ipv4, 22)
  session?.close()
  const held = holdConnection(22)
  await until(() => firewall.run("ss", ["-Htn", "state", "established", "sport = :22"]).stdout !== "")

  const closes = gateway.policy("closes", "{ open: [81/tcp] }")
  const refused = gateway.floodwall("apply", "--keep", closes)
  expect(refused.status).toBe(1)
  expect(refused.stderr).toMatch(
    /closes\.yaml:4:10: this would cut new connection 1 of 3 from 192\.0\.2\.2 to port 22, .*open.*\[cuts-session\]/,
  )
  expect(gateway.rules("all").trim()).toBe("")

  writeFileSync(join(gateway.folder, "list.txt"), "192.0.2.0/24\n")
  const cuts = gateway.floodwall("apply", "--keep", gateway.policy("cuts", "{ blocklist: [list.txt] }"))
  expect(cuts.status).toBe(1)
  expect(cuts.stderr).toMatch(/cuts\.yaml:4:10: this would cut the live session 192\.0\.2\.2:\d+ to port 22/)

  const floods = gateway.policy("floods", "{ port-floods: { ssh: { limit: more than 2 in 300s } } }")
  expect(gateway.floodwall("apply", "--keep", floods).stderr).toMatch(/would cut new connection 3 of 3/)

  const fine = gateway.floodwall(
    "apply",
    "--keep",
    gateway.policy("fine", "{ open: [22/tcp], new-tcp-without-syn: drop }"),
  )
  expect(fine).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(
      /^rehearsed: 1 live session \(192\.0\.2\.2:\d+\) and three new connections get through$/m,
    ),
  })
  const forced = gateway.floodwall("apply", "--keep", "--force", closes)
  expect(forced).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^changed/m),
    stderr: expect.stringMatching(/Forced, though/),
  })
  held.kill("SIGKILL")

  async function startSshd(): Promise<void> {
    const key = join(gateway.folder, "host-key")
    firewall.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key])
    mkdirSync("/run/sshd", { recursive: true, mode: 0o755 })
    const settings = [
      "-o",
      `HostKey=${key}`,
      "-o",
      "PidFile=none",
      "-o",
      "UsePAM=no",
      "-o",
      "LoginGraceTime=0",
    ]
    firewall.namespace.spawn("/usr/sbin/sshd", ["-D", "-p", "22", "-f", "/dev/null", ...settings], {
      stdio: "ignore",
    })
    await until(() => firewall.run("ss", ["-Htln", "sport = :22"]).stdout !== "")
  }

  /** An SSH client that has said hello and is waiting to log in. */
  function holdConnection(port: number) {
    const script = `require("node:net").connect(${port}, "${address.wan.ipv4}", function () { this.write("SSH-2.0-test\\r\\n") })`
    return outside.namespace.inside(() =>
      spawn(process.execPath, ["-e", script], { env: { PATH: searchPath }, stdio: "ignore" }),
    )
  }
})

test("SSH_CONNECTION counts too, where sshd is not to be seen", () => {
  const closes = gateway.policy("closes", "{ open: [81/tcp] }")
  const run = (connection: string) =>
    gateway.laboratory.firewall.run(process.execPath, ["bin/floodwall", "apply", "--keep", closes], {
      environment: { FLOODWALL_STATE: gateway.state, SSH_CONNECTION: connection },
      fails: "allowed",
    })
  expect(run("198.51.100.2 50000 198.51.100.1 22")).toMatchObject({ status: 0 })
  expect(run("192.0.2.2 50000 192.0.2.1 22").status).toBe(0)
  gateway.floodwall("remove")
  expect(run("192.0.2.2 50000 192.0.2.1 22")).toMatchObject({ status: 1 })
})

/** The process, its group, and whatever it started. */
function killAll(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL")
  } catch {
    // It has ended already.
  }
}

/**
 * Kills a command at moments that close in on the one at which it changes something: at once, after its end, then always halfway between the latest kill that came too early and the earliest
 * that came too late. Whatever time the command takes on a machine, kills fall on both sides.
 */
function closingIn(): (command: Started, hasChanged: () => boolean | Promise<boolean>) => Promise<boolean> {
  let early: number | undefined
  let late: number | undefined
  return async (command, hasChanged) => {
    const start = Date.now()
    if (early !== undefined)
      await (late === undefined ? command.ended : Promise.race([command.ended, wait((early + late) / 2)]))
    const moment = early === undefined ? 0 : Date.now() - start
    killAll(command.child.pid!)
    await command.ended
    const isLate = await hasChanged()
    if (isLate) late = Math.min(late ?? moment, moment)
    else early = Math.max(early ?? moment, moment)
    return isLate
  }
}
