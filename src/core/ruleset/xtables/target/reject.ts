import type { Problem } from "../../../base/diagnostic.js"
import { TCP } from "../../../packet/packet.js"
import type { RejectNode } from "../../action/reject.js"
import type { Extension, ValueSpec, XtOption } from "../extension.js"
import { optionOf, textOf } from "../option.js"
import { badOptions, badValue } from "../problem.js"
import { rejectStep } from "./reject-step.js"

/** What the engine, and nft's `icmpx` words, know of the answer. */
type Answer = RejectNode["with"]

const answers4: Readonly<Record<string, Answer>> = {
  "icmp-net-unreachable": "no-route",
  "icmp-host-unreachable": "host-unreachable",
  "icmp-port-unreachable": "port-unreachable",
  "icmp-proto-unreachable": "port-unreachable",
  "icmp-net-prohibited": "admin-prohibited",
  "icmp-host-prohibited": "admin-prohibited",
  "tcp-reset": "tcp-reset",
  "icmp-admin-prohibited": "admin-prohibited",
}

const answers6: Readonly<Record<string, Answer>> = {
  "icmp6-no-route": "no-route",
  "icmp6-adm-prohibited": "admin-prohibited",
  "icmp6-addr-unreachable": "host-unreachable",
  "icmp6-port-unreachable": "port-unreachable",
  "tcp-reset": "tcp-reset",
  "icmp6-policy-fail": "admin-prohibited",
  "icmp6-reject-route": "no-route",
}

const shorter: Readonly<Record<string, string>> = {
  "net-unreach": "icmp-net-unreachable",
  "host-unreach": "icmp-host-unreachable",
  "port-unreach": "icmp-port-unreachable",
  "proto-unreach": "icmp-proto-unreachable",
  "net-prohib": "icmp-net-prohibited",
  "host-prohib": "icmp-host-prohibited",
  "admin-prohib": "icmp-admin-prohibited",
  "tcp-rst": "tcp-reset",
  "no-route": "icmp6-no-route",
  "adm-prohibited": "icmp6-adm-prohibited",
  "addr-unreach": "icmp6-addr-unreachable",
  "port-unreach6": "icmp6-port-unreachable",
  "policy-fail": "icmp6-policy-fail",
  "reject-route": "icmp6-reject-route",
}

/** A name, or the beginning of one: iptables takes the first that fits. The value is the whole name. */
function answer(answers: Readonly<Record<string, Answer>>, family: 4 | 6): ValueSpec {
  const names = Object.keys(answers)
  return {
    shape: names.join(", "),
    parse: (text): string | Problem => {
      const word = text.toLowerCase()
      const other = word === "port-unreach" && family === 6 ? "icmp6-port-unreachable" : shorter[word]
      const found =
        names.find((name) => name === (other ?? word)) ??
        names.find((name) => word !== "" && name.startsWith(word))
      return found ?? badValue(`"${text}" is none of ${names.join(", ")}`)
    },
    print: String,
  }
}

function rejectTarget(
  family: 4 | 6,
  answers: Readonly<Record<string, Answer>>,
  unlessTold: string,
): Extension {
  const words = (options: readonly XtOption[]) => textOf(options, "reject-with", unlessTold)
  return {
    name: "REJECT",
    role: "target",
    families: [family],
    tables: ["filter"],
    hooks: ["INPUT", "FORWARD", "OUTPUT"],
    options: [{ name: "reject-with", value: answer(answers, family) }],
    normal: (options) => [optionOf(options, "reject-with") ?? { name: "reject-with", value: unlessTold }],
    check: (options, { protocol, protocolNegated }) =>
      words(options) === "tcp-reset" && (protocol !== TCP || protocolNegated)
        ? badOptions("--reject-with tcp-reset needs -p tcp in the rule")
        : undefined,
    toNft: (options) => {
      const word = words(options)
      if (word === unlessTold) return "reject"
      if (word === "tcp-reset") return "reject with tcp reset"
      return `reject with ${family === 4 ? "icmp" : "icmpv6"} ${nftNames[word] ?? word.replace(/^icmp6?-/, "")}`
    },
    compile: (options) => rejectStep(answers[words(options)] ?? "port-unreachable"),
    manual: {
      title: family === 4 ? "iptables: REJECT" : "ip6tables: REJECT",
      text: "Drops the packet and tells its sender.",
      example: "reject with tcp reset",
    },
  }
}

/** Where nft's words are others. */
const nftNames: Readonly<Record<string, string>> = {
  "icmp-proto-unreachable": "prot-unreachable",
  "icmp6-adm-prohibited": "admin-prohibited",
}

export const reject4 = rejectTarget(4, answers4, "icmp-port-unreachable")
export const reject6 = rejectTarget(6, answers6, "icmp6-port-unreachable")
