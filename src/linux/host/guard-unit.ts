import type { Unit } from "./boot.js"

export const GUARD_UNIT = "floodwall-guard.service"

/** Where whoever looks after the host adds options to the service's command line. */
export const GUARD_OPTIONS = "/etc/default/floodwall"

export interface GuardCommand {
  readonly node: string
  readonly program: string
  /** Absolute path. */
  readonly policy: string
  readonly stateFolder: string
}

/**
 * The guard as a service. It is told apart from the unit that loads the rules at boot, which needs no Node: without the guard, or before it is up, the rules judge all the same.
 *
 * What it may: CAP_NET_ADMIN for nf_tables, the packet log and conntrack; CAP_SYS_PTRACE, without which nobody sees which connections are sshd's, and the administrator's session
 * could not be spared; CAP_DAC_READ_SEARCH to read logs that belong to syslog; CAP_CHOWN to give its socket to the group floodwall. Node makes code while it runs, so that
 * MemoryDenyWriteExecute is not for it.
 */
export function guardUnit({ node, program, policy, stateFolder }: GuardCommand): Unit {
  // What lies in /tmp would be hidden.
  const privateTmp = [node, program, policy, stateFolder].some((path) => path.startsWith("/tmp/"))
    ? "no"
    : "yes"
  return {
    name: GUARD_UNIT,
    text: `# Written by floodwall enable --guard; floodwall disable takes it away.
# State: ${stateFolder}
[Unit]
Description=Floodwall: the guard
After=floodwall.service network.target systemd-journald.service
StartLimitIntervalSec=60
StartLimitBurst=10

[Service]
Type=notify
NotifyAccess=main
EnvironmentFile=-${GUARD_OPTIONS}
Environment=FLOODWALL_STATE=${quoted(stateFolder)}
# Options, as of floodwall run --help, stand in FLOODWALL_OPTIONS of ${GUARD_OPTIONS}.
# The folder is all that the guard may write: it must be there when its view of the files is made.
ExecStartPre=+/bin/mkdir -p -m 0700 ${quoted(stateFolder)}
ExecStart=${quoted(node)} --max-semi-space-size=4 ${quoted(program)} run ${quoted(policy)} --log json $FLOODWALL_OPTIONS
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=1
WatchdogSec=30
TimeoutStopSec=45
RuntimeDirectory=floodwall
RuntimeDirectoryMode=0755
UMask=0077
Nice=-10
CapabilityBoundingSet=CAP_NET_ADMIN CAP_SYS_PTRACE CAP_DAC_READ_SEARCH CAP_CHOWN
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths=-${quoted(stateFolder)}
ProtectHome=read-only
PrivateTmp=${privateTmp}
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
MemoryMax=400M

[Install]
WantedBy=multi-user.target
`,
  }
}

/** systemd.service(5), "Command lines": quotation marks, and % and $ doubled. */
function quoted(word: string): string {
  const plain = word.replaceAll("%", "%%").replaceAll("$", "$$$$")
  return /^[\w@%+=:,./-]+$/.test(plain) ? plain : `"${plain.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`
}
