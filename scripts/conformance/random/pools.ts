/**
 * What random rules ask for and random packets carry. Both draw from the same few values, so that rules match often.
 */
export interface Pools {
  readonly ports: readonly number[]
  /** Hosts on the laboratory's outside, in no order. */
  readonly outside: Readonly<Record<4 | 6, readonly string[]>>
  readonly inside: Readonly<Record<4 | 6, readonly string[]>>
  readonly firewall: Readonly<Record<4 | 6, readonly string[]>>
}

export const usualPools: Pools = {
  ports: [22, 53, 80, 443, 1000, 3389, 8080, 40000],
  outside: {
    4: ["203.0.113.1", "203.0.113.2", "203.0.113.9", "203.0.113.200", "198.18.0.1", "198.18.7.9"],
    6: ["2001:db8:9::1", "2001:db8:9::2", "2001:db8:9:1::1", "2001:db8:1000::1", "2001:db8:8000::7"],
  },
  inside: {
    4: ["198.51.100.80", "198.51.100.81", "198.51.100.2"],
    6: ["2001:db8:2::80", "2001:db8:2::81"],
  },
  firewall: { 4: ["192.0.2.1", "198.51.100.1"], 6: ["2001:db8:1::1", "2001:db8:2::1"] },
}

/** Networks around them; none lies in another. */
export const networks: Readonly<Record<4 | 6, readonly (readonly [address: string, length: number])[]>> = {
  4: [
    ["203.0.113.0", 25],
    ["203.0.113.128", 25],
    ["198.18.0.0", 22],
    ["198.51.100.0", 24],
    ["192.0.2.0", 24],
    ["10.0.0.0", 8],
  ],
  6: [
    ["2001:db8:9::", 64],
    ["2001:db8:1000::", 36],
    ["2001:db8:8000::", 34],
    ["2001:db8:2::", 64],
    ["2001:db8:1::", 48],
  ],
}

export const devices = ["wan0", "lan0"] as const
