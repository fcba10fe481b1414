import { existsSync, rmSync } from "node:fs"
import { join } from "node:path"
import { makeFolder, readText, writeAtomically } from "./files.js"
import { GUARD_UNIT, type GuardCommand, guardUnit } from "./guard-unit.js"
import { done, fail, failed, type Outcome } from "./outcome.js"
import { rememberCommand, restoreCommand } from "./own-bypass.js"
import { findProgram, run } from "./run.js"
import type { State } from "./state.js"

/** Where an administrator's units live (systemd.unit(5)). */
const unitFolder = "/etc/systemd/system"

/** What wants the rules at boot; systemd keeps a link to the unit in the folder BOOT_TARGET.wants (systemctl(1), "enable"). */
const BOOT_TARGET = "sysinit.target"

export interface Unit {
  readonly name: string
  readonly text: string
}

export type BootFiles = Pick<State, "bootText" | "bootFallbackText" | "bypassText">

/**
 * What loads the confirmed rules at boot. They are plain nft text: no Node at boot.
 *
 * nftables.service begins with `flush ruleset` (Debian's nftables.conf), at start, restart and reload, and flushes again at its stop: whoever
 * touches it takes our table away. `floodwall.service` comes after it, stops and restarts with it (PartOf) and reloads with it. If floodwall.service is
 * active and nftables.service is then started for the first time, systemd sees no reason to start ours again; for that there is the second unit, which
 * never stays active and is wanted by nftables.service.
 *
 * Behind them come the administrator's rules of the chain `bypass`, which the unit writes down when it stops: at a shutdown, and before nftables.service flushes.
 */
export function units(nft: string, { bootText, bootFallbackText, bypassText }: BootFiles): readonly Unit[] {
  // A kernel before 6.16 refuses the whole transaction when an ingress chain's device is not there yet, and before the network is up it may not be.
  const load = `/bin/sh -c '${nft} -f ${bootText} || exec ${nft} -f ${bootFallbackText}'`
  const bypass = `-${restoreCommand(nft, bypassText)}`
  // Whoever restarts nftables.service six times in ten seconds has it flushed six times: systemd would load ours five times, and leave the host open.
  const early = `DefaultDependencies=no
StartLimitIntervalSec=0
Wants=network-pre.target
Before=network-pre.target shutdown.target
Conflicts=shutdown.target
RequiresMountsFor=${bootText}
ConditionPathExists=${bootText}`
  return [
    {
      name: "floodwall.service",
      text: `# Written by floodwall enable; floodwall disable takes it away.
[Unit]
Description=Floodwall: the confirmed rules
After=nftables.service local-fs.target systemd-modules-load.service
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service
${early}

[Service]
Type=oneshot
RemainAfterExit=yes
StandardInput=null
ExecStart=${load}
ExecStart=${bypass}
ExecReload=${load}
ExecReload=${bypass}
ExecStop=-${rememberCommand(nft, bypassText)}

[Install]
WantedBy=${BOOT_TARGET} nftables.service
`,
    },
    {
      name: "floodwall-after-flush.service",
      text: `# Written by floodwall enable; floodwall disable takes it away.
[Unit]
Description=Floodwall: the confirmed rules again, after nftables.service has flushed everything
After=nftables.service floodwall.service
${early}

[Service]
Type=oneshot
StandardInput=null
ExecStart=${load}
ExecStart=${bypass}

[Install]
WantedBy=nftables.service
`,
    },
  ]
}

/** A unit that nothing wants is loaded by nobody: an `enable` or a `disable` that was killed leaves one, and so does `systemctl disable`. */
export function isEnabled(folder = unitFolder): boolean {
  return ["floodwall.service", `${BOOT_TARGET}.wants/floodwall.service`].every((file) =>
    existsSync(join(folder, file)),
  )
}

