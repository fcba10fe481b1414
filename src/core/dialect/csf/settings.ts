import {
  readDevice,
  readDevice6,
  readIpv6,
  readLost,
  readPart,
  readStateful,
  readTarget,
  readTesting,
} from "./basics.js"
import type { Setting } from "./conf.js"
import { readConnectionLimits } from "./connection-limits.js"
import {
  isLoginSetting,
  readConnectionTracking,
  readEscalation,
  readLogins,
  readPortScan,
} from "./detection.js"
import type { Findings, Told } from "./findings.js"
import {
  readIcmpIn,
  readIcmpInRate,
  readIcmpOut,
  readIcmpOutRate,
  readSynFlood,
  readTimestampDrop,
  readUdpFlood,
} from "./floods.js"
import { readOpenPorts, readOutgoingPorts } from "./open-ports.js"
import { readPacketFilter } from "./packet-filter.js"
import { readPortFloods } from "./port-floods.js"

/** Reads a setting. Null: it is a list, and its items were told one by one. */
export type SettingReader = (findings: Findings, setting: Setting) => Told | null

const readers: Readonly<Record<string, SettingReader>> = {
  TESTING: readTesting,
  TESTING_INTERVAL: readPart("TESTING"),
  ETH_DEVICE: readDevice,
  ETH6_DEVICE: readDevice6,
  IPV6: readIpv6,
  IPV6_SPI: readPart("IPV6"),
  LF_SPI: readStateful,
  DROP: readTarget,
  DROP_OUT: readTarget,
  TCP_IN: readOpenPorts,
  UDP_IN: readOpenPorts,
  TCP6_IN: readOpenPorts,
  UDP6_IN: readOpenPorts,
  TCP_OUT: readOutgoingPorts,
  UDP_OUT: readOutgoingPorts,
  TCP6_OUT: readOutgoingPorts,
  UDP6_OUT: readOutgoingPorts,
  ICMP_IN: readIcmpIn,
  ICMP_IN_RATE: readIcmpInRate,
  ICMP_OUT: readIcmpOut,
  ICMP_OUT_RATE: readIcmpOutRate,
  ICMP_TIMESTAMPDROP: readTimestampDrop,
  PACKET_FILTER: readPacketFilter,
  SYNFLOOD: readSynFlood,
  SYNFLOOD_RATE: readPart("SYNFLOOD"),
  SYNFLOOD_BURST: readPart("SYNFLOOD"),
  UDPFLOOD: readUdpFlood,
  UDPFLOOD_LIMIT: readPart("UDPFLOOD"),
  UDPFLOOD_BURST: readPart("UDPFLOOD"),
  UDPFLOOD_ALLOWUSER: readPart("UDPFLOOD"),
  UDPFLOOD_LOGGING: readPart("UDPFLOOD"),
  PORTFLOOD: readPortFloods,
  CONNLIMIT: readConnectionLimits,
  CONNLIMIT_LOGGING: readPart("CONNLIMIT"),
  PS_INTERVAL: readPortScan,
  CT_LIMIT: readConnectionTracking,
  LF_PERMBLOCK: readEscalation,
  LF_NETBLOCK: readEscalation,
  SMTP_BLOCK: readLost("only mail programs may send mail to other hosts"),
  PORTKNOCKING: readLost("ports open to who knocks"),
  CC_DENY: readLost(
    "whole countries or networks are dropped",
    "blocklist: [lists/country.txt], fetched by cron",
  ),
  CC_ALLOW_FILTER: readLost("only some countries are let in"),
  CC_ALLOW_PORTS: readLost("some ports are open to some countries only"),
  CC_DENY_PORTS: readLost("some ports are closed to some countries"),
  GLOBAL_DENY: readLost("a list from elsewhere is dropped", "blocklist: [lists/global.txt], fetched by cron"),
}

/** What tells, limits lists, looks after CSF itself, or belongs to a panel: nothing that packets are judged by. */
const besides =
  /^(?:AUTO_UPDATES|AT_|BLOCK_REPORT|CC_|CF_|CLUSTER|CT_|DEBUG|DENY_|DNS_STRICT|DOCKER|DROP_|DYNDNS|ETH_DEVICE_SKIP|FASTSTART|GEO|GLOBAL_|GUNZIP|HOST|HTACCESS_LOG|ICMP|IFCONFIG|IO|IP$|IP6?TABLES|IPSET|IPV6_|LF_|LOG|LT_|LS|MESSENGER|MODPROBE|MODSEC|NETSTAT|OLD_|PS$|PS_|PT_|RBL|RECAPTCHA|RESTRICT|RT_|SAFECHAIN|SENDMAIL|SMTP|SSHD_LOG|ST_|STATS|SU_|SUDO|SUHOSIN|SYSLOG|SYSTEMCTL|TAR|UI|UID_|UID|UNZIP|URL|USE|VPS|WAITLOCK|WATCH|WEBMIN|WGET|X_ARF|CURL|ZGREP|GREP|CAT|TAIL|UNAME|[A-Z]+_LOG$|CUSTOM\d_LOG$)/

const parts: readonly (readonly [pattern: RegExp, of: string])[] = [
  [/^PS_(?!INTERVAL)/, "PS_INTERVAL"],
  [/^CT_(?!LIMIT$)/, "CT_LIMIT"],
  [/^LF_(?:SSHD_PERM|INTERVAL)$/, "LF_SSHD"],
  [/^LF_PERMBLOCK_/, "LF_PERMBLOCK"],
  [/^LF_NETBLOCK_/, "LF_NETBLOCK"],
]

export function readSetting(findings: Findings, setting: Setting): Told | null {
  const { name } = setting
  if (isLoginSetting(name)) return readLogins(findings, setting)
  const part = parts.find(([pattern]) => pattern.test(name))
  const reader = Object.hasOwn(readers, name) ? readers[name] : part && readPart(part[1])
  if (reader) return reader(findings, setting)
  if (besides.test(name)) {
    return {
      owner: "works",
      does: "it is about CSF and lfd themselves, and judges no packets",
      relation: "not-ours",
      protects: false,
    }
  }
  return {
    owner: "nothing",
    does: "it is no setting of CSF's that is known here",
    relation: "not-ours",
    protects: false,
    mistakes: [{ id: "csf-unknown-setting", message: `"${name}" is no setting of CSF's that is known here` }],
  }
}
