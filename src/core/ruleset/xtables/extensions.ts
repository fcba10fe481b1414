import type { Extension } from "./extension.js"
import { addrtype as addrtypeMatch } from "./match/addrtype.js"
import { ah as ahMatch } from "./match/ah.js"
import { ah6 as ah6Match } from "./match/ah6.js"
import { bpf as bpfMatch } from "./match/bpf.js"
import { cgroup as cgroupMatch } from "./match/cgroup.js"
import { cluster as clusterMatch } from "./match/cluster.js"
import { comment as commentMatch } from "./match/comment.js"
import { connbytes as connbytesMatch } from "./match/connbytes.js"
import { connlabel as connlabelMatch } from "./match/connlabel.js"
import { connlimit as connlimitMatch } from "./match/connlimit.js"
import { connmark as connmarkMatch } from "./match/connmark.js"
import { conntrack as conntrackMatch } from "./match/conntrack.js"
import { cpu as cpuMatch } from "./match/cpu.js"
import { dccp as dccpMatch } from "./match/dccp.js"
import { devgroup as devgroupMatch } from "./match/devgroup.js"
import { dscp as dscpMatch } from "./match/dscp.js"
import { dst as dstMatch } from "./match/dst.js"
import { ecn as ecnMatch } from "./match/ecn.js"
import { esp as espMatch } from "./match/esp.js"
import { eui64 as eui64Match } from "./match/eui64.js"
import { frag as fragMatch } from "./match/frag.js"
import { fuzzy as fuzzyMatch } from "./match/fuzzy.js"
import { hashlimit as hashlimitMatch } from "./match/hashlimit.js"
import { hbh as hbhMatch } from "./match/hbh.js"
import { helper as helperMatch } from "./match/helper.js"
import { hl as hlMatch } from "./match/hl.js"
import { icmp as icmpMatch } from "./match/icmp.js"
import { icmp6 as icmp6Match } from "./match/icmp6.js"
import { ipcomp as ipcompMatch } from "./match/ipcomp.js"
import { iprange as iprangeMatch } from "./match/iprange.js"
import { ipv6header as ipv6headerMatch } from "./match/ipv6header.js"
import { ipvs as ipvsMatch } from "./match/ipvs.js"
import { length as lengthMatch } from "./match/length.js"
import { limit as limitMatch } from "./match/limit.js"
import { mac as macMatch } from "./match/mac.js"
import { mark as markMatch } from "./match/mark.js"
import { mh as mhMatch } from "./match/mh.js"
import { multiport as multiportMatch } from "./match/multiport.js"
import { nfacct as nfacctMatch } from "./match/nfacct.js"
import { osf as osfMatch } from "./match/osf.js"
import { owner as ownerMatch } from "./match/owner.js"
import { physdev as physdevMatch } from "./match/physdev.js"
import { pkttype as pkttypeMatch } from "./match/pkttype.js"
import { policy as policyMatch } from "./match/policy.js"
import { quota as quotaMatch } from "./match/quota.js"
import { rateest as rateestMatch } from "./match/rateest.js"
import { realm as realmMatch } from "./match/realm.js"
import { recent as recentMatch } from "./match/recent.js"
import { rpfilter as rpfilterMatch } from "./match/rpfilter.js"
import { rt as rtMatch } from "./match/rt.js"
import { sctp as sctpMatch } from "./match/sctp.js"
import { set as setMatch } from "./match/set.js"
import { socket as socketMatch } from "./match/socket.js"
import { srh as srhMatch } from "./match/srh.js"
import { state as stateMatch } from "./match/state.js"
import { statistic as statisticMatch } from "./match/statistic.js"
import { string as stringMatch } from "./match/string.js"
import { tcp as tcpMatch } from "./match/tcp.js"
import { tcpmss as tcpmssMatch } from "./match/tcpmss.js"
import { time as timeMatch } from "./match/time.js"
import { tos as tosMatch } from "./match/tos.js"
import { ttl as ttlMatch } from "./match/ttl.js"
import { u32 as u32Match } from "./match/u32.js"
import { udp as udpMatch } from "./match/udp.js"
import { protocolName } from "./protocols.js"
import { audit as auditTarget } from "./target/audit.js"
import { checksum as checksumTarget } from "./target/checksum.js"
import { classify as classifyTarget } from "./target/classify.js"
import { connmark as connmarkTarget } from "./target/connmark.js"
import { connsecmark as connsecmarkTarget } from "./target/connsecmark.js"
import { ct as ctTarget } from "./target/ct.js"
import { dnat as dnatTarget } from "./target/dnat.js"
import { dnpt as dnptTarget } from "./target/dnpt.js"
import { dscp as dscpTarget } from "./target/dscp.js"
import { ecn as ecnTarget } from "./target/ecn.js"
import { hl as hlTarget } from "./target/hl.js"
import { hmark as hmarkTarget } from "./target/hmark.js"
import { idletimer as idletimerTarget } from "./target/idletimer.js"
import { led as ledTarget } from "./target/led.js"
import { log as logTarget } from "./target/log.js"
import { mark as markTarget } from "./target/mark.js"
import { masquerade as masqueradeTarget } from "./target/masquerade.js"
import { netmap as netmapTarget } from "./target/netmap.js"
import { nflog as nflogTarget } from "./target/nflog.js"
import { nfqueue as nfqueueTarget } from "./target/nfqueue.js"
import { notrack as notrackTarget } from "./target/notrack.js"
import { queue as queueTarget } from "./target/queue.js"
import { rateest as rateestTarget } from "./target/rateest.js"
import { redirect as redirectTarget } from "./target/redirect.js"
import { reject4 as reject4Target, reject6 as reject6Target } from "./target/reject.js"
import { secmark as secmarkTarget } from "./target/secmark.js"
import { set as setTarget } from "./target/set.js"
import { snat as snatTarget } from "./target/snat.js"
import { snpt as snptTarget } from "./target/snpt.js"
import { synproxy as synproxyTarget } from "./target/synproxy.js"
import { tcpmss as tcpmssTarget } from "./target/tcpmss.js"
import { tcpoptstrip as tcpoptstripTarget } from "./target/tcpoptstrip.js"
import { tee as teeTarget } from "./target/tee.js"
import { tos as tosTarget } from "./target/tos.js"
import { tproxy as tproxyTarget } from "./target/tproxy.js"
import { trace as traceTarget } from "./target/trace.js"
import { ttl as ttlTarget } from "./target/ttl.js"

