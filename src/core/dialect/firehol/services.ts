import type { Variables } from "./expand.js"

/** What a service of FireHOL's is: ports that may be opened, everything, what is open anyhow, or what no list of ports can say. */
export type Service =
  | { readonly service: "ports"; readonly ports: readonly string[] }
  | { readonly service: "everything" }
  /** Pings and ICMP, which `open` never closes. */
  | { readonly service: "icmp" }
  | { readonly service: "other"; readonly why: string }

/** Services by FireHOL's names: what its servers listen on (firehol-services(5)), in the policy's words. */
const table = `
amanda 10080/udp
aptproxy 9999/tcp
apcupsd 6544/tcp
apcupsdnis 3551/tcp
asterisk 5038/tcp
cups 631/tcp 631/udp
cvspserver 2401/tcp
darkstat 666/tcp
daytime 13/tcp
dcc 6277/udp
dcpp 1412/tcp 1412/udp
dhcp 67/udp
dhcprelay 67/udp
dhcpv6 546-547/udp
dict 2628/tcp
distcc 3632/tcp
dns 53/udp 53/tcp
echo 7/tcp
emule 4661-4662/tcp 4665/udp 4672/udp
eserver 4661/tcp 4661/udp 4665/udp
finger 79/tcp
ftp 21/tcp
gift 4302/tcp 1214/tcp 2182/tcp 2472/tcp
giftui 1213/tcp
gkrellmd 19150/tcp
h323 1720/udp 1720/tcp
heartbeat 690-699/udp
http 80/tcp
https 443/tcp
httpalt 8080/tcp
hylafax 4559/tcp
iax 5036/udp
iax2 5469/udp 4569/udp
icp 3130/udp
ident 113/tcp
imap 143/tcp
imaps 993/tcp
ipsecnatt 4500/udp
irc 6667/tcp
isakmp 500/udp
jabber 5222-5223/tcp
jabberd 5222-5223/tcp 5269/tcp
l2tp 1701/udp
ldap 389/tcp
ldaps 636/tcp
lpd 515/tcp
microsoft_ds 445/tcp
mms 1755/tcp 1755/udp
ms_ds 445/tcp
msnp 6891/tcp
msn 1863/tcp 1863/udp
mysql 3306/tcp
netbackup 13701/tcp 13711/tcp 13720-13721/tcp 13724/tcp 13782-13783/tcp
netbios_ns 137/udp
netbios_dgm 138/udp
netbios_ssn 139/tcp
nntp 119/tcp
nntps 563/tcp
nrpe 5666/tcp
ntp 123/udp 123/tcp
nut 3493/tcp 3493/udp
nxserver 5000-5200/tcp
openvpn 1194/tcp 1194/udp
oracle 1521/tcp
pop3 110/tcp
pop3s 995/tcp
portmap 111/udp 111/tcp
postgres 5432/tcp
pptp 1723/tcp
privoxy 8118/tcp
radius 1812-1813/udp
radiusproxy 1814/udp
radiusold 1645-1646/udp
radiusoldproxy 1647/udp
rdp 3389/tcp
rndc 953/tcp
rsync 873/tcp 873/udp
rtp 10000-20000/udp
samba 137-138/udp 139/tcp 445/tcp
sane 6566/tcp
sip 5060/tcp 5060/udp
smtp 25/tcp
smtps 465/tcp
snmp 161/udp
snmptrap 162/udp
socks 1080/tcp 1080/udp
squid 3128/tcp
ssh 22/tcp
stun 3478-3479/udp
submission 587/tcp
sunrpc 111/udp 111/tcp
swat 901/tcp
syslog 514/udp
telnet 23/tcp
tftp 69/udp
time 37/tcp 37/udp
tomcat 8080/tcp
traceroute 33434-33523/udp
upnp 1900/udp 2869/tcp
uucp 540/tcp
vmware 902/tcp
vmwareauth 903/tcp
vmwareweb 8222/tcp 8333/tcp
vnc 5900-5903/tcp
webcache 8080/tcp
webmin 10000/tcp
whois 43/tcp
xdmcp 177/udp
`

const ports: ReadonlyMap<string, readonly string[]> = new Map(
  table
    .trim()
    .split("\n")
    .map((line) => {
      const [name, ...words] = line.split(" ")
      return [name!, words]
    }),
)

const everything = new Set(["all", "any", "anystateless"])
const icmp = new Set([
  "icmp",
  "icmpv6",
  "ping",
  "timestamp",
  "ipv6error",
  "ipv6neigh",
  "ipv6router",
  "ipv6mld",
])

const others: ReadonlyMap<string, string> = new Map([
  ["ah", "IP protocol 51"],
  ["esp", "IP protocol 50"],
  ["gre", "IP protocol 47"],
  ["ospf", "IP protocol 89"],
  ["multicast", "multicast groups"],
  ["nfs", "ports that rpcbind gives out anew"],
  ["nis", "ports that rpcbind gives out anew"],
])

export const serviceNames: readonly string[] = [...ports.keys(), ...everything, ...icmp, ...others.keys()]

/** The service of a name; the configuration may define its own (`server_NAME_ports="tcp/1234 udp/5:9"`). Undefined: FireHOL does not know it either. */
export function findService(name: string, variables: Variables): Service | undefined {
  const own = variables.get(`server_${name}_ports`)
  if (own) {
    if (own.unknown !== undefined)
      return { service: "other", why: "ports that only running the file would tell" }
    return readPorts(own.texts.join(" "))
  }
  const word = name.toLowerCase()
  if (everything.has(word)) return { service: "everything" }
  if (icmp.has(word)) return { service: "icmp" }
  const other = others.get(word)
  if (other !== undefined) return { service: "other", why: other }
  const known = ports.get(word)
  return known && { service: "ports", ports: known }
}

/** FireHOL's way to write ports, `tcp/80 udp/5000:5010`, lists with commas or blanks. */
export function readPorts(text: string): Service {
  const found: string[] = []
  for (const word of text.split(/[\s,]+/).filter((each) => each !== "")) {
    const parts = /^(\w+)\/(\w+)(?:[:-](\d+))?$/.exec(word)
    if (!parts) return { service: "other", why: `"${word}", which is not a protocol and a port` }
    const protocol = parts[1]!.toLowerCase()
    if (protocol === "any" && parts[2] === "any") return { service: "everything" }
    if (protocol === "icmp" || protocol === "icmpv6") {
      if (/\s|,/.test(text.trim())) continue
      return { service: "icmp" }
    }
    if (protocol !== "tcp" && protocol !== "udp") return { service: "other", why: `IP protocol ${parts[1]}` }
    const range = portRange(parts[2]!, parts[3])
    if (range === undefined) return { service: "other", why: `"${word}", which is not a protocol and a port` }
    found.push(`${range}/${protocol}`)
  }
  return found.length > 0 ? { service: "ports", ports: found } : { service: "other", why: "no ports" }
}

/** `80`, `5000:5010`, `any` or a service's name as the policy's range. */
export function portRange(from: string, to?: string): string | undefined {
  if (from.toLowerCase() === "any") return "1-65535"
  const first = /^\d+$/.test(from) ? Number(from) : Number(ports.get(from.toLowerCase())?.[0]?.split("/")[0])
  const last = to === undefined ? first : Number(to)
  if (!(first >= 0 && first <= last && last <= 65535) || last === 0) return undefined
  return first === last ? `${first}` : `${Math.max(1, first)}-${last}`
}
