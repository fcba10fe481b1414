import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { isEnabled, units } from "./boot.js"

const [main, again] = units("/usr/sbin/nft", {
  bootText: "/var/lib/floodwall/boot.nft",
  bootFallbackText: "/var/lib/floodwall/boot-without-ingress.nft",
  bypassText: "/var/lib/floodwall/bypass.nft",
})

test("the unit loads plain nft text before the network, after and as a part of nftables.service", () => {
  expect(`${main?.name}\n${main?.text}`).toMatchInlineSnapshot(`
    "floodwall.service
    # Written by floodwall enable; floodwall disable takes it away.
    [Unit]
    Description=Floodwall: the confirmed rules
    After=nftables.service local-fs.target systemd-modules-load.service
    PartOf=nftables.service
    ReloadPropagatedFrom=nftables.service
    DefaultDependencies=no
    StartLimitIntervalSec=0
    Wants=network-pre.target
    Before=network-pre.target shutdown.target
    Conflicts=shutdown.target
    RequiresMountsFor=/var/lib/floodwall/boot.nft
    ConditionPathExists=/var/lib/floodwall/boot.nft

    [Service]
    Type=oneshot
    RemainAfterExit=yes
    StandardInput=null
    ExecStart=/bin/sh -c '/usr/sbin/nft -f /var/lib/floodwall/boot.nft || exec /usr/sbin/nft -f /var/lib/floodwall/boot-without-ingress.nft'
    ExecStart=-/bin/sh -c 'test ! -s /var/lib/floodwall/bypass.nft || exec /usr/sbin/nft -f /var/lib/floodwall/bypass.nft'
    ExecReload=/bin/sh -c '/usr/sbin/nft -f /var/lib/floodwall/boot.nft || exec /usr/sbin/nft -f /var/lib/floodwall/boot-without-ingress.nft'
    ExecReload=-/bin/sh -c 'test ! -s /var/lib/floodwall/bypass.nft || exec /usr/sbin/nft -f /var/lib/floodwall/bypass.nft'
    ExecStop=-/bin/sh -c 'umask 077; /usr/sbin/nft -s list chain inet floodwall bypass >/var/lib/floodwall/bypass.nft.listed && sed -n -e "/ comment .lines of the policy.$$/d" -e "s/^[[:blank:]][[:blank:]]/add rule inet floodwall bypass /p" </var/lib/floodwall/bypass.nft.listed >/var/lib/floodwall/bypass.nft.new && mv /var/lib/floodwall/bypass.nft.new /var/lib/floodwall/bypass.nft; rm -f /var/lib/floodwall/bypass.nft.listed'

    [Install]
    WantedBy=sysinit.target nftables.service
    "
  `)
})

test("the second unit is for the first start of nftables.service: it never stays active", () => {
  expect(`${again?.name}\n${again?.text}`).toMatchInlineSnapshot(`
    "floodwall-after-flush.service
    # Written by floodwall enable; floodwall disable takes it away.
    [Unit]
    Description=Floodwall: the confirmed rules again, after nftables.service has flushed everything
    After=nftables.service floodwall.service
    DefaultDependencies=no
    StartLimitIntervalSec=0
    Wants=network-pre.target
    Before=network-pre.target shutdown.target
    Conflicts=shutdown.target
    RequiresMountsFor=/var/lib/floodwall/boot.nft
    ConditionPathExists=/var/lib/floodwall/boot.nft

    [Service]
    Type=oneshot
    StandardInput=null
    ExecStart=/bin/sh -c '/usr/sbin/nft -f /var/lib/floodwall/boot.nft || exec /usr/sbin/nft -f /var/lib/floodwall/boot-without-ingress.nft'
    ExecStart=-/bin/sh -c 'test ! -s /var/lib/floodwall/bypass.nft || exec /usr/sbin/nft -f /var/lib/floodwall/bypass.nft'

    [Install]
    WantedBy=nftables.service
    "
  `)
})

test("rules are said to be loaded at boot where systemd wants the unit, and not where a killed command left its file", () => {
  const folder = mkdtempSync(join(tmpdir(), "floodwall-units-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const unit = join(folder, "floodwall.service")
  expect(isEnabled(folder)).toBe(false)
  writeFileSync(unit, "")
  expect(isEnabled(folder)).toBe(false)
  mkdirSync(join(folder, "sysinit.target.wants"))
  symlinkSync(unit, join(folder, "sysinit.target.wants/floodwall.service"))
  expect(isEnabled(folder)).toBe(true)
  rmSync(unit)
  expect(isEnabled(folder)).toBe(false)
})
