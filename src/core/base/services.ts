export type TransportName = "tcp" | "udp"

export interface Service {
  readonly port: number
  readonly protocols: readonly TransportName[]
}

/**
 * Well-known services by their IANA names (and the names that people use), the common name of a port first.
 * Numbers from the IANA registry of service names and port numbers, and for young services from their projects' documentation.
 */
const table = `
tcpmux 1/tcp
echo 7/tcp,udp
discard 9/tcp,udp
systat 11/tcp
daytime 13/tcp,udp
netstat 15/tcp
qotd 17/tcp,udp
chargen 19/tcp,udp
ftp-data 20/tcp
ftp 21/tcp
ssh 22/tcp
telnet 23/tcp
smtp 25/tcp
time 37/tcp,udp
whois 43/tcp
tacacs 49/tcp,udp
dns 53/tcp,udp
domain 53/tcp,udp
dhcp-server 67/udp
bootps 67/udp
dhcp-client 68/udp
bootpc 68/udp
tftp 69/udp
gopher 70/tcp
finger 79/tcp
http 80/tcp
www 80/tcp
kerberos 88/tcp,udp
pop2 109/tcp
pop3 110/tcp
sunrpc 111/tcp,udp
portmapper 111/tcp,udp
ident 113/tcp
auth 113/tcp
nntp 119/tcp
ntp 123/udp
epmap 135/tcp,udp
msrpc 135/tcp,udp
netbios-ns 137/udp
netbios-dgm 138/udp
netbios-ssn 139/tcp
imap 143/tcp
imap2 143/tcp
snmp 161/udp
snmp-trap 162/udp
xdmcp 177/udp
bgp 179/tcp
irc 194/tcp
smux 199/tcp
ldap 389/tcp,udp
https 443/tcp
quic 443/udp
http3 443/udp
smb 445/tcp
microsoft-ds 445/tcp
kpasswd 464/tcp,udp
submissions 465/tcp
smtps 465/tcp
isakmp 500/udp
ike 500/udp
rexec 512/tcp
rlogin 513/tcp
who 513/udp
rsh 514/tcp
syslog 514/udp
printer 515/tcp
lpd 515/tcp
talk 517/udp
rip 520/udp
ripng 521/udp
uucp 540/tcp
dhcpv6-client 546/udp
dhcpv6-server 547/udp
rtsp 554/tcp,udp
nntps 563/tcp
submission 587/tcp
ipp 631/tcp
ldaps 636/tcp
ldp 646/tcp,udp
kerberos-adm 749/tcp
dns-over-tls 853/tcp
domain-s 853/tcp
dns-over-quic 853/udp
rsync 873/tcp
ftps-data 989/tcp
ftps 990/tcp
telnets 992/tcp
imaps 993/tcp
pop3s 995/tcp
socks 1080/tcp
openvpn 1194/tcp,udp
mssql 1433/tcp
ms-sql-s 1433/tcp
ms-sql-m 1434/udp
oracle 1521/tcp
l2tp 1701/udp
h323 1720/tcp
pptp 1723/tcp
radius 1812/udp
radius-acct 1813/udp
mqtt 1883/tcp
ssdp 1900/udp
cisco-sccp 2000/tcp
nfs 2049/tcp,udp
zookeeper 2181/tcp
docker 2375/tcp
docker-tls 2376/tcp
etcd-client 2379/tcp
etcd-server 2380/tcp
squid 3128/tcp
icap 1344/tcp
iscsi 3260/tcp
mysql 3306/tcp
rdp 3389/tcp,udp
ms-wbt-server 3389/tcp,udp
stun 3478/tcp,udp
turn 3478/tcp,udp
svn 3690/tcp
epmd 4369/tcp
ipsec-nat-t 4500/udp
upnp 5000/tcp
sip 5060/tcp,udp
sips 5061/tcp
xmpp-client 5222/tcp
xmpp-server 5269/tcp
mdns 5353/udp
llmnr 5355/tcp,udp
postgresql 5432/tcp
postgres 5432/tcp
amqps 5671/tcp
amqp 5672/tcp
coap 5683/udp
vnc 5900/tcp
couchdb 5984/tcp
x11 6000/tcp
redis 6379/tcp
ircd 6667/tcp
ircs 6697/tcp
bittorrent 6881/tcp,udp
http-alt 8080/tcp
webcache 8080/tcp
mqtts 8883/tcp
https-alt 8443/tcp
prometheus 9090/tcp
cassandra 9042/tcp
kafka 9092/tcp
elasticsearch 9200/tcp
git 9418/tcp
zabbix-agent 10050/tcp
zabbix-trapper 10051/tcp
webmin 10000/tcp
memcached 11211/tcp,udp
mongodb 27017/tcp
wireguard 51820/udp
`

export const services: ReadonlyMap<string, Service> = new Map(
  table
    .trim()
    .split("\n")
    .map((line) => {
      const [name, port, protocols] = line.split(/[ /]/)
      return [name!, { port: Number(port), protocols: protocols!.split(",") as TransportName[] }]
    }),
)
