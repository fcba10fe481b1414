import type { Setting } from "./conf.js"
import { type Findings, off, type Told, zone } from "./findings.js"

export function readDevice(findings: Findings, setting: Setting): Told {
  const device = setting.value.trim()
  if (device === "") {
    return {
      owner: "works",
      does: "CSF filters every device but loopback",
      becomes: [`interfaces.${zone}: auto`],
      relation: "looser",
      why: "the zone is the default route's device; others are not touched until you name them",
      protects: true,
      mistakes: [
        {
          id: "csf-other-devices",
          message: "CSF filters all devices, the policy the default route's only",
          hint: `interfaces: { ${zone}: [eth0, eth1] } names more`,
        },
      ],
    }
  }
  const name = device.replace(/\+$/, "*")
  if (!/^[\w.@-]{1,15}\*?$/.test(name) || name === "*") {
    return {
      owner: "nothing",
      does: `"${device}" is no device, so no rule matches`,
      becomes: [`interfaces.${zone}: auto`],
      relation: "stricter",
      why: "the zone is the default route's device",
      protects: false,
      mistakes: [
        { id: "csf-bad-value", message: `"${device}" is not the name of a device`, hint: "eth0, or eth+" },
      ],
    }
  }
  findings.device = name
  return {
    owner: "works",
    does: `CSF filters what comes in by ${device}`,
    becomes: [`interfaces.${zone}: ${name}`],
    relation: "same",
    protects: true,
  }
}

/** CSF takes its IPv6 device from here, and has PORTFLOOD's rules of IPv6 on ETH_DEVICE all the same. */
export function readDevice6(findings: Findings, setting: Setting): Told {
  const device = setting.value.trim()
  if (device === "" || device === findings.configuration.value("ETH_DEVICE"))
    return off("IPv6 comes in by the same device")
  return {
    owner: "partly",
    does: `IPv6 is filtered on ${device}, but PORTFLOOD's rules of IPv6 ask for ETH_DEVICE`,
    relation: "lost",
    why: "a zone has the same devices for both IP versions",
    protects: true,
    mistakes: [
      {
        id: "csf-not-carried",
        message: `ETH6_DEVICE names another device than ETH_DEVICE`,
        hint: `interfaces: { ${zone}: [eth0, ${device}] } protects both`,
      },
    ],
  }
}

export function readIpv6(findings: Findings): Told {
  const { configuration, exact, bypass } = findings
  if (configuration.filtersIpv6) {
    return {
      owner: "works",
      does: "CSF filters IPv6 as well, with lists of ports of its own",
      relation: "same",
      protects: false,
    }
  }
  const lines = [`in on ${zone} from ::/0`, `out on ${zone} from ::/0`]
  if (exact) bypass.push(...lines)
  return {
    owner: "works",
    does: "CSF leaves IPv6 alone: every port of this host that has an IPv6 address is open",
    becomes: exact ? lines.map((line) => `bypass: ${line}`) : [],
    ...(exact
      ? { relation: "same" }
      : {
          relation: "stricter",
          why: "the policy is for both IP versions; what is closed for IPv4 is closed for IPv6",
        }),
    protects: false,
    mistakes: [
      {
        id: "csf-ipv6-open",
        message: 'IPV6 = "0" leaves IPv6 without any filter',
        hint: "after a change from 1 to 0 CSF's old rules of IPv6 stay in the kernel: ip6tables -S shows them",
      },
    ],
  }
}

export function readStateful(findings: Findings): Told {
  if (findings.configuration.isOn("LF_SPI")) {
    return {
      owner: "works",
      does: "CSF goes by connection tracking",
      relation: "same",
      protects: false,
    }
  }
  return {
    owner: "partly",
    does: "CSF does without connection tracking: PORTFLOOD counts every packet, so that open sessions stall, and PACKET_FILTER is off",
    relation: "stricter",
    why: "a policy goes by connection tracking: limits count new connections, and answers come in by themselves",
    protects: false,
    mistakes: [
      {
        id: "csf-without-tracking",
        message: 'LF_SPI = "0" makes PORTFLOOD count packets of open connections, which stall',
      },
    ],
  }
}

const targets: Readonly<Record<string, string>> = {
  DROP: "dropped without a word",
  REJECT: "answered with an error",
  TARPIT: "held in a tarpit",
}

export function readTarget(findings: Findings, setting: Setting): Told {
  const target = findings.configuration.value(setting.name)
  const words = targets[target]
  if (words === undefined) {
    return {
      owner: "nothing",
      does: `iptables has no target "${target}", and refuses every rule that names it`,
      relation: "stricter",
      why: "what is not let in is dropped",
      protects: false,
      mistakes: [{ id: "csf-bad-value", message: `"${target}" is not one of DROP, REJECT and TARPIT` }],
    }
  }
  if (setting.name === "DROP_OUT") {
    return {
      owner: "works",
      does: `what may not leave is ${words}`,
      relation: "not-ours",
      why: "a policy closes no port on the way out",
      protects: false,
    }
  }
  return {
    owner: "works",
    does: `what is not let in is ${words}`,
    ...(target === "DROP"
      ? { relation: "same" }
      : { relation: "stricter", why: "Floodwall drops without a word" }),
    protects: false,
  }
}

export function readTesting(findings: Findings): Told {
  const { configuration } = findings
  if (!configuration.isOn("TESTING")) return off("CSF is in earnest: its rules stay")
  const minutes = configuration.value("TESTING_INTERVAL") || "5"
  return {
    owner: "partly",
    does: `a line in /etc/crontab clears the firewall every ${minutes} minutes, lfd does not start, and csf -d writes files only`,
    relation: "not-ours",
    why: "apply has a trial of its own: its rules go by themselves unless they are confirmed",
    protects: false,
    mistakes: [
      {
        id: "csf-testing",
        message: `TESTING is on: CSF takes its firewall down every ${minutes} minutes`,
        hint: "what the report says of the other lines holds between two of these",
      },
    ],
  }
}

/** A line that says more about another one. */
export function readPart(of: string) {
  return (findings: Findings): Told => {
    const isOn = findings.configuration.isOn(of)
    return {
      owner: isOn ? "works" : "nothing",
      does: isOn ? `it is a part of ${of}` : `${of} is off`,
      relation: "same",
      protects: false,
    }
  }
}

/** What keeps something out that a policy of this version has no word for. */
export function readLost(what: string, hint?: string) {
  return (findings: Findings, setting: Setting): Told => {
    if (!findings.configuration.isOn(setting.name)) return off("it is off")
    return {
      owner: "works",
      does: what,
      relation: "lost",
      why: "a policy has no word for it",
      protects: true,
      mistakes: [
        {
          id: "csf-not-carried",
          message: `${setting.name} is not carried over: ${what}`,
          ...(hint !== undefined && { hint }),
        },
      ],
    }
  }
}
