import type { Draft } from "../imported.js"
import type { Setting } from "./conf.js"
import { type Findings, flow, off, path, type Told } from "./findings.js"
import { policyPort, readCsfPort } from "./port.js"

/** lfd reads logs; a policy asks packets. */
const keepWatching = "keep lfd, or fail2ban, for it"

function blockFor(seconds: string, isForGood: boolean): string | undefined {
  if (isForGood) return "ever"
  return /^[1-9]\d{0,8}$/.test(seconds) && Number(seconds) <= 315_360_000 ? `${seconds}s` : undefined
}

/** `PS_INTERVAL = "300"` with PS_LIMIT: lfd counts lines of the kernel's log. */
export function readPortScan(findings: Findings): Told {
  const { configuration, detect } = findings
  if (!configuration.isOn("PS_INTERVAL")) return off("lfd looks for no port scans")
  const interval = Number(configuration.value("PS_INTERVAL"))
  const limit = configuration.value("PS_LIMIT")
  const block = blockFor(configuration.value("PS_BLOCK_TIME"), configuration.isOn("PS_PERMANENT"))
  const seconds = Math.max(interval, 60)
  const isSaid =
    Number.isInteger(interval) &&
    /^[1-9]\d{0,8}$/.test(limit) &&
    seconds <= 315_360_000 &&
    block !== undefined
  const value: Draft = {
    limit: `more than ${limit} in ${seconds}s`,
    action: "block",
    ...(block !== undefined && { "block-for": block }),
  }
  if (isSaid) detect["port-scan"] = value
  return {
    owner: "partly",
    does: `lfd blocks who has more than ${limit} lines in the kernel's log within ${seconds}s; the log has 30 lines a minute for everybody, so that fast scans are not seen (a thousand ports in a second leave 5 lines)`,
    becomes: isSaid ? [`detect.port-scan: ${flow(value)}`] : [],
    relation: "lost",
    why: "the policy says it, and this version has no guard that looks for it",
    protects: true,
    mistakes: [
      {
        id: "csf-needs-guard",
        message: "port scans are looked for by the guard, which this version does not have",
        hint: "decoy-ports and port-floods keep scanners out without it",
      },
    ],
  }
}

/** `CT_LIMIT = "300"`: lfd looks at the list of connections now and then. */
export function readConnectionTracking(findings: Findings): Told {
  const { configuration, connections } = findings
  if (!configuration.isOn("CT_LIMIT")) return off("lfd counts no connections")
  const limit = configuration.value("CT_LIMIT")
  const block = blockFor(configuration.value("CT_BLOCK_TIME"), configuration.isOn("CT_PERMANENT"))
  const ports = configuration
    .value("CT_PORTS")
    .split(",")
    .map((text) => text.trim())
    .filter((text) => text !== "")
  const read = ports.map((text) => {
    const port = readCsfPort(text)
    return port.kind === "range" ? policyPort(port.range, "tcp") : undefined
  })
  const states = configuration.value("CT_STATES").replace(/\s/g, "")
  const does = `every ${configuration.value("CT_INTERVAL")}s lfd blocks who has more than ${limit} connections with this host, outgoing ones included${ports.length > 0 ? `, to ports ${ports.join(", ")}` : ""}${states === "" ? "" : `, in the states ${states.split(",").join(", ")}`}`
  // Beside counts for single ports, the one for several ports together has no place.
  const hasPlace = ports.length === 0 || !configuration.isOn("CONNLIMIT")
  if (!/^[1-9]\d{0,8}$/.test(limit) || block === undefined || read.includes(undefined) || !hasPlace) {
    return {
      owner: "partly",
      does,
      relation: "lost",
      why: hasPlace
        ? "its numbers are not plain ones"
        : "a policy has one general count beside those of CONNLIMIT's ports",
      protects: true,
      mistakes: [{ id: "csf-not-carried", message: `CT_LIMIT = "${limit}" is not carried over` }],
    }
  }
  const value: Record<string, Draft> = {
    limit: Number(limit),
    action: "block",
    "block-for": block,
    ...(ports.length > 0 && { ports: read as string[] }),
  }
  Object.assign(connections, value)
  return {
    owner: "works",
    does,
    becomes: Object.entries(value).map(([key, each]) => path(`connections.${key}`, flow(each))),
    relation: "stricter",
    why: `connections are counted when they open, and not every half minute${states === "" ? "" : ", whatever their state"}; looser: connections that this host opens do not count`,
    protects: true,
  }
}

const logins: Readonly<Record<string, string>> = {
  LF_SSHD: "sshd",
  LF_FTPD: "the FTP server",
  LF_SMTPAUTH: "SMTP",
  LF_EXIMSYNTAX: "Exim's syntax errors",
  LF_POP3D: "POP3",
  LF_IMAPD: "IMAP",
  LF_HTACCESS: "web pages with a password",
  LF_MODSEC: "ModSecurity",
  LF_MODSECIPDB: "ModSecurity",
  LF_CPANEL: "cPanel",
  LF_DIRECTADMIN: "DirectAdmin",
  LF_WEBMIN: "Webmin",
  LF_BIND: "BIND",
  LF_SUHOSIN: "Suhosin",
  LF_CXS: "cxs",
  LF_QOS: "mod_qos",
  LF_SYMLINK: "symlink races",
  LF_APACHE_404: "pages that are not there",
  LF_APACHE_403: "pages that are forbidden",
  LF_APACHE_401: "pages that want a password",
  LF_DISTATTACK: "logins from many addresses",
  LF_DISTFTP: "FTP logins from many addresses",
  LF_DISTSMTP: "SMTP logins from many addresses",
  LT_POP3D: "POP3 logins an hour",
  LT_IMAPD: "IMAP logins an hour",
}

export function isLoginSetting(name: string): boolean {
  return Object.hasOwn(logins, name)
}

/** `LF_SSHD = "5"`: failed logins, from logs. That is the guard's part. */
export function readLogins(findings: Findings, setting: Setting): Told {
  const { configuration } = findings
  const of = logins[setting.name]!
  if (!configuration.isOn(setting.name)) return off(`lfd does not look at ${of}`)
  return {
    owner: "works",
    does: `lfd blocks who fails too often, by the logs of ${of} (${configuration.value(setting.name)})`,
    relation: "lost",
    why: `logs are the guard's to read, and this version has no guard: ${keepWatching}`,
    protects: true,
    mistakes: [
      {
        id: "csf-needs-guard",
        message: `${setting.name} is the guard's: it goes by logs, and rules see packets only`,
        hint: `${keepWatching}; port-floods limits how often somebody can try`,
      },
    ],
  }
}

/** `LF_PERMBLOCK`, `LF_NETBLOCK`: what becomes of blocks that come again. */
export function readEscalation(findings: Findings, setting: Setting): Told {
  if (!findings.configuration.isOn(setting.name)) return off("blocks stay what they are")
  return {
    owner: "works",
    does: "lfd blocks for good, or whole networks, who is blocked again and again",
    relation: "lost",
    why: "longer blocks for those who come back are the guard's, and this version has no guard",
    protects: true,
    mistakes: [
      {
        id: "csf-needs-guard",
        message: `${setting.name} is the guard's: who comes back is kept out as long as before`,
      },
    ],
  }
}
