/**
 * Every id that a diagnostic can carry, with the sentence that explains it to somebody who looks it up.
 * Ids are stable. Who adds one writes it here: the compiler refuses ids that are not listed, and a test refuses those that nobody uses.
 */
export const diagnosticIds = {
  // base/
  "not-an-address":
    "The text is neither an IPv4 address (four decimal numbers without leading zeros) nor an IPv6 address.",
  "bad-prefix-length":
    "The number behind the slash is not a prefix length: 0 to 32 for IPv4, 0 to 128 for IPv6.",
  "host-bits-set":
    "A network has bits set behind its prefix length, so it is not clear whether the host or the network is meant.",
  "not-a-port": "The text is neither a port (0 to 65535), a range of ports, nor the name of a service.",
  "not-a-rate": "A rate is a whole number, a slash and a unit: 200/second, 5/minute, 60/hour, 10/day.",
  "not-a-duration":
    "A duration is made of numbers with units, such as 300s, 10m, 1h30m or 7d, or the word ever.",
  // the command line
  "bad-command-line":
    "A command, an option or an operand is not one that floodwall knows, or one is missing.",
  "no-policy-file":
    "No policy was named, and neither ./floodwall.yaml nor /etc/floodwall/policy.yaml is there.",
  "unreadable-file": "A file that was named cannot be opened or read.",
  "unknown-rule-format":
    "A file of rules is neither what iptables-save or ip6tables-save prints, nor nft's text, nor its JSON.",
  "unwritable-file": "A file that was named cannot be written.",
  "mixed-link-types":
    "Packets of several link types cannot be written to one pcap file, which has a single link type for all of them.",
  // rules of nft
  "nft-syntax": "A word or a sign of an nft ruleset stands where nft takes something else.",
  "nft-json-syntax":
    "The text is not JSON, or not the objects that nft writes and reads (libnftables-json(5)).",
  "nft-unknown-variable": "A $variable is used that no define before it has named, or defined twice.",
  "nft-include": "A file that an nft ruleset includes cannot be read, or includes nest too deep.",
  "nft-not-there": "A command of an nft ruleset names a table, chain, set, object or rule that is not there.",
  "nft-already-there":
    "A command of an nft ruleset creates something that is there already, or declares it differently.",
  "nft-bad-value": "A value of an nft ruleset is not one that its place takes.",
  "nft-unknown-value": "A word in a place of an nft ruleset is no value of the type that the place takes.",
  "nft-value-too-large":
    "A number of an nft ruleset is larger than the field it is compared with or written to.",
  "nft-unknown-type": "A set of an nft ruleset is declared with a type that nft does not have.",
  "nft-unknown-expression": "An nft rule asks for something that nft does not know, or that is not complete.",
  "nft-conflicting-protocols":
    "An nft rule asks for two protocols at once, or for a protocol that packets of its table cannot have.",
  "nft-not-here": "A statement or a chain of an nft ruleset is not allowed in its family, chain or hook.",
  "nft-assumed":
    "nft takes the words, and the engine cannot know or do what they ask; the message says what it assumes.",
  // other tools' configurations
  "import-syntax": "A line of another tool's configuration is none that the tool would read.",
  "import-bad-value": "A value in another tool's configuration is not one that the tool takes.",
  "import-unknown-setting": "A setting in another tool's configuration is not one that the tool knows.",
  "import-without-effect": "A line of another tool's configuration does nothing there, whatever it says.",
  "import-harms": "A line of another tool's configuration stops honest traffic.",
  "import-not-carried": "A line of another tool's configuration has no counterpart in a policy.",
  "export-cannot-say": "A policy says something that another tool's settings cannot say.",
  "import-nothing-found": "A file holds nothing of the tool that it was said to be of.",
  // CSF's configuration
  "csf-syntax":
    'A line of a file of CSF\'s is not what CSF reads there: KEY = "VALUE" in csf.conf, an address a line in its lists.',
  "csf-breaks-open":
    "With this item CSF gives up, and leaves the host with all chains flushed and all policies accepting.",
  "csf-rule-refused":
    "The rule that an item of CSF's asks for is refused by iptables, or can match nothing; CSF goes on without it.",
  "csf-one-less":
    "CSF drops the connection that fills the count of PORTFLOOD, where its manual lets that one pass.",
  "csf-closes-port": "An item of PORTFLOOD drops the first connection already, so that nobody gets in.",
  "csf-count": "A count of PORTFLOOD is not from 1 to 20, so that CSF skips the item.",
  "csf-fields-swapped": "An item of PORTFLOOD may have its count and its seconds swapped, and CSF skips it.",
  "csf-fields-extra": "An item of a list of CSF's has more fields than CSF reads: often a comma is missing.",
  "csf-list-shared":
    "Several items of PORTFLOOD share one list of the kernel's, so that they count for each other.",
  "csf-ambiguous": "A number in CSF's configuration is read differently by CSF and by iptables.",
  "csf-limit-for-all":
    "A limit of CSF's is one for all sources together, so that one of them shuts all others out.",
  "csf-bad-value": "A setting of CSF's has a value that CSF or iptables cannot use.",
  "csf-unknown-setting": "A line of csf.conf names a setting that is not known.",
  "csf-refused": "CSF does not start with this line, so that nothing of its configuration comes into force.",
  "csf-testing": "CSF is in its testing mode, in which it takes its firewall down every few minutes.",
  "csf-ipv6-open": "CSF is told to leave IPv6 alone, so that all its ports are open.",
  "csf-without-tracking":
    "CSF is told to do without connection tracking, so that its limits count packets of open connections.",
  "csf-other-devices": "CSF filters every device, and the policy only those that it names.",
  "csf-families-differ":
    "A port is open for one IP version in CSF's configuration, and a policy opens it for both.",
  "csf-outgoing-stays-open": "CSF closes ports on the way out, and a policy does not.",
  "csf-needs-guard":
    "A setting of CSF's goes by logs or by time: that is the guard's (floodwall run), where it is anybody's here.",
  "csf-not-carried": "A line of CSF's protects, and a policy has no word for it.",
  "csf-include": "A file that a list of CSF's includes cannot be read.",
  "csf-everybody": "A line of CSF's is for every address that there is.",
  "csf-nothing-found":
    'A file is none of CSF\'s: neither KEY = "VALUE" lines, nor one of its lists by its name.',
  // packets as text
  "script-time":
    "A packet script gives time as +0.3 or +5ms after the packet before, or @2s after the start.",
  "script-no-packet": "A line of a packet script, or a quote in it, ends before it has said a packet.",
  "script-address":
    "A packet script gives addresses as 10.0.0.9:80 or [2001:db8::1]:80, without the port where there is none.",
  "script-families": "A packet's two addresses are of different families.",
  "script-ports": "TCP and UDP need both ports; what has no ports must not name any.",
  "script-flags": "A TCP packet needs its flags: S, S., P., FPU, none.",
  "script-number":
    "A number of a packet script is missing, is not decimal or 0x hexadecimal, or does not fit its field.",
  "script-hex": "Bytes of a packet script are written as an even number of hexadecimal digits.",
  "script-fragment":
    "A fragment is written frag ID/OFFSET or frag ID/OFFSET/more, the offset in bytes and a multiple of 8.",
  "script-word": "A packet script has a word that means nothing at its place.",
  "script-quote": "A text in quotes or a quoted packet in parentheses does not begin or end where it must.",
  "script-character": "A text of a packet script has a character that is not one byte.",
  "script-too-long": "A packet script makes more than 100000 packets.",
  "script-too-large": "A packet of a script does not fit into an IP packet of 65535 bytes.",
  // the host
  "not-linux": "Rules can be applied on Linux only.",
  "no-nft": "The program nft is not installed, or is not where administrators' programs are.",
  "no-privilege":
    "Reading and changing the kernel's rules needs root, or CAP_NET_ADMIN in the namespace that owns the network.",
  "old-kernel": "The kernel is older than the rules need.",
  "no-nf-tables": "The kernel was built without nf_tables, or its module is not loaded and cannot be.",
  "no-lock": "Two floodwalls must not change the rules at once, and the lock against that cannot be had.",
  "already-running": "Another floodwall is changing the rules at this moment.",
  "kernel-refuses":
    "nft or the kernel did not take the rules. It takes all of a transaction or nothing, so nothing was changed.",
  "kernel-unreadable": "What runs in the kernel could not be listed.",
  "no-scratch":
    "Comparing with the kernel takes a network namespace for a moment, and none can be made here.",
  "no-systemd":
    "Loading rules at boot is a systemd unit's work, and systemd does not run this machine or did not take the unit.",
  "no-netlink": "The kernel's netlink sockets, which tell of packets, connections and rules, cannot be had.",
  "log-group-taken": "Another program listens to the log group that the guard reads, and only one can.",
  "no-journal": "There is no systemd journal to read logins from.",
  "guard-running": "A guard is running already.",
  "guard-not-running": "No guard is running that could be asked.",
  "no-guard-socket": "The unix socket that commands talk to the guard over cannot be had.",
  "nothing-pending": "There is no trial to confirm or to roll back.",
  "trial-over":
    "The trial was not confirmed in time, and the kernel has gone back to the rules before by itself.",
  "not-running": "No rules of floodwall are in force.",
  "not-paused": "There is no pause to end.",
  "not-confirmed": "Only rules that were confirmed are loaded at boot, and there are none.",
  "cuts-session":
    "The rehearsal found that the rules would cut an administrator's session, or keep a new one out.",
  "no-state-folder": "The folder that remembers the confirmed rules cannot be made or written.",
  // captures
  "capture-unknown-format": "The file is neither pcap nor pcapng, or ends before it says which.",
  "capture-truncated": "The capture ends inside a record; every packet before it was read.",
  "capture-record-length":
    "A record of the capture claims more bytes than it can have; what follows cannot be found.",
  "capture-block-length": "A pcapng block's length is impossible, or differs between its front and its end.",
  "capture-byte-order": "A pcapng section's byte-order magic is of neither byte order.",
  "capture-version": "A pcapng section is of a version that this program does not know.",
  "capture-interface":
    "A pcapng packet belongs to an interface that its section never described, or there are too many.",
  "capture-gzip": "The compressed capture is damaged or cut short; every packet before that was read.",
  // policy/: YAML and its traps
  "yaml-syntax": "The text is not YAML from this place on.",
  "yaml-tab": "YAML indents with spaces; a tab is not allowed there.",
  "yaml-address-as-map":
    "An IPv6 address that ends in a colon is a map to YAML: 2001:db8:: is the key 2001:db8: without a value. Quoted it is an address.",
  "yaml-star": "A word that begins with * is the alias of an anchor to YAML. Quoted it is text.",
  "yaml-anchor":
    "Anchors, aliases and merge keys are not used in a policy: names under addresses do their work, and every value has one place.",
  "yaml-tag": "Tags such as !!str are not used in a policy.",
  "yaml-documents": "A file holds one policy; --- begins a second document.",
  "yaml-key": "Something else than a word stands where a key should: nothing, a list or a map.",
  "yaml-number":
    "A number is written in a form that means one thing to some programs and another to others: 0022, 1:30, 1_000.",
  "yaml-boolean":
    "`yes`, `no`, `on`, `true` and their like are booleans to one version of YAML and text to another. The policy says off, or what to do.",
  "odd-character":
    "A character looks like a space, a dash or a quote and is another: it came with a copy from a web page or a word processor.",
  "not-text": "The file is not UTF-8 text.",
  "file-too-large":
    "A policy file is larger than anybody would write; long lists of addresses go in list files.",
  "duplicate-key": "A key stands twice in a map; YAML would keep one of them and say nothing.",
  "empty-value": "Nothing stands behind a key or a dash. What is meant is said: off, {}, [] or a value.",
  "wrong-kind":
    "A list stands where a map is expected, or the other way round, or either in place of a word.",
  "more-mistakes": "There were more mistakes than anybody reads at once.",
  // policy/: files
  "written-twice": "The same key has a value in two of the files that make up the policy.",
  "include-cycle": "A policy file includes itself, directly or by way of others.",
  "include-nothing": "The pattern of an include matches no file.",
  // policy/: the language
  "missing-key": "A policy says which interfaces it is for and what to protect them against.",
  "unknown-key": "A key is not one that the policy language knows at this place.",
  "unknown-version": "There is one version of the policy language, and its number is 1.",
  "bad-name": "A name for a zone or for addresses begins with a letter, and has letters, digits, - and _.",
  "unknown-zone": "A zone is used that interfaces does not name.",
  "device-in-two-zones":
    "A device belongs to two zones, perhaps by a *; which protections its packets meet would be left to chance.",
  "not-a-device": "The text cannot be the name of a network device.",
  "device-not-here": "A zone names a device that this host does not have at this moment.",
  "no-default-route":
    "`auto` stands for the device of the default route, and there is none, or none is known.",
  "unknown-address": "The text is neither an address nor a name that the policy defines under addresses.",
  "address-cycle": "A name under addresses stands for itself, directly or by way of others.",
  "too-many-addresses":
    "Names for addresses stand inside one another so deep or so often that they hold more addresses than any host could use.",
  "addresses-missing": "A protection that goes by a list of addresses has none.",
  "unknown-preset": "There is no preset of this name.",
  "unknown-protection": "There is no protection of this name, or the key belongs elsewhere.",
  "detect-without-guard":
    "A detector sees events, and nothing in this version feeds it any; no rule stands for it.",
  "unknown-detector": "There is no detector of this name.",
  "window-too-long": "A sliding window remembers a few attempts of each source, and is asked for many more.",
  "protection-twice":
    "A protection, or one of its ports, is set twice, perhaps once by another accepted spelling.",
  "not-outgoing": "The protection has no meaning for packets that leave.",
  "not-a-setting": "The text is not something that this protection can be set to.",
  "not-an-action": "An action is notify, drop or block.",
  "not-an-option": "The value is not one that this option has.",
  "not-a-limit": "A limit is one of three phrases: 200/second burst 1000, more than 5 in 300s, and 300.",
  "wrong-limit": "The protection has no limit, or none of this form.",
  "limit-missing": "The protection does nothing without a limit, and has no default for it.",
  "not-a-per": "Who shares a limit is source, everyone, /24 or { ipv4: /24, ipv6: /56 }.",
  "ports-missing": "The protection does nothing without ports.",
  "not-a-phrase": "A packet is written in|out [on ZONE] [tcp|udp|icmp] [port P] [from A] [to A].",
  // policy/: what is allowed, and perhaps not meant
  "unused-name": "A name under addresses is used nowhere.",
  "asymmetric-routes":
    "The host has several default routes, so answers may arrive another way than questions left, and conntrack takes them for invalid.",
  "limit-starves":
    "A limit is spent by one attacker for everybody, or is below what one honest browser needs.",
  "harms-honest-traffic": "With these settings the protection is certain to harm honest traffic.",
  "blocks-neighbours": "A block keeps out a prefix so wide that many have nothing to do with the attacker.",
  "exception-for-nobody": "A name or list that an entry is for holds no address.",
  "shadowed-entry": "Another entry already decides about all packets that this one means.",
  "lists-yourself":
    "A blocklist holds everybody, an address of this host, or the address that the administrator is logged in from.",
  "closes-your-session": "The list of open ports leaves out the port that the administrator is logged in on.",
  "decoy-port-in-use":
    "A decoy port is a port that nobody honest connects to; this one is open, or something listens on it.",
  "never-blocks-anybody": "`never-block` holds a whole address family.",
  "bypasses-everything": "A bypass without a protocol, port or address lets everything past.",
  "opens-everything": "An item of open lets everybody in to every port, so that open closes nothing.",
  "protects-nothing": "No zone of the policy has a protection.",

  // backend/nft/
  "iptables-cannot-say":
    "The ruleset asks for something that iptables has no words for, so the rule is left out.",
  "nft-cannot-say":
    "The ruleset asks for something that nft has no words for, so the rule cannot go into the kernel.",
  "unreadable-listing": "What nft printed about the running rules could not be read, so nothing is changed.",
  "bad-nft-name":
    "A table, chain or set has a name that nft does not take: a letter first, then letters, digits, and _ . / -, at most 120 of them.",

  // engine/
  "unknown-set": "A rule asks for a set that its table does not have.",
  "unknown-object": "A rule names a counter, a quota, a limit or a SYN proxy that its table does not have.",
  "unknown-chain": "A rule jumps to a chain that its table does not have.",
  "jump-ring": "Jumps lead back to the chain that they came from. The kernel refuses such rules.",
  "jump-depth": "Jumps nest deeper than the 15 that the kernel follows. It refuses such rules.",

  // ruleset/
  "set-type-mismatch": "A set holds other types than the rule asks it for, or is a map where a set is meant.",
  "jump-to-base-chain": "A rule jumps to a base chain; only the kernel's hooks lead there.",
  "step-behind-verdict": "A verdict ends its rule, so what stands behind it would never be done.",
  "unreachable-rule": "A rule before this one ends the chain for every packet.",
  "shadowed-rule": "An earlier rule of the chain decides about every packet that this rule means.",
  "conntrack-too-early":
    "A rule asks conntrack at a place before it: there every packet's state is invalid, and nothing else is known of its connection.",
  "notrack-too-late": "A rule says notrack behind conntrack, where it does nothing.",
  "fragments-have-ports":
    "A rule asks for a transport field at a place that sees fragments: the kernel reads ports and flags of later fragments out of their data.",
  "dynamic-set-without-size": "Rules add to a set that does not say how many elements it holds.",
  "dynamic-not-declared": "Rules add elements with statements to a set that lacks the flag dynamic.",
  "interval-and-dynamic": "A set of networks or ranges cannot be added to by rules.",
  "interval-not-declared":
    "A set has networks, ranges or wildcards among its elements, and lacks the flag interval.",
  "timeout-not-declared": "Elements have a timeout, and their set lacks the flag.",
  "count-with-timeout":
    "Elements that count connections cannot have a timeout; the kernel refuses both together.",
  "set-too-small": "A set has more elements than its size.",
  "unknown-field": "A rule asks for a header field that the protocol does not have.",
  "value-does-not-fit":
    "A value is not of the type that it is compared with: another number of words, or a number that is too large.",
  "duplicate-name": "Two chains, or two sets, of a table have the same name.",
  // rules of iptables
  "xt-bad-value": "The value of an option of iptables is not one that the option takes.",
  "xt-bad-options": "Options of a match or target of iptables are missing, or exclude each other.",
  "xt-host-name": "A rule of iptables names a host by its name, which iptables would look up once.",
  "xt-word": "A word of a rule of iptables means nothing at its place.",
  "xt-unknown-option":
    "An option is none of iptables', and none of the matches and the target that the rule names.",
  "xt-option-twice": "An option of iptables may stand once.",
  "xt-negation": "A ! of iptables stands at the wrong place, or before what cannot be denied.",
  "xt-unknown-match": "A match of iptables that is not known; the engine assumes that it never matches.",
  "xt-unknown-target": "A target of iptables that is not known; the engine assumes that it does nothing.",
  "xt-assumed":
    "The engine cannot know what a match or target of iptables does here, and says what it assumes.",
  "xt-wrong-place": "The kernel or iptables refuses a match, target or option in this table or chain.",
  "xt-bad-name":
    "A chain of iptables has a name of at most 28 characters, without blanks, that does not begin with - or !.",
  "xt-policy": "Only built-in chains of iptables have a policy, and it is ACCEPT or DROP.",
  "xt-table": "The tables of iptables are raw, mangle, nat, filter and security.",
  "xt-line": "A line of iptables-save's text stands at a wrong place, or is none.",
  "xt-quote": "A quotation mark of a rule has no end.",
  "xt-command": "A command of iptables is missing, stands twice, lacks a word or cannot be done.",
  "xt-no-rule": "A rule of iptables that should be replaced or deleted is not there.",
  "xt-not-read": "A line of a script is not read, and what it would change is not known.",
  // FireHOL's configurations
  "firehol-syntax":
    "A quotation mark or a bracket of a FireHOL configuration has no end, so that bash does not read it.",
  "firehol-empty": "A FireHOL configuration has no line that FireHOL would do anything with.",
  "firehol-not-static":
    "What becomes of a line of a FireHOL configuration is only known by running it, which the import never does.",
  "firehol-unset-variable": "A variable of a FireHOL configuration is used that nothing in it sets.",
  "firehol-unknown-command":
    "A command of a FireHOL configuration is none of FireHOL's; bash says so, and FireHOL starts without the line.",
  "firehol-outside":
    "A line of a FireHOL configuration stands before the first interface or router, where FireHOL refuses it.",
  "firehol-unknown-type": "FireHOL has no type of protection of that name, and stops at the line.",
  "firehol-unknown-service": "FireHOL has no service of that name, and the configuration defines none.",
  "firehol-unknown-parameter": "A word is none of FireHOL's rule parameters, and FireHOL stops at the line.",
  "firehol-bad-argument":
    "A value of a FireHOL line is missing, or not one that FireHOL or iptables takes; FireHOL itself often does not look.",
  "firehol-ignored-words":
    "Words of a FireHOL line are not read by FireHOL, or do something else than they seem to.",
  "firehol-unquoted-types":
    "Types of protection stand without quotation marks: FireHOL takes the second for a rate, or leaves it out.",
  "firehol-after-group":
    "A type of protection stands behind strong, full, all or bad-packets in one list, where FireHOL leaves it out.",
  "firehol-connrate-without-upto":
    "FireHOL's connrate as its manual writes it, without upto, is an error in every version.",
  "firehol-connrate-twice":
    "A second connrate of an interface shares the table of the first: its rate is not used, and both charge each connection.",
  "firehol-client-parameters":
    "Rule parameters behind connlimit or connrate do not say who is limited: FireHOL drops all other clients' connections.",
  "firehol-address-family":
    "An address of one family stands in a FireHOL line for both, so that one of iptables and ip6tables refuses the rules.",
  "firehol-ipv6-mask":
    "A mask that is meant for IPv4 is used by FireHOL for IPv6 as well, where it throws millions together.",
  "firehol-shared-limit":
    "A limit of FireHOL's flood protections is one for all sources, so that one of them can shut all others out.",
  "firehol-hidden-by-accept":
    "A protection of FireHOL's stands behind a line that accepts, and never sees what that line lets in.",
  "firehol-invalid-unchecked":
    "FireHOL's protection against invalid packets emits nothing by default, and with policy accept nothing else drops them.",
  "firehol-fragments": "FireHOL's protection against fragments emits nothing.",
  "firehol-name":
    "The name of a FireHOL interface or router is too long for chains of iptables, or stands twice.",
  "firehol-synproxy-settings": "FireHOL's synproxy changes settings of the kernel and never sets them back.",
  "firehol-unlimited-log": "A FireHOL blacklist writes a line of log for every packet.",
  "no-ledger": "The ledger of blocks cannot be opened, read or written.",
  "ledger-in-use": "Another floodwall has the ledger of blocks open.",
  "bad-request": "What the guard was sent over its socket is no request.",
  "no-way-there": "This host has no route to an address.",
  "guard-refuses": "The guard was asked, and said no.",
  "no-rules-to-block": "No rules of floodwall are in the kernel, so that nothing can be blocked.",
} as const

export type DiagnosticId = keyof typeof diagnosticIds
