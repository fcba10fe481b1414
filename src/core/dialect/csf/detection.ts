import type { Draft } from "../imported.js"
import type { Setting } from "./conf.js"
import { type Findings, flow, off, path, type Told } from "./findings.js"
import { policyPort, readCsfPort } from "./port.js"

/** Of services other than sshd nobody here reads the logs. */
const keepWatching = "keep lfd, or fail2ban, for it"

const runGuard = "floodwall run --logins journal, and floodwall enable --guard for good"

function blockFor(seconds: string, isForGood: boolean): string | undefined {
  if (isForGood) return "ever"
  return /^[1-9]\d{0,8}$/.test(seconds) && Number(seconds) <= 315_360_000 ? `${seconds}s` : undefined
}

/** `PS_INTERVAL = "300"` with PS_LIMIT: lfd counts lines of the kernel's log. */
export function readPortScan(findings: Findings, setting: Setting): Told {
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
    ...(isSaid
      ? {
          relation: "stricter",
          why: "the guard counts the ports themselves, and sees scans that are too fast for lfd; looser: one port that is tried again and again counts once",
        }
      : { relation: "lost", why: "its numbers are not plain ones" }),
    protects: true,
    mistakes: [
      isSaid
        ? {
            id: "csf-needs-guard",
            message: "port scans are the guard's to see: rules alone do not",
            hint: runGuard,
          }
        : { id: "csf-not-carried", message: `PS_INTERVAL = "${setting.value}" is not carried over` },
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

/** `LF_SSHD = "5"`: failed logins, from logs. The guard reads sshd's. */
export function readLogins(findings: Findings, setting: Setting): Told {
  const { configuration } = findings
  const of = logins[setting.name]!
  if (!configuration.isOn(setting.name)) return off(`lfd does not look at ${of}`)
  const does = `lfd blocks who fails too often, by the logs of ${of} (${configuration.value(setting.name)})`
  const value = setting.name === "LF_SSHD" ? failedLogins(configuration) : undefined
  if (value) {
    findings.detect["failed-logins"] = value
    return {
      owner: "works",
      does,
      becomes: [`detect.failed-logins: ${flow(value)}`],
      relation: "same",
      protects: true,
      mistakes: [
        {
          id: "csf-needs-guard",
          message: "failed logins are the guard's to see: it reads sshd's log, and rules see packets only",
          hint: runGuard,
        },
      ],
    }
  }
  return {
    owner: "works",
    does,
    relation: "lost",
    why: `of logs the guard reads sshd's only: ${keepWatching}`,
    protects: true,
    mistakes: [
      {
        id: "csf-needs-guard",
        message: `${setting.name} goes by logs that the guard does not read`,
        hint: `${keepWatching}; port-floods limits how often somebody can try`,
      },
    ],
  }
}

/** LF_SSHD failures within LF_INTERVAL; LF_SSHD_PERM is 1 for good, or a number of seconds. */
function failedLogins(configuration: Findings["configuration"]): Draft | undefined {
  const [count, interval] = [configuration.value("LF_SSHD"), configuration.value("LF_INTERVAL") || "3600"]
  const time = configuration.value("LF_SSHD_PERM") || "1"
  const block = blockFor(time, time === "1")
  const plain = /^[1-9]\d{0,7}$/
  if (!plain.test(count) || !plain.test(interval) || block === undefined) return undefined
  return {
    limit: `more than ${Math.max(1, Number(count) - 1)} in ${interval}s`,
    action: "block",
    "block-for": block,
  }
}

/** `LF_PERMBLOCK`, `LF_NETBLOCK`: what becomes of blocks that come again. */
export function readEscalation(findings: Findings, setting: Setting): Told {
  if (!findings.configuration.isOn(setting.name)) return off("blocks stay what they are")
  if (setting.name === "LF_NETBLOCK") {
    return {
      owner: "works",
      does: "lfd blocks a whole network when several of its addresses have been blocked",
      relation: "lost",
      why: "the guard blocks sources, of IPv6 their /64, and no IPv4 network by itself",
      protects: true,
      mistakes: [
        {
          id: "csf-not-carried",
          message: "LF_NETBLOCK is not carried over: no IPv4 network is blocked by itself",
          hint: "floodwall block 203.0.113.0/24 does it by hand",
        },
      ],
    }
  }
  return {
    owner: "works",
    does: "lfd blocks for good who is blocked again and again",
    relation: "looser",
    why: "the guard doubles the time of each block of one that comes back, up to seven days",
    protects: true,
    mistakes: [
      {
        id: "csf-needs-guard",
        message: "LF_PERMBLOCK is the guard's way by itself: nothing in the policy says it",
        hint: runGuard,
      },
    ],
  }
}