/** Has systemd load the confirmed rules of this state folder at boot. True: something changed. */
export function enableBoot(state: State): Outcome<boolean> {
  if (!state.isHosts) {
    return fail(
      "cannot",
      "no-systemd",
      "this is a network namespace of its own, and systemd loads rules into the host's",
      `whoever makes the namespace can load ${state.bootText} with nft -f`,
    )
  }
  if (!existsSync(state.bootText)) {
    return fail(
      "no",
      "not-confirmed",
      "no rules were confirmed yet, so there is nothing to load at boot",
      "floodwall apply",
    )
  }
  const systemd = needSystemd()
  if (failed(systemd)) {
    return fail(
      "cannot",
      "no-systemd",
      "systemd does not run this machine, so there is no unit to enable",
      `have your init system run at boot, after any other firewall script: nft -f ${state.bootText}`,
    )
  }
  const nft = findProgram("nft") ?? "/usr/sbin/nft"
  return enableUnits(systemd.value, units(nft, state))
}

/** Has systemd run the guard, now and at boot. True: something changed. */
export function enableGuard(command: GuardCommand): Outcome<boolean> {
  const systemctl = needSystemd()
  if (failed(systemctl)) return systemctl
  const enabled = enableUnits(systemctl.value, [guardUnit(command)])
  if (failed(enabled)) return enabled
  // A guard that runs already goes on as what the unit says now.
  const started = systemd(systemctl.value, [enabled.value ? "restart" : "start", GUARD_UNIT])
  return failed(started) ? started : enabled
}

/** Takes away the units that load this state folder's rules; a namespace of its own leaves the host's alone. True: they were there. */
export function disableOwnUnits(state: State, folder = unitFolder): Outcome<boolean> {
  const own = UNIT_NAMES.filter((name) => {
    const text = readText(join(folder, name))
    return text?.includes(` ${state.bootText} `) || text?.includes(`\n# State: ${state.folder}\n`)
  })
  return own.length === 0 ? done(false) : disableUnits(own, folder)
}

const UNIT_NAMES = ["floodwall.service", "floodwall-after-flush.service", GUARD_UNIT]

/** Writes the units and tells systemd. True: something changed. */
function enableUnits(systemctl: string, wanted: readonly Unit[], folder = unitFolder): Outcome<boolean> {
  const changed = wanted.filter(({ name, text }) => readText(join(folder, name)) !== text)
  try {
    makeFolder(folder, 0o755)
    for (const { name, text } of changed) writeAtomically(join(folder, name), text, 0o644)
  } catch (error) {
    return fail("cannot", "no-systemd", `the units cannot be written: ${(error as Error).message}`)
  }
  const enabled = systemd(systemctl, ["daemon-reload"], ["enable", ...wanted.map(({ name }) => name)])
  return failed(enabled) ? enabled : done(changed.length > 0)
}

function disableUnits(names: readonly string[], folder: string): Outcome<boolean> {
  const systemctl = needSystemd()
  if (failed(systemctl)) return systemctl
  const disabled = systemd(systemctl.value, ["disable", ...names])
  for (const name of names) rmSync(join(folder, name), { force: true })
  if (failed(disabled)) return disabled
  const reloaded = systemd(systemctl.value, ["daemon-reload"])
  return failed(reloaded) ? reloaded : done(true)
}

/** sd_booted(3): systemd runs this machine where /run/systemd/system is a folder. */
function needSystemd(): Outcome<string> {
  const systemctl = findProgram("systemctl")
  if (systemctl !== undefined && existsSync("/run/systemd/system")) return done(systemctl)
  return fail("cannot", "no-systemd", "systemd does not run this machine, so there is no unit to enable")
}

function systemd(systemctl: string, ...calls: readonly (readonly string[])[]): Outcome<void> {
  for (const args of calls) {
    const ran = run(systemctl, args)
    if (ran?.status !== 0) {
      return fail("cannot", "no-systemd", `systemctl ${args.join(" ")}: ${ran?.error.trim() ?? "failed"}`)
    }
  }
  return done(undefined)
}
