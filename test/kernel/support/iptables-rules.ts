/** Rules for one chain: what iptables makes of each is asked of it, not written here. */
export interface RuleGroup {
  readonly family: 4 | 6
  readonly table: string
  readonly chain: string
  /** One a line. */
  readonly rules: string
}

/** Rules that load and rules that do not, of every match and target that this kernel may have. */
export const ruleGroups: readonly RuleGroup[] = [
  {
    family: 4,
    table: "filter",
    chain: "INPUT",
    rules: String.raw`
-p 0 -j ACCEPT
! -p 0 -j ACCEPT
-p 47
-p TCP
-p 135
-p 254
-p 256
-p nosuch
-p ! tcp
-s ! 1.2.3.4
-s 10 -d 10.1
-s 10.1.2.3/0
! -s 10.1.2.3/0
-s 10.1.2.3/255.0.255.0
-s 1.2.3.4/33
-s 1.2.3.4.5
-s 300.1.1.1
! -s 1.2.3.4,3.4.5.6
-i ''
-i eth0 -o eth1
-i abcdefghijklmnop
-i +
! -i +
-i eth+ ! -p udp -f
! -f
-ptcp -s1.2.3.4 -ieth0 -jACCEPT
--protocol=tcp --source=1.2.3.4 --jump=ACCEPT
-c 1 2 -j ACCEPT
-c 1 -j ACCEPT
-j ACCEPT -j DROP
-j ACCEPT --foo
-j foo bar
-j RETURN -m tcp
-g ACCEPT
-j INPUT
-j NOSUCH
-m tcp -p tcp --dport 80 --dport 81
-p tcp --dport ! 80
-p tcp --dpo 80 --spo 7
-p tcp --dport 0x50 --sport 010
-p tcp --dport 80:70
-p tcp --dport 65536
-p tcp --dport -1
-p tcp --syn --tcp-flags ALL NONE
-p tcp --tcp-flags ALL ALL
-p tcp ! --syn
-p tcp --tcp-option 5
-p tcp ! --tcp-option 0
-p tcp -m tcp --tcp-flags syn,ack,fin fin
-p tcp -m tcp --tcp-flags SYN,ACK ALL
-p tcp -m tcp ! --tcp-flags SYN NONE
-p tcp -m tcp --tcp-flags SYN,FOO SYN
-p tcp -m tcp --tcp-flags SYN
-p tcp -m tcp --sport :
-p tcp -m tcp ! --sport :
-p tcp -m tcp --dport 5 -m tcp --sport 8
-p tcp -m tcp -m multiport --ports 5 -m tcp
-m tcp --dport 80
-p udp --sport 7 --dport 1024:
-p udp -m tcp --dport 8
-m comment --comment "a b.c"
-m comment --comment a.b
-m comment --comment ""
-m comment --comment x -m comment --comment y
-m comment
-p tcp -m multiport --dports 1,7:8
-p tcp -m multiport ! --ports 1,7:8
-p tcp -m multiport --dports 1:
-p tcp -m multiport --dports 1,
-p tcp -m multiport --dports 1:1
-p tcp -m multiport --dports 5:1
-p tcp -m multiport --dports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16
-p tcp -m multiport --dports 1:2,3:4,5:6,7:8,9:10,11:12,13:14,15:16
-p tcp -m multiport --dports 1 --sports 2
-m multiport --dports 1 -p tcp
! -p tcp -m multiport --dports 1
-p icmp -m multiport --dports 1
-p tcp -m multiport
-m limit
-m limit --limit 60/min
-m limit --limit 90/min
-m limit --limit 7/h --limit-burst 5
-m limit --limit 5
-m limit --limit 2/d
-m limit --limit 7/sec
-m limit --limit 2500/min
-m limit --limit-burst 7
-m limit --limit 10000/s
-m limit --limit 20000/s
-m limit --limit 1/fortnight
-m limit --limit 1/secondx
-m limit --limit 0/s
-m limit --limit 1/s --limit-burst 0
-m limit --limit 1/s --limit-burst 10001
-m limit ! --limit 1/s
-m mark --mark 1/0xffffffff
-m mark ! --mark 1/7
-m mark --mark 5/0
-m mark --mark 0x1ff/0xff
-m mark --mark 07
-m mark --mark 5 --mark 6
-m mark --mark 4294967296
-m connmark ! --mark 5/7
-p icmp
-p icmp --icmp-type ping
-p icmp --icmp-type PONG
-p icmp --icmp-type echo-r
-p icmp --icmp-type 3/4
-p icmp --icmp-type fragmentation-needed
-p icmp --icmp-type 256
-p icmp --icmp-type 3/300
-p icmp ! --icmp-type 0x8
-p icmp --icmp-type any
-p icmp ! --icmp-type any
-p icmp -m icmp
-m icmp --icmp-type 8
-m state --state new,established
-m state ! --state NEW
-m state --state NE,SNAT
-m state
-m conntrack --ctstate inv
-m conntrack --ctstate NEW,EST
-m conntrack --ctstate INVALID,NEW,RELATED,ESTABLISHED,UNTRACKED,SNAT,DNAT
-m conntrack --ctstate NEW,
-m conntrack --ctstatus none,ass,conf,seen_reply,exp
-m conntrack ! --ctstatus NONE
-m conntrack --ctproto tcp --ctdir REPLY --ctexpire 5 --ctstate NEW --ctreplsrc 9.9.9.9 --ctreplsrcport 9 --ctrepldstport 8 --ctorigsrcport 1:2 --ctorigdstport 7
-m conntrack --ctorigsrc 1.2.3.4/24 ! --ctrepldst 0.0.0.0/0
-m conntrack --ctexpire 1:
-m conntrack --ctdir rep
-m conntrack ! --ctdir REPLY
-m conntrack --ctproto 300
-m conntrack
-m connlimit ! --connlimit-above 5
-m connlimit ! --connlimit-upto 5 --connlimit-mask 24
-m connlimit --connlimit-above 5 --connlimit-mask 33
-m connlimit --connlimit-above 5 --connlimit-mask 0 --connlimit-daddr
-m statistic --mode nth --every 5
-m statistic --mode nth --every 5 --packet 0
-m statistic --mode random --probability .5
-m statistic --mode random --probability 0.333333
-m statistic --mode nth --every 0 --packet 0
-m statistic --mode random
-m string --string "a'b\"c" --algo bm --icase --from 10 --to 100
-m string --hex-string "GET |0d 0a|x" --algo kmp
-m string --hex-string "|616263|" --algo kmp
-m string --hex-string "|6|" --algo kmp
-m string --string "|61|" --algo kmp
-m string --string "" --algo kmp
-m string --string x
-m time --datestart 2020 --datestop 2021-03
-m time --datestart 2020-1-2T3:4 --datestop 2021 --kerneltz --timestart 8:00 --timestop 17:30 --weekdays Mo,Tu,5
-m time ! --weekdays Sa,Su --datestop 2030
-m time ! --monthdays 1,31 --datestop 2030
-m time --timestart 24:00
-m time --monthdays 32
-m u32 --u32 "6&0xFF=1"
-m u32 --u32 "0>>22&0x3C@0>>8=0:15,0x20"
-m u32 ! --u32 "4 & 0x3FFF = 0 && 0 >> 22 & 0x3C @ 0 >> 24 = 0"
-m u32 --u32 "0=1,"
-m u32 --u32 "x"
-m tos --tos 16
-m tos --tos Minimize-Delay
-m tos --tos min
-m dscp --dscp 10
-m dscp --dscp-class af11
-m dscp ! --dscp-class AF41
-m dscp --dscp 64
-m iprange --src-range 1.1.1.1
-m iprange --src-range 1.1.1.1-1.1.1.2 ! --dst-range 2.2.2.2-2.2.2.3
-m length --length 5:
-m length ! --length 5:5
-m ttl --ttl-lt 5
-m ttl ! --ttl-lt 5
-m ttl --ttl 5
-m ttl
-m hl --hl-eq 5
-m pkttype --pkt-type host
-m pkttype --pkt-type mcast
-m pkttype ! --pkt-type MULTICAST
-m pkttype --pkt-type otherhost
-m mac ! --mac-source AA:bb:CC:00:01:02
-m recent --set --name x --rdest --mask 255.255.255.0
-m recent ! --rcheck --seconds 60 --hitcount 4 --name x
-m recent --rcheck --seconds 60 --reap --rttl
-m recent --reap --rcheck
-m recent --update --hitcount 255
-m recent --update --hitcount 65536
-m recent --update --seconds 0
-m recent --set --seconds 5
-m recent --set --hitcount 5
-m recent --set --rcheck
-m recent --remove --seconds 5
-m recent
-m recent --name a/b --set
-m connbytes ! --connbytes 5:10 --connbytes-mode bytes --connbytes-dir both
-m connbytes --connbytes 10 --connbytes-mode packets --connbytes-dir both
-m connbytes --connbytes 10:5 --connbytes-mode packets --connbytes-dir both
-m addrtype ! --src-type LOCAL,UNICAST
-m addrtype --dst-type loc
-m addrtype --dst-type LOCAL --limit-iface-out
-m addrtype --dst-type LOCAL --limit-iface-in
-m quota --quota 0x10
-m quota ! --quota 18446744073709551615
-p sctp --chunk-types any DATA:Be,INIT
-p sctp ! --chunk-types only DATA:IUBE
-p sctp --chunk-types all DATA:x
-p sctp --sport 5:
-p dccp --dccp-types REQUEST
-p dccp --dccp-types req
-m helper ! --helper ftp-2121
-m physdev --physdev-in eth+ ! --physdev-is-bridged
-m physdev
-m owner --uid-owner 5
-m realm --realm 5/6
-m cpu --cpu 1
-m rpfilter
-m policy --dir in --pol none
-m policy --dir out --pol none
-m policy --dir in --pol ipsec ! --reqid 5 --mode transport
-m policy --dir in --pol ipsec --tunnel-src 1.2.3.4
-m policy --dir in --pol ipsec --mode tunnel --tunnel-src 1.2.3.4/24
-p tcp -m ecn --ecn-ip-ect 3 ! --ecn-tcp-cwr
-m ecn --ecn-tcp-ece
-m ecn --ecn-ip-ect 4
-m devgroup --src-group 5
-p tcp -m osf --genre Linux
-m osf --genre Linux
-m bpf --bytecode "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0"
-m cluster --cluster-total-nodes 2 ! --cluster-local-node 1 --cluster-hash-seed 5
-p esp -m esp --espspi 5
-p ah -m ah --ahspi 5:
-m hashlimit --hashlimit 5/min --hashlimit-name h1 --hashlimit-mode srcip
-m hashlimit ! --hashlimit-upto 5/min --hashlimit-name h2 --hashlimit-mode srcip,dstport
-m hashlimit --hashlimit-above 5/min --hashlimit-burst 7 --hashlimit-mode dstip,dstport,srcport --hashlimit-name h3 --hashlimit-srcmask 24 --hashlimit-dstmask 16 --hashlimit-htable-size 100 --hashlimit-htable-max 200 --hashlimit-htable-expire 5000 --hashlimit-htable-gcinterval 2000
-m hashlimit --hashlimit-above 512kb/s --hashlimit-name h4
-m hashlimit --hashlimit-above 512kb/s --hashlimit-burst 1mb --hashlimit-name h5
-m hashlimit --hashlimit-above 11000kb/s --hashlimit-name h6
-m hashlimit --hashlimit-above 100b/s --hashlimit-name h7
-m hashlimit --hashlimit-upto 7/sec --hashlimit-name h8 --hashlimit-burst 0
-m hashlimit --hashlimit-upto 7/sec --hashlimit-name h8 --hashlimit-burst 1000001
-m hashlimit --hashlimit-upto 1000001/sec --hashlimit-name h9
-m hashlimit --hashlimit-upto 7/sec --hashlimit-name h10 --hashlimit-mode foo
-m hashlimit --hashlimit-upto 7/sec --hashlimit-name h11 --hashlimit-srcmask 24
-m hashlimit --hashlimit-upto 7/sec --hashlimit-name h12 --hashlimit-srcmask 33
-m hashlimit --hashlimit-upto 90/min --hashlimit-name h13 --hashlimit-htable-expire 60000
-m hashlimit --hashlimit-upto 100/min --hashlimit-name h14 --hashlimit-mode srcip --hashlimit-htable-expire 1000
-m hashlimit --hashlimit-upto 5/s --hashlimit-name h15 --hashlimit-rate-match
-m hashlimit --hashlimit-upto 3/m --hashlimit-above 3/m --hashlimit-name h16
-m hashlimit --hashlimit-upto 10mb/s --hashlimit-burst 5 --hashlimit-name h17
-m hashlimit --hashlimit-upto 1/s
-m hashlimit --hashlimit-name x
-j LOG --log-prefix "x y" --log-level warning --log-uid --log-macdecode --log-ip-options
-j LOG --log-level 4
-j LOG --log-level 8
-j LOG --log-level debug
-j LOG --log-prefix 123456789012345678901234567890
-j LOG --log-prefix ""
-p tcp -j REJECT --reject-with tcp-reset
-j REJECT --reject-with tcp-reset
! -p tcp -j REJECT --reject-with tcp-reset
-j REJECT --reject-with net-unreach
-j REJECT --reject-with icmp-net
-j REJECT --reject-with icmp-admin-prohib
-j REJECT --reject-with echo-reply
-j REJECT --reject-with host-prohib
-j MARK --set-mark 5
-j MARK --set-mark 5/3
-j MARK --and-mark 5
-j MARK --or-mark 5
-j MARK --xor-mark 5
-j MARK
-j CONNMARK --set-mark 5/3
-j CONNMARK --set-xmark 5/3
-j CONNMARK --xor-mark 5
-j CONNMARK --save-mark
-j CONNMARK --save-mark --mask 5
-j CONNMARK --restore-mark --nfmask 0xf
-j CONNMARK --set-xmark 5 --left-shift-mark 3
-j CONNMARK --save-mark --right-shift-mark 3
-j NFLOG --nflog-prefix "a b" --nflog-group 5 --nflog-size 64 --nflog-threshold 7
-j NFLOG --nflog-threshold 1
-j NFLOG --nflog-group 65536
-j NFQUEUE
-j NFQUEUE --queue-balance 1:3 --queue-bypass
-j NFQUEUE --queue-balance 1:3 --queue-num 5
-j NFQUEUE --queue-cpu-fanout
-j QUEUE
-j AUDIT --type ACCEPT
-j CLASSIFY --set-class 1:2
-j TEE --gateway 1.2.3.4 --oif eth0
-j TRACE
-j NOTRACK
-j CT --notrack
-j TCPMSS --set-mss 5
-j DNAT --to 1.2.3.4
-j TTL --ttl-set 5
-j DSCP --set-dscp 5
-j SYNPROXY --mss 1460
-p tcp -j SYNPROXY
-p tcp -j SYNPROXY --mss 1460 --ecn --timestamp
-j IDLETIMER --timeout 0 --label x
-j HMARK --hmark-tuple src,dst --hmark-mod 5 --hmark-rnd 7
-j CHECKSUM --checksum-fill
-j CONNSECMARK --save`,
  },
  {
    family: 4,
    table: "filter",
    chain: "OUTPUT",
    rules: `
-i eth0
-o eth0
-m owner --uid-owner root --socket-exists
-m owner ! --uid-owner 0-0
-m owner --uid-owner 5-1
-m owner
-m mac --mac-source 00:01:02:03:04:05
-m physdev --physdev-out eth0
-m addrtype --dst-type LOCAL --limit-iface-in
-m cgroup --cgroup 5
-m policy --dir in --pol none
-j REJECT`,
  },
  {
    family: 4,
    table: "mangle",
    chain: "PREROUTING",
    rules: `
-o eth0
-j TOS --set-tos 16
-j TOS --set-tos Minimize-Delay
-j TOS --and-tos 0x12
-j TOS --set-tos 300
-j TTL --ttl-set 5
-j TTL --ttl-inc 256
-j TTL --ttl-dec 0
-j DSCP --set-dscp-class CS1
-j TPROXY --on-port 5
-p tcp -j TPROXY --on-port 5
-p tcp -j TPROXY --on-port 5 --tproxy-mark 1
-p tcp -j ECN --ecn-tcp-remove
-j CHECKSUM --checksum-fill
-p tcp -j TCPMSS --clamp-mss-to-pmtu
-p tcp --syn -j TCPMSS --set-mss 1400
-p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1400
-p tcp --dport 80 -j TCPMSS --set-mss 1400
-p tcp -j TCPOPTSTRIP --strip-options mss,wscale
-p tcp -j TCPOPTSTRIP --strip-options sack-permitted,sack,timestamp,md5,30
-m socket
-m socket --transparent
-m rpfilter --loose
-m owner --uid-owner 0
-m devgroup --src-group 5/7
-j REJECT
-j SNAT --to-source 1.2.3.4
-m connlimit --connlimit-above 5`,
  },
  {
    family: 4,
    table: "raw",
    chain: "PREROUTING",
    rules: `
-j CT
-j CT --notrack
-j NOTRACK
-j CT --zone 5 --notrack
-j CT --ctevents new,destroy --zone-orig 5
-j CT --zone-orig mark
-j CT --ctevents foo
-j CT --zone 65536
-j TRACE
-j REJECT
-j DROP
-m rpfilter --invert`,
  },
  {
    family: 4,
    table: "nat",
    chain: "PREROUTING",
    rules: `
-j DROP
-j DNAT --to-destination 1.2.3.4
-j DNAT --to-destination 1.2.3.4:80
-p tcp -j DNAT --to-destination 1.2.3.4:80
-p tcp -j DNAT --to-destination :80
-p tcp -j DNAT --to-destination 1.2.3.4-1.2.3.4
-p tcp -j DNAT --to-destination 1.2.3.4:80-80 --random --persistent
-p tcp -j DNAT --to-destination 1.2.3.4:90-80
-p tcp -j DNAT --to 1.2.3.4:10-20/15
-j DNAT --random --to 1.2.3.4
-j DNAT --to ""
-p icmp -j DNAT --to 1.2.3.4:5
! -p tcp -j DNAT --to 1.2.3.4:5
-j DNAT
-j SNAT --to 1.2.3.4
-j MASQUERADE
-j REDIRECT
-p tcp -j REDIRECT --to-ports 80-70
-p tcp -j REDIRECT --to-ports 80 --random
-p tcp -j REDIRECT --to 80
-j NETMAP --to 1.2.3.7/24
-j REJECT
-j LOG
-j MARK --set-mark 1
-j TTL --ttl-set 1`,
  },
  {
    family: 4,
    table: "nat",
    chain: "POSTROUTING",
    rules: `
-j SNAT --to 1.2.3.4
-j SNAT --to 1.2.3.4 --random --random-fully --persistent
-p tcp -j SNAT --to :80
-j MASQUERADE --to-ports 80
-p tcp -j MASQUERADE --to-ports 80-90 --random
-p tcp -j MASQUERADE --random-fully --random
-p tcp -j MASQUERADE --persistent
-j DNAT --to 1.2.3.4
-j REDIRECT
-o eth0 -j MASQUERADE
-i eth0 -j MASQUERADE
-m owner --uid-owner 0-5 --gid-owner 5`,
  },
  {
    family: 6,
    table: "filter",
    chain: "INPUT",
    rules: `
-p icmpv6 --icmpv6-type 1/0
-p icmpv6 --icmpv6-type router-adv
-p ipv6-icmp -m icmpv6 --icmpv6-type ping
-p icmpv6 --icmpv6-type any
-p 0
! -p ipv6-frag
-p esp
-s ::ffff:1.2.3.4/96
-s 2001:db8::2/ffff::ff
-s 1.2.3.4
-s ::1/129
-f
-p mh
-p icmp
-m ah --ahspi 5 --ahlen 7 --ahres
-m dst --dst-len 4 --dst-opts 1,2:3
-m hbh --hbh-opts 1:2
-m frag
-m frag --fragfirst --fragmore --fraglen 5
-m frag --fraglast --fragmore
-m rt --rt-type 0 --rt-0-addrs 1::2,3::4 --rt-0-not-strict
-m rt --rt-0-res
-m rt --rt-type 0 --rt-0-not-strict
-m ipv6header --header hop,esp,50 --soft
-m ipv6header ! --header dst,route,frag
-m ipv6header --header prot
-m ipv6header --header proto
-p mh --mh-type brr
-p mh --mh-type 5:7
-m mh
-m hl --hl-lt 5
-m ttl --ttl 5
-m srh --srh-psid 1::2/64
-j REJECT
-j REJECT --reject-with no-route
-j REJECT --reject-with adm-prohibited
-p tcp -j REJECT --reject-with tcp-reset
-j REJECT --reject-with icmp-port-unreachable
-m addrtype --src-type BROADCAST
-m addrtype --src-type PROHIBIT
-m addrtype --src-type LOCAL
-m iprange --src-range 1::1-1::2
-m connlimit --connlimit-above 5
-m hashlimit --hashlimit-upto 5/s --hashlimit-mode srcip --hashlimit-srcmask 64 --hashlimit-name a
-m recent --set --mask ffff:ffff::
-j TTL --ttl-set 5
-m policy --dir in --pol ipsec --mode tunnel --tunnel-src 1::2
-m eui64
-m realm --realm 1
-m tos --tos 16
-m conntrack --ctorigsrc 1::2/64
-p tcp -m multiport --dports 22,80 -m conntrack --ctstate NEW -j ACCEPT`,
  },
  {
    family: 6,
    table: "nat",
    chain: "PREROUTING",
    rules: `
-j DNAT --to-destination 2001:db8::1
-p tcp -j DNAT --to-destination [2001:db8::1]:80
-p tcp -j DNAT --to-destination [2001:db8::1-2001:db8::9]:80-90
-j DNAT --to-destination [2001:db8::1]:80
-p tcp -j DNAT --to-destination 1.2.3.4
-j REDIRECT
-j NETMAP --to 2001:db8::/64`,
  },
]
