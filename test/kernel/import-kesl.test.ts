import { expect } from "vitest"
import { importKesl } from "../../src/core/dialect/kesl/import.js"
import { onBothSides } from "./support/imported.js"
import { kernelTest } from "./support/kernel-test.js"

/**
 * What KESL has in the kernel, the chain kesl_bypass, and the policy that its settings are imported as. Its database's attacks are in no rule: with KESL all of this passes. The policy
 * stops what is malformed, a flood, and who tries decoy ports, but for what is bypassed.
 */
const firewall = "192.0.2.1"

const settings = `ActionOnDetect=Block
BlockAttackingHosts=Yes
BlockDurationMinutes=90
UseExcludeIPs=Yes
ExcludeIPs.item_0000=203.0.113.40
`

const bypass = "iptables -t mangle -I kesl_bypass -s 203.0.113.30 -m tcp -p tcp --dport http -j ACCEPT\n"

const script = [
  // Honest ones.
  `203.0.113.10:4000 > ${firewall}:80 S mss 1460`,
  `203.0.113.11:4000 > ${firewall}:53 udp len 30`,
  // Malformed, from anybody; then from who is bypassed, to the port that is and to another one.
  `203.0.113.20:4000 > ${firewall}:80 FPU`,
  `203.0.113.21:4000 > ${firewall}:80 SF`,
  `203.0.113.30:4000 > ${firewall}:80 FPU`,
  `203.0.113.30:4001 > ${firewall}:81 FPU`,
  // Decoy ports, twice, and then the web: kept out, but not who is excluded.
  ...[23, 2323, 80].map((port, index) => `203.0.113.22:${4000 + index} > ${firewall}:${port} S mss 1460`),
  ...[23, 2323, 80].map((port, index) => `203.0.113.40:${4000 + index} > ${firewall}:${port} S mss 1460`),
].join("\n")

for (const [name, text, ours] of [
  ["Block", settings + bypass, "..xx.x.xx.x."],
  ["Notify", settings.replace("=Block", "=Notify") + bypass, "............"],
] as const)
  kernelTest(`KESL's chain in the kernel, and the policy: ${name}`, ({ laboratory }) => {
    const read = () => ({ id: "unreadable-file", message: "none" }) as const
    const imported = importKesl([{ path: "ntp.ini", text }], { exact: false, read })
    expect(onBothSides(laboratory, imported, script)).toEqual({ owner: "............", ours })
  })
