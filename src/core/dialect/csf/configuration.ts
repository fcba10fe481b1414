import type { Setting } from "./conf.js"

/** What csf takes where its configuration says nothing (csf.generic.conf of CSF 15.00). */
const defaults: Readonly<Record<string, string>> = {
  LF_SPI: "1",
  IPV6: "0",
  IPV6_SPI: "1",
  PACKET_FILTER: "0",
  DROP: "DROP",
  DROP_OUT: "REJECT",
  ETH_DEVICE: "",
  SYNFLOOD: "0",
  SYNFLOOD_RATE: "100/s",
  SYNFLOOD_BURST: "150",
  UDPFLOOD: "0",
  ICMP_IN: "1",
  ICMP_IN_RATE: "0",
  ICMP_OUT: "1",
  ICMP_OUT_RATE: "0",
  ICMP_TIMESTAMPDROP: "0",
  PS_INTERVAL: "0",
  PS_LIMIT: "10",
  PS_BLOCK_TIME: "3600",
  PS_PERMANENT: "0",
  CT_LIMIT: "0",
  CT_INTERVAL: "30",
  CT_BLOCK_TIME: "1800",
  CT_PERMANENT: "0",
  CT_PORTS: "",
  CT_STATES: "",
  CONNLIMIT: "",
  LF_BLOCKINONLY: "0",
}

/** The settings by their names. What the file does not say has csf's default, but for protections: those that it does not name are off. */
export class Configuration {
  private readonly byName = new Map<string, Setting>()

  constructor(settings: readonly Setting[]) {
    for (const setting of settings) {
      if (setting.refusal === undefined) this.byName.set(setting.name, setting)
    }
  }

  get(name: string): Setting | undefined {
    return this.byName.get(name)
  }

  has(name: string): boolean {
    return this.byName.has(name)
  }

  value(name: string): string {
    return this.byName.get(name)?.value.trim() ?? defaults[name] ?? ""
  }

  /** As Perl takes it: nothing and 0 are off. */
  isOn(name: string): boolean {
    const value = this.value(name)
    return value !== "" && value !== "0"
  }

  /** Whether the file says which ports are open, so that all others are closed. */
  get closes(): boolean {
    return this.has("TCP_IN") || this.has("UDP_IN")
  }

  /** Whether iptables knows what DROP says; if not, every rule that names it is missing, and PORTFLOOD's chain is empty. */
  get hasTarget(): boolean {
    return ["DROP", "REJECT", "TARPIT"].includes(this.value("DROP"))
  }

  get filtersIpv6(): boolean {
    return this.isOn("IPV6")
  }
}
