/** https://www.iana.org/assignments/ieee-802-numbers */
export const ETHERTYPE_IPV4 = 0x0800
export const ETHERTYPE_ARP = 0x0806
export const ETHERTYPE_RARP = 0x8035
export const ETHERTYPE_VLAN = 0x8100
export const ETHERTYPE_IPV6 = 0x86dd
/** 802.1ad service tag (QinQ), and the number that was used for it before the standard. */
export const ETHERTYPE_SERVICE_VLAN = 0x88a8
export const ETHERTYPE_OLD_SERVICE_VLAN = 0x9100
