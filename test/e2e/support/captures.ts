import { encodePcap } from "../../../src/core/packet/pcap-writer.js"
import { parseScript } from "../../../src/core/packet/script.js"

/** 2026-01-02 03:04:05 UTC. */
export const start = Date.UTC(2026, 0, 2, 3, 4, 5) / 1000

/** A pcap file of packets that are written as a script; the first comes at `start`. */
export function captureOf(script: string): Uint8Array {
  const { packets, diagnostics } = parseScript(script, "script")
  if (diagnostics.length > 0) throw new Error(JSON.stringify(diagnostics))
  return encodePcap(packets, packets[0]!.linkType, start)
}

export const policy = `version: 1
interfaces: { wan: eth0 }
protect:
  wan:
    preset: default
    syn-floods: 10/second burst 5
    port-floods: { ssh: { limit: more than 2 in 60s, block-for: 10m } }
`

/** Ten packets: 5 accepted, 5 dropped, an attacker blocked, one ARP that reached no hook. */
export const story = `
192.0.2.10:40000 > 198.51.100.1:443 S mss 1460
203.0.113.66:1 > 198.51.100.1:443 none
+0.5 203.0.113.66:2001 > 198.51.100.1:22 S mss 1460
+0.5 203.0.113.66:2002 > 198.51.100.1:22 S mss 1460
+0.000001 203.0.113.66:2003 > 198.51.100.1:22 S mss 1460
+0.5 203.0.113.66:2004 > 198.51.100.1:80 S mss 1460
arp who-has 198.51.100.1 tell 192.0.2.10
+1 192.0.2.10 > 198.51.100.1 icmp echo-request id 7 seq 1
`
