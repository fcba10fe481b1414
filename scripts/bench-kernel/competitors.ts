/** Rule sets to compare with, as `iptables-restore` reads them, on the device that faces the outside. Written from what the tools emit. */

/** Eclipse Kura 5: its flooding protection, rule by rule, in mangle PREROUTING. */
export const kura = `*mangle
:kura - [0:0]
-A PREROUTING -j kura
-A kura -m conntrack --ctstate INVALID -j DROP
-A kura -p tcp ! --syn -m conntrack --ctstate NEW -j DROP
-A kura -p tcp -m conntrack --ctstate NEW -m tcpmss ! --mss 536:65535 -j DROP
${[
  "FIN,SYN FIN,SYN",
  "SYN,RST SYN,RST",
  "FIN,RST FIN,RST",
  "FIN,ACK FIN",
  "ACK,URG URG",
  "ACK,FIN FIN",
  "ACK,PSH PSH",
  "ALL ALL",
  "ALL NONE",
  "ALL FIN,PSH,URG",
  "ALL SYN,FIN,PSH,URG",
  "ALL SYN,RST,ACK,FIN,URG",
]
  .map((flags) => `-A kura -p tcp --tcp-flags ${flags} -j DROP`)
  .join("\n")}
-A kura -p icmp -j DROP
-A kura -f -j DROP
COMMIT
`

const judge = (name: string, log: string, before = "") =>
  `${before}-A ${name} -m limit --limit 1/second --limit-burst 5 -j NFLOG --nflog-prefix "${log}"\n-A ${name} -j DROP\n`

/** What FireHOL's \`protection strong\` comes to for a router: its limiters count all sources together. */
export const fireholLike = (device: string) => `*filter
:in - [0:0]
:nosyn - [0:0]
:icmp - [0:0]
:synflood - [0:0]
:xmas - [0:0]
:null - [0:0]
:bad - [0:0]
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -i ${device} -j in
-A in -p icmp -m conntrack --ctstate RELATED -j ACCEPT
-A in -p tcp -m conntrack --ctstate NEW ! --syn -j nosyn
-A in -p icmp --icmp-type echo-request -j icmp
-A in -p tcp --syn -j synflood
-A in -p tcp --tcp-flags ALL ALL -j xmas
-A in -p tcp --tcp-flags ALL NONE -j null
-A in -p tcp --tcp-flags SYN,FIN SYN,FIN -j bad
-A in -p tcp --tcp-flags SYN,RST SYN,RST -j bad
-A in -p tcp --tcp-flags ALL SYN,RST,ACK,FIN,URG -j bad
-A in -p tcp --tcp-flags ALL FIN,URG,PSH -j bad
-A in -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
${judge("nosyn", "NEW TCP w/o SYN")}${judge("icmp", "ICMP FLOOD", "-A icmp -m limit --limit 100/second --limit-burst 50 -j RETURN\n")}${judge("synflood", "SYN FLOOD", "-A synflood -m limit --limit 100/second --limit-burst 50 -j RETURN\n")}${judge("xmas", "MALFORMED XMAS")}${judge("null", "MALFORMED NULL")}${judge("bad", "MALFORMED BAD")}COMMIT
`
