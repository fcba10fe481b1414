import { fileURLToPath } from "node:url"
import { expect, onTestFinished, test } from "vitest"
import { needsKernel, skipWithout } from "./support/kernel-test.js"
import { startSystemd } from "./support/systemd.js"

const program = fileURLToPath(new URL("../../bin/floodwall", import.meta.url))

test("the guard is a service that says when it is ready, reloads, comes back after kill -9, and goes with disable; its unit is verified, and what it may is little", async (context) => {
  needsKernel(context)
  const systemd = await startSystemd()
  if (typeof systemd === "string") {
    skipWithout(context, systemd)
    return
  }
  onTestFinished(systemd.stop)
  const sh = (script: string) => systemd.run(script)
  const floodwall = (words: string) => sh(`cd / && ${process.execPath} ${program} ${words}`)
  const property = (name: string) => sh(`systemctl show -P ${name} floodwall-guard.service`).stdout.trim()
  const until = async (what: () => boolean) => {
    for (const end = Date.now() + 30_000; Date.now() < end; ) {
      if (what()) return true
      await new Promise((done) => setTimeout(done, 100))
    }
    return false
  }
  sh("ip link add wan0 type veth peer name peer0; ip link set wan0 up; ip route add default dev wan0")
  sh(
    "mkdir -p /etc/floodwall; printf 'version: 1\\ninterfaces: { wan: wan0 }\\nprotect: { wan: { preset: default, open: [ssh] } }\\n' > /etc/floodwall/policy.yaml",
  )
  // A namespace's /dev is not one that systemd can make a private copy of.
  sh(
    "mkdir -p /etc/systemd/system/floodwall-guard.service.d && printf '[Service]\\nPrivateDevices=no\\nStandardOutput=append:/run/guard.log\\nStandardError=append:/run/guard.log\\n' > /etc/systemd/system/floodwall-guard.service.d/here.conf",
  )
  // What the hook starts has no precedence either.
  sh(
    `echo 'FLOODWALL_OPTIONS="--hook \\"nice > /run/floodwall/hook; sh -c nice >> /run/floodwall/hook; cat >> /run/floodwall/hook\\""' > /etc/default/floodwall`,
  )
  floodwall("apply --keep")
  const enabled = floodwall("enable --guard")
  expect([enabled.status, enabled.stderr, sh("cat /run/guard.log").stdout]).toEqual([
    0,
    "",
    expect.stringContaining('"watching '),
  ])
  expect(enabled.stdout).toMatch(/^The guard runs: /m)
  expect(property("ActiveState")).toBe("active")
  expect(property("StatusText")).toMatch(/^watching packets that rules log/)
  const first = Number(property("MainPID"))
  // CapBnd of /proc/PID/status: CAP_CHOWN 0, CAP_DAC_READ_SEARCH 2, CAP_NET_ADMIN 12, CAP_SYS_PTRACE 19.
  const kept = Number.parseInt(sh(`grep CapEff /proc/${first}/status`).stdout.split(/\s+/)[1] ?? "", 16)
  expect(kept).toBe((1 << 0) | (1 << 2) | (1 << 12) | (1 << 19))
  expect(sh("systemd-analyze verify floodwall-guard.service")).toMatchObject({ status: 0, stderr: "" })
  const exposure = sh("systemd-analyze security --no-pager floodwall-guard.service").stdout
  expect(Number(/exposure level for \S+: ([\d.]+)/.exec(exposure)?.[1])).toBeLessThan(4)

  const { guard } = JSON.parse(floodwall("status --json").stdout) as {
    readonly guard: { readonly sources: readonly { readonly name: string; readonly state: string }[] }
  }
  expect(guard.sources.map(({ name, state }) => `${name} ${state}`)).toEqual([
    "nflog reading",
    "conntrack reading",
    "counters reading",
  ])
  expect(floodwall("block 192.0.2.77 --for 5m").status).toBe(0)
  expect(sh("nft list set inet floodwall blocked4").stdout).toContain("192.0.2.77")
  expect(sh(`ps -o ni= -p ${first}`).stdout.trim()).toBe("-10")
  const hook = () => sh("cat /run/floodwall/hook").stdout
  expect([await until(() => hook().includes("192.0.2.77")), hook()]).toEqual([
    true,
    expect.stringMatching(/^0\n0\n\{"host"/),
  ])
  expect(sh("systemctl reload floodwall-guard.service").status).toBe(0)
  expect(Number(property("MainPID"))).toBe(first)

  expect(sh(`kill -9 ${first}`).status).toBe(0)
  // Between the two questions systemd may learn that it died: active, and then no process.
  const isBack = await until(() => {
    const now = Number(property("MainPID"))
    return now > 0 && now !== first && property("ActiveState") === "active"
  })
  expect([isBack, sh("cat /run/guard.log").stdout]).toEqual([true, expect.anything()])
  expect(floodwall("blocked").stdout).toContain("192.0.2.77")

  // A folder that is deleted cannot be made again from within; the unit makes it.
  expect(sh("rm -rf /var/lib/floodwall; systemctl restart floodwall-guard.service").status).toBe(0)
  expect(sh("ls /var/lib/floodwall").stdout).toMatch(/boot\.nft[\s\S]*confirmed\.json[\s\S]*ledger\.db/)
  expect(floodwall("blocked").stdout).toContain("192.0.2.77")

  expect(floodwall("stop").status).toBe(0)
  expect(await until(() => property("ActiveState") === "inactive")).toBe(true)
  expect(sh("nft list set inet floodwall blocked4").stdout).toContain("192.0.2.77")
  expect(floodwall("disable").status).toBe(0)
  expect(sh("ls /etc/systemd/system/ | grep floodwall.*service$").stdout).toBe("")
})
