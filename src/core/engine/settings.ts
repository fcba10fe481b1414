/**
 * What the kernel would have set, by the names of its sysctls (Documentation/networking/nf_conntrack-sysctl.rst, ip-sysctl.rst).
 * Times are in seconds there, and here too.
 */
export interface Settings {
  nf_conntrack_tcp_loose: number
  nf_conntrack_tcp_be_liberal: number
  nf_conntrack_tcp_ignore_invalid_rst: number
  nf_conntrack_tcp_max_retrans: number
  nf_conntrack_checksum: number
  nf_conntrack_max: number
  nf_conntrack_generic_timeout: number
  nf_conntrack_icmp_timeout: number
  nf_conntrack_icmpv6_timeout: number
  nf_conntrack_udp_timeout: number
  nf_conntrack_udp_timeout_stream: number
  nf_conntrack_gre_timeout: number
  nf_conntrack_gre_timeout_stream: number
  nf_conntrack_tcp_timeout_syn_sent: number
  nf_conntrack_tcp_timeout_syn_recv: number
  nf_conntrack_tcp_timeout_established: number
  nf_conntrack_tcp_timeout_fin_wait: number
  nf_conntrack_tcp_timeout_close_wait: number
  nf_conntrack_tcp_timeout_last_ack: number
  nf_conntrack_tcp_timeout_time_wait: number
  nf_conntrack_tcp_timeout_close: number
  nf_conntrack_tcp_timeout_max_retrans: number
  nf_conntrack_tcp_timeout_unacknowledged: number
  nf_conntrack_sctp_timeout_closed: number
  nf_conntrack_sctp_timeout_cookie_wait: number
  nf_conntrack_sctp_timeout_cookie_echoed: number
  nf_conntrack_sctp_timeout_established: number
  nf_conntrack_sctp_timeout_shutdown_sent: number
  nf_conntrack_sctp_timeout_shutdown_recd: number
  nf_conntrack_sctp_timeout_shutdown_ack_sent: number
  nf_conntrack_sctp_timeout_heartbeat_sent: number
  /** Bytes that waiting fragments may take, IPv4 and IPv6 each. */
  ipfrag_high_thresh: number
  nf_conntrack_frag6_high_thresh: number
  ipfrag_time: number
  nf_conntrack_frag6_timeout: number
}

/** Linux 6.18 on a host with 4 GiB or more; measured with sysctl in a namespace that nobody changed. */
export const defaultSettings: Readonly<Settings> = {
  nf_conntrack_tcp_loose: 1,
  nf_conntrack_tcp_be_liberal: 0,
  nf_conntrack_tcp_ignore_invalid_rst: 0,
  nf_conntrack_tcp_max_retrans: 3,
  nf_conntrack_checksum: 1,
  nf_conntrack_max: 262144,
  nf_conntrack_generic_timeout: 600,
  nf_conntrack_icmp_timeout: 30,
  nf_conntrack_icmpv6_timeout: 30,
  nf_conntrack_udp_timeout: 30,
  nf_conntrack_udp_timeout_stream: 120,
  nf_conntrack_gre_timeout: 30,
  nf_conntrack_gre_timeout_stream: 180,
  nf_conntrack_tcp_timeout_syn_sent: 120,
  nf_conntrack_tcp_timeout_syn_recv: 60,
  nf_conntrack_tcp_timeout_established: 432000,
  nf_conntrack_tcp_timeout_fin_wait: 120,
  nf_conntrack_tcp_timeout_close_wait: 60,
  nf_conntrack_tcp_timeout_last_ack: 30,
  nf_conntrack_tcp_timeout_time_wait: 120,
  nf_conntrack_tcp_timeout_close: 10,
  nf_conntrack_tcp_timeout_max_retrans: 300,
  nf_conntrack_tcp_timeout_unacknowledged: 300,
  nf_conntrack_sctp_timeout_closed: 10,
  nf_conntrack_sctp_timeout_cookie_wait: 3,
  nf_conntrack_sctp_timeout_cookie_echoed: 3,
  nf_conntrack_sctp_timeout_established: 210,
  nf_conntrack_sctp_timeout_shutdown_sent: 3,
  nf_conntrack_sctp_timeout_shutdown_recd: 3,
  nf_conntrack_sctp_timeout_shutdown_ack_sent: 3,
  nf_conntrack_sctp_timeout_heartbeat_sent: 30,
  ipfrag_high_thresh: 4194304,
  nf_conntrack_frag6_high_thresh: 4194304,
  ipfrag_time: 30,
  nf_conntrack_frag6_timeout: 60,
}

export const NANOSECONDS = 1e9

export type SettingName = keyof Settings

/** The setting's name without its path (`net.netfilter.nf_conntrack_tcp_loose` is `nf_conntrack_tcp_loose`), or undefined: there is none. */
export function settingName(name: string): SettingName | undefined {
  const last = name.split(/[./]/).at(-1) ?? ""
  return Object.hasOwn(defaultSettings, last) ? (last as SettingName) : undefined
}
