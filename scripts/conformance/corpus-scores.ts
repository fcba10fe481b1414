import { conntrackScore } from "./conntrack.js"
import { decoderScore } from "./decoder.js"
import { iptablesRulesScore } from "./iptables-rules.js"
import { nftRulesScore } from "./nft-rules.js"
import { nftTwinsScore } from "./nft-twins.js"
import { ruleMatches } from "./rule-matches.js"
import type { Score, ScoreRow } from "./score.js"

/** What a folder of other people's captures, rules and labels is asked, by the section's name. */
export const corpusScores: Readonly<Record<string, (corpus: string) => Score | Promise<Score>>> = {
  conntrack: conntrackScore,
  "rule-matches": ruleMatchesScore,
  "iptables-rules": iptablesRulesScore,
  "nft-rules": nftRulesScore,
  "nft-twins": nftTwinsScore,
  decoder: decoderScore,
}

async function ruleMatchesScore(corpus: string): Promise<Score> {
  const { rules, all, packets, differences, diagnostics } = await ruleMatches(corpus)
  const perfect = rules.filter(({ compared, same }) => same === compared).length
  const others: ScoreRow[] = rules
    .filter(({ compared, same }) => same < compared)
    .map(({ id, rule, same, compared, matched }) => ({
      name: `${id}: \`${rule.replaceAll("|", "\\|")}\``,
      agreed: same,
      compared,
      note: `the kernel's matched ${matched}`,
    }))
  return {
    name: "rule-matches",
    title: "Which rules match",
    text: `${rules.length} rules of iptables and nft, each asked of each packet of other people's captures: did it match in the kernel, and does it in the engine? Rules that are not named agree on every packet.`,
    rows: [
      { name: "rules that agree on every packet", agreed: perfect, compared: rules.length },
      { name: "packets on which all rules agree", agreed: packets.same, compared: packets.compared },
      {
        name: "pairs of a rule and a packet",
        agreed: all.same,
        compared: all.compared,
        note: `the kernel's matched ${all.matched}`,
      },
      ...others,
    ],
    differences: [...diagnostics.map(({ message }) => `unread ${message}`), ...differences],
  }
}
