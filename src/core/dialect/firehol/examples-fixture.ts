/** Configurations, each for one thing: their reports are held in the snapshot beside the tests. */
export const examples: Readonly<Record<string, string>> = {
  "a web server": `
version 6
interface eth0 wan
    policy drop
    protection strong 10/sec 10
    server "http https ssh" accept
    client all accept
`,
  "every packet type, in one list and in any case": `
interface eth0 wan
  protection "Fragments new-tcp-w/o-syn,MALFORMED-XMAS malformed-null malformed-bad invalid"
  server ssh accept`,
  "floods with and without limits": `
interface eth0 wan
  protection icmp-floods
  protection syn-floods 50/min
  protection all-floods 90/sec 40`,
  "clients' limits": `
ipv4 interface eth0 wan
  protection connlimit 10 mask 32
  protection connrate upto 60/minute burst 10 srcmask 24 htable-size 1024 htable-expire 60000`,
  "one client's limit beside everybody's": `
version 5
interface eth0 wan
  protection connlimit 100 mask 24 src not 1.2.3.4
  protection connlimit 200 src 1.2.3.4`,
  "reverse, of an interface and of a router": `
interface eth0 wan
  protection reverse strong
router lan2wan inface eth1 outface eth0
  protection reverse syn-floods 20/sec 20
  route all accept`,
  "one family of addresses": `
interface46 "eth0 eth1" wan
  ipv4 protection strong 20/sec 20
  ipv6 protection syn-floods 20/sec 20
  server4 ssh accept
interface6 eth2 six
  protection bad-packets
  server ssh accept`,
  "quotation marks forgotten": `
interface eth0 wan
  protection syn-floods malformed-xmas
  protection malformed-xmas malformed-null`,
  "types behind a group": `
interface eth0 wan
  protection "bad-packets syn-floods all-floods" 90/sec 40`,
  "connrate as the manual has it": `
interface eth0 wan
  protection connrate 60/minute
  server ssh accept`,
  "connrate twice": `
interface eth0 wan
  protection connrate upto 60/minute
  protection connrate upto 5/second`,
  "parameters that say who is limited": `
ipv4 interface eth0 wan
  protection connlimit 5 src 1.2.3.4
  protection connlimit 5 dport 22 proto tcp
  protection connlimit 5 mac 00:11:22:33:44:55
  protection connlimit 5 src ipset:bad
  protection connlimit 5 mask 24 log "hello"`,
  "an IPv4 address for both families": `
interface eth0 wan
  protection connlimit 5 src 1.2.3.4
  server ssh accept src 192.0.2.0/24`,
  "a mask for both families": `
interface eth0 wan
  protection connlimit 10 mask 24`,
  "behind the lines that accept": `
interface eth0 wan
  server "http icmp" accept
  protection strong
  server all accept
  protection all-floods 5/sec 5`,
  "policy accept": `
interface eth0 wan
  policy accept
  protection bad-packets
  server telnet drop`,
  "policy accept, and invalid packets by the line": `
FIREHOL_DROP_INVALID=0
interface eth0 wan
  policy accept
  protection invalid`,
  "arguments that are none": `
interface eth0 wan
  protection
  protection none
  protection bogus
  protection syn-flods
  protection syn-floods abc
  protection syn-floods 10/sec 5 src 1.2.3.4
  protection strong reverse
  protection connlimit
  protection connlimit above 10
  protection "syn-floods connlimit" 20 10
  protection syn-floods 20000/s
  protection connrate above 60/minute
  protection connlimit 10 daddr`,
  misspelt: `
protecton strong
interface eth0 wan
  protecton strong
  protection4 strong
  sever ssh accept
  server sssh accept`,
  outside: `
protection strong
server ssh accept`,
  names: `
interface eth0 a-name-of-more-than-24-letters
interface eth1 a-name-of-20-letters
  protection strong
router lan inface eth1 outface eth0
interface eth1 lan`,
  "a gateway": `
version 5
LAN="eth1"
WAN="eth0 ppp+"
blacklist full 203.0.113.0/24
interface "$LAN" lan
  policy accept
interface "$WAN" internet src not "10.0.0.0/8 192.168.0.0/16"
  protection strong
  server "ssh openvpn ping" accept
  server custom app "tcp/8000:8010 udp/9000" default accept
  client all accept
router internet2lan inface "$WAN" outface "$LAN"
  protection strong
  masquerade reverse
  client all accept
  route http accept dst 192.0.2.80`,
  "variables, loops and functions": `
IFS_="eth0 eth1"   # several words
rate="10/sec 10"
types='syn-floods,malformed-xmas'
protect() {
  protection "$1" \${2:-20/sec} \\
    30
}
for dev in $IFS_; do
  interface $dev net-$dev
    protection icmp-floods \${rate}
    protect "$types"
    server ssh accept
done
LIST=(eth2 eth3)
for dev in "\${LIST[@]}"
do
  interface "$dev" "\${dev}_zone"
    policy reject
done`,
  "what only running it would tell": `
interface "$(ip route get 1 | awk '{print $5}')" wan
  protection strong
interface eth1 lan
  if [ -f /etc/lan ]; then
    protection strong
  fi
  test -f x && protection syn-floods
  protection icmp-floods \`cat rate\`
  protection all-floods $unset_rate
  server ssh accept`,
  "conditions that the file itself decides": `
DHCP=1
PUBLIC_IP=""
TRUSTED="198.51.100.7"
test ! -z "$PUBLIC_IP" && to=(dst "$PUBLIC_IP")
if [ -z "$PUBLIC_IP" -a $DHCP -eq 1 ]; then kind=dynamic; else kind=static; fi
ipv4 interface eth0 "$kind" "\${to[@]}" \`test ! -z "$PUBLIC_IP" && echo "src not 10.0.0.0/8"\`
  protection strong $([ $DHCP = 1 ] && echo "10/sec 20")
  if [ ! -z "$TRUSTED" ]
  then
    server ssh accept src "$TRUSTED"
  elif [ $DHCP -gt 1 ]
  then
    server telnet accept
  else
    protection all-floods
  fi
  [ "$kind" = dynamic ] || server http accept
  [ "$kind" = dynamic ] && server https accept`,
  "a quotation mark without end": `
interface eth0 wan
  protection "strong
  server ssh accept`,
  groups: `
ipv4 interface eth0 wan
  group with src 203.0.113.0/24
    protection "syn-floods malformed-null"
    server http accept
  group end
  server ssh accept`,
  "services with limits of their own": `
interface eth0 wan
  server ssh accept with limit 10/minute 5
  server smtp accept with hashlimit mail upto 5/s burst 10 mode srcip
  server http accept with connlimit upto 20 mask 24
  server https accept with connlimit upto 50 saddr
  server imap accept with recent mail 60 2
  server pop3 accept with knock hidden
  server ftp accept with limit 1/hour
  server custom x tcp/99 any accept with limit 10/minute 5 overflow drop
  server telnet accept with connlimit above 5
  server nntp accept with recent news 60 1`,
  "whom services are for": `
ipv4 interface eth0 wan
  server ssh accept src "192.0.2.1 192.0.2.2"
  server snmp accept src not 198.51.100.7
  server http accept dst 192.0.2.80
  server https accept mark 5
  server "ESP samba" accept
  server all accept src 192.0.2.9
  server telnet drop`,
  "an interface for some sources": `
ipv4 interface eth1 lan src "10.0.0.0/8"
  protection bad-packets
  server ssh accept
ipv4 interface eth0 wan src not "\${UNROUTABLE_IPS}"
  server ssh accept`,
  "lists and traps": `
ipset4 create bad hash:ip
ipset4 add bad 203.0.113.66
blacklist4 full inface eth0 log "BAD" src ipset:bad except src 203.0.113.7
blacklist4 input "203.0.113.9 203.0.113.10-203.0.113.13" ipset:feed
iptrap4 trap src 3600 inface eth0 proto tcp dport "23 3389"
blacklist4 full inface eth0 src ipset:trap
blacklist4 stateful loglimit "LIST" 192.88.99.1 except src 203.0.113.8 or dst 192.0.2.1
blacklist 203.0.113.99
iptrap both src 3600 inface eth0 proto tcp dport 23
iptrap4 other src 3600 inface eth0 proto tcp dport 23
ipv4 interface eth0 wan
  server ssh accept`,
  "what is not ours": `
version 7
masquerade eth0
mac 192.0.2.1 00:11:22:33:44:55
tcpmss auto
synproxy input inface eth0 dst 192.0.2.1 dport 80 accept
iptables -A INPUT -s 203.0.113.9 -j DROP
iptables -t mangle -A POSTROUTING -j TTL --ttl-set 64
echo "hello"
source other.conf
interface eth0 wan
  protection strong`,
  "any device": `
interface eth1 lan
  policy accept
interface any world
  protection strong
  server ssh accept`,
  "an empty file": "# nothing\n",
}