/** Every match and target of iptables that is known. Who meets a name asks here; nobody else asks which it is. */
export const extensions: readonly Extension[] = [
  addrtypeMatch,
  ahMatch,
  ah6Match,
  bpfMatch,
  cgroupMatch,
  clusterMatch,
  commentMatch,
  connbytesMatch,
  connlabelMatch,
  connlimitMatch,
  connmarkMatch,
  conntrackMatch,
  cpuMatch,
  dccpMatch,
  devgroupMatch,
  dscpMatch,
  dstMatch,
  ecnMatch,
  espMatch,
  eui64Match,
  fragMatch,
  fuzzyMatch,
  hashlimitMatch,
  hbhMatch,
  helperMatch,
  hlMatch,
  icmpMatch,
  icmp6Match,
  ipcompMatch,
  iprangeMatch,
  ipv6headerMatch,
  ipvsMatch,
  lengthMatch,
  limitMatch,
  macMatch,
  markMatch,
  mhMatch,
  multiportMatch,
  nfacctMatch,
  osfMatch,
  ownerMatch,
  physdevMatch,
  pkttypeMatch,
  policyMatch,
  quotaMatch,
  rateestMatch,
  realmMatch,
  recentMatch,
  rpfilterMatch,
  rtMatch,
  sctpMatch,
  setMatch,
  socketMatch,
  srhMatch,
  stateMatch,
  statisticMatch,
  stringMatch,
  tcpMatch,
  tcpmssMatch,
  timeMatch,
  tosMatch,
  ttlMatch,
  u32Match,
  udpMatch,
  auditTarget,
  checksumTarget,
  classifyTarget,
  connmarkTarget,
  connsecmarkTarget,
  ctTarget,
  dnatTarget,
  dnptTarget,
  dscpTarget,
  ecnTarget,
  hlTarget,
  hmarkTarget,
  idletimerTarget,
  ledTarget,
  logTarget,
  markTarget,
  masqueradeTarget,
  netmapTarget,
  nflogTarget,
  nfqueueTarget,
  notrackTarget,
  queueTarget,
  rateestTarget,
  redirectTarget,
  reject4Target,
  reject6Target,
  secmarkTarget,
  setTarget,
  snatTarget,
  snptTarget,
  synproxyTarget,
  tcpmssTarget,
  tcpoptstripTarget,
  teeTarget,
  tosTarget,
  tproxyTarget,
  traceTarget,
  ttlTarget,
]

const byName = new Map<string, Extension>()
for (const extension of extensions)
  for (const family of extension.families)
    for (const name of [extension.name, ...(extension.aliases ?? [])])
      byName.set(`${extension.role} ${name} ${family}`, extension)

/** By its name, or another that iptables takes for it. */
export function findExtension(role: Extension["role"], name: string, family: 4 | 6): Extension | undefined {
  return byName.get(`${role} ${name} ${family}`)
}

/** The match that `-p` loads without `-m` when its options are used: the one that has the protocol's name. */
export function matchOfProtocol(protocol: number, family: 4 | 6): Extension | undefined {
  return findExtension("match", protocolName(protocol), family)
}

export function namesOf(role: Extension["role"], family: 4 | 6): readonly string[] {
  return extensions.flatMap((extension) =>
    extension.role === role && extension.families.includes(family) ? [extension.name] : [],
  )
}
