import type { Findings } from "./findings.js"

/** What stays open and what is closed, before and after. */
export function closedBy({ configuration, items, open, breaksOpen, refused }: Findings): {
  readonly before: string
  readonly after: string
} {
  const closesOut = items.some(({ diagnostics }) =>
    diagnostics.some(({ id }) => id === "csf-outgoing-stays-open"),
  )
  const ipv6 = configuration.filtersIpv6 ? "" : ", and leaves IPv6 open"
  const before = refused
    ? "CSF closes nothing new: it does not start with this configuration"
    : breaksOpen
      ? "CSF closes nothing: it gives up at a mistake, and flushes the whole firewall open"
      : configuration.closes
        ? `CSF closes every port that is not listed, on the way in${closesOut ? " and out" : ""}, and all that is passed on${ipv6}`
        : "The file does not say which ports CSF keeps open (TCP_IN, UDP_IN)"
  const after =
    open === undefined
      ? "The policy closes nothing: it has no open, for the file says nothing of ports"
      : open.length === 0
        ? "The policy closes every port to new connections"
        : `The policy closes every port to new connections but ${short(open)}`
  return { before: `${before}.`, after: `${after}; on the way out everything is open.` }
}

const shown = 12

function short(ports: readonly string[]): string {
  const more = ports.length > shown ? ` and ${ports.length - shown} more` : ""
  return `${ports.slice(0, shown).join(", ")}${more}`
}

/** The way from CSF to Floodwall. What csf -x wipes is other tools' as well; tables of nft it leaves alone. */
export function handOverSteps({ configuration }: Findings): readonly string[] {
  return [
    "floodwall check, and floodwall replay with a capture of this host's traffic: what the policy would do",
    "floodwall apply: CSF still runs, and both decide; then from a second session floodwall confirm",
    "csf -x: takes CSF and lfd away, and with them every rule of iptables and every ipset, other tools' as well; Floodwall's table stays",
    ...(configuration.isOn("TESTING")
      ? ["look for csf in /etc/crontab: its testing mode clears iptables every few minutes"]
      : []),
    "restart what had rules of its own there (docker, fail2ban, libvirt)",
    "iptables-save and ip6tables-save: no chain of CSF's is left, and the policies accept",
    "lfd watched logs: floodwall run --logins journal reads sshd's; for other services let fail2ban do it, or nobody does",
    "floodwall enable (with --guard for the guard), then floodwall status",
  ]
}
