/** What `-j` names without a chain or a target of that name. */
export const verdicts: Readonly<Record<string, "accept" | "drop" | "return">> = {
  ACCEPT: "accept",
  DROP: "drop",
  RETURN: "return",
}

/** Targets of xtables-addons and of distributions' kernels: they are there for some, and for iptables alone they are no targets. */
export const foreignTargets = new Set([
  "ACCOUNT",
  "ASN",
  "CHAOS",
  "CLUSTERIP",
  "DELUDE",
  "DHCPMAC",
  "DNETMAP",
  "ECHO",
  "FULLCONENAT",
  "IPMARK",
  "IMQ",
  "LOGMARK",
  "MIRROR",
  "NDPI",
  "PROTO",
  "ROUTE",
  "SYSRQ",
  "TARPIT",
  "ULOG",
  "WEBSTR",
])

/** Matches of the same: a name that is nearly one of iptables' own is theirs only if it stands here. */
export const foreignMatches: ReadonlySet<string> = new Set([
  "account",
  "asn",
  "condition",
  "dnetmap",
  "fuzzy",
  "geoip",
  "gradm",
  "iface",
  "ipp2p",
  "ipv4options",
  "layer7",
  "length2",
  "lscan",
  "ndpi",
  "pknock",
  "psd",
  "quota2",
  "random",
  "time2",
  "tls",
])
