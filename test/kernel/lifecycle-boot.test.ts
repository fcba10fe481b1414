import { fileURLToPath } from "node:url"
import { expect, onTestFinished, test } from "vitest"
import { needsKernel, skipWithout } from "./support/kernel-test.js"
import { startSystemd } from "./support/systemd.js"

const program = fileURLToPath(new URL("../../bin/floodwall", import.meta.url))

test("enabled rules come back with every way that nftables.service flushes, and at boot; disable and remove take the units away", async (context) => {
  needsKernel(context)
  const systemd = await startSystemd()
  if (typeof systemd === "string") {
    skipWithout(context, systemd)
    return
  }
  onTestFinished(systemd.stop)
  const sh = (script: string) => systemd.run(script)
  const floodwall = (words: string) => sh(`cd /tmp && ${process.execPath} ${program} ${words}`)
  const hasRules = () => sh("nft list table inet floodwall").status === 0
  const hasForeign = () => sh("nft list table inet filter").status === 0
  /** systemd orders our part behind the flush: it is there a moment later, and what stands in the chain bypass behind it. */
  const comesBack = async (isBack = hasRules) => {
    for (const end = Date.now() + 30_000; Date.now() < end && !isBack(); )
      await new Promise((done) => setTimeout(done, 100))
    return isBack()
  }
  sh("ip link add wan0 type veth peer name peer0; ip link set wan0 up; ip route add default dev wan0")
  sh(
    "printf 'version: 1\\ninterfaces: { wan: wan0 }\\nprotect: { wan: { open: [ssh] } }\\n' > /tmp/floodwall.yaml",
  )

  const early = floodwall("enable")
  expect(early.stderr).toMatch(/\[not-confirmed\]/)
  expect(early.status).toBe(1)
  expect(floodwall("apply --keep").stdout).toMatch(/^Gone after a reboot: floodwall enable$/m)
  expect(floodwall("enable")).toMatchObject({ status: 0, stdout: expect.stringMatching(/^Enabled: /) })
  expect(floodwall("enable").stdout).toBe("Enabled already.\n")
  expect(floodwall("status").stdout).toMatch(/^Loaded at boot\.$/m)
  expect(sh("systemd-analyze verify floodwall.service floodwall-after-flush.service")).toMatchObject({
    status: 0,
    stderr: "",
  })

  // As at boot: nothing is there, and the early targets are reached.
  sh("nft flush ruleset")
  expect(sh("systemctl start floodwall.service").status).toBe(0)
  expect(hasRules()).toBe(true)
  // The first start of nftables.service while ours is active already.
  for (const verb of ["start", "restart", "reload"]) {
    expect([verb, hasRules()]).toEqual([verb, true])
    expect(sh(`systemctl ${verb} nftables.service`).status).toBe(0)
    expect([verb, hasForeign(), await comesBack()]).toEqual([verb, true, true])
  }
  sh("systemctl stop nftables.service")
  expect(hasRules()).toBe(false)
  sh("systemctl start nftables.service")
  expect(await comesBack()).toBe(true)

  // The administrator's rules of the chain bypass, which no command has seen: the unit writes them down when it stops, as at a shutdown.
  const byHand = () =>
    sh("nft -s list chain inet floodwall bypass | grep -c 'saddr 192.0.2.9.*mine'").stdout.trim()
  sh("nft add rule inet floodwall bypass ip saddr 192.0.2.9 counter accept comment mine")
  sh("systemctl stop floodwall.service; nft flush ruleset; systemctl start floodwall.service")
  expect([hasRules(), byHand()]).toEqual([true, "1"])
  sh("systemctl restart nftables.service")
  expect([await comesBack(() => byHand() === "1"), hasRules()]).toEqual([true, true])
  // What cannot be loaded any more keeps no rule of ours away; what opens everything is told of.
  sh("nft add rule inet floodwall bypass counter accept")
  expect(floodwall("status").stdout).toMatch(
    /^EVERYTHING IS LET PAST by a rule in the chain bypass: counter accept;.*\nBy hand, in the chain bypass \(after a reboot, too\):\n( {2}.*\n)* {2}ip saddr 192\.0\.2\.9 counter accept/m,
  )
  sh("nft flush chain inet floodwall bypass; nft add set inet floodwall mine '{ type ipv4_addr; }'")
  sh(
    "nft add rule inet floodwall bypass ip saddr @mine accept; systemctl stop floodwall.service; nft flush ruleset",
  )
  expect(sh("systemctl start floodwall.service").status).toBe(0)
  expect([hasRules(), byHand()]).toEqual([true, "0"])

  // A device that is not there, as before the network is up.
  sh("ip link del wan0; systemctl restart floodwall.service")
  expect(hasRules()).toBe(true)

  expect(floodwall("disable").status).toBe(0)
  expect(floodwall("disable").status).toBe(1)
  expect(hasRules()).toBe(true)
  sh("systemctl restart nftables.service")
  expect(hasRules()).toBe(false)

  sh("ip link add wan0 type veth peer name peer0; ip link set wan0 up; ip route add default dev wan0")
  floodwall("apply --keep")
  floodwall("enable")
  expect(floodwall("remove").stdout).toMatch(/no longer loaded at boot/)
  expect(sh("ls /etc/systemd/system/ | grep floodwall").stdout).toBe("")
  sh("systemctl restart nftables.service")
  expect(hasRules()).toBe(false)
})
