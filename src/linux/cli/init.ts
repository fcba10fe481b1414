import { type Command, type ExitStatus, exit } from "./command.js"
import type { Io } from "./output.js"
import { starterPolicy } from "./starter.js"
import { surveyHost } from "./survey.js"

const presets = ["default", "strong", "watch", "kura-flooding-protection"]

interface Options {
  readonly interface?: readonly string[]
  readonly preset: string
}

export const command: Command<Options> = {
  operands: "",
  description:
    "Prints a policy for this host, with comments that say what it does and what could be added: what listens here, which " +
    "container ports are published, which name servers are asked, and where administrators are connected from. It only looks, " +
    "and changes nothing; what it prints closes nothing until you say so.",
  options: [
    {
      flags: "--interface <devices>",
      text: "protect these, separated by commas, instead of the default route's",
      parse: parseDevices,
    },
    {
      flags: "--preset <name>",
      text: "the protections to begin with",
      choices: presets,
      fallback: "default",
    },
  ],
  examples: [
    { line: "floodwall init > floodwall.yaml", text: "a policy to read, change and check" },
    {
      line: "floodwall init --interface eth0,ppp0 --preset watch",
      text: "two ways in, and nothing is dropped yet",
    },
  ],
  async run(_operands, options, io: Io): Promise<ExitStatus> {
    const survey = surveyHost(io.environment)
    const interfaces = options.interface ?? []
    io.write(starterPolicy(survey, { interfaces, preset: options.preset }))
    if (survey.defaultInterfaces.length === 0 && interfaces.length === 0) {
      io.note(
        "There is no default route, so nothing is where `auto` could look: name a device with --interface.",
      )
    }
    return exit.done
  },
}

/** Names as the kernel takes them (dev_valid_name): up to 15 bytes, no slash, colon or blank; a trailing `*` for all that begin so. */
function parseDevices(text: string): { readonly value: readonly string[] } | { readonly wrong: string } {
  const devices = text.split(",").map((device) => device.trim())
  const bad = devices.find(
    (device) => !/^[^\s/:*"]{1,15}\*?$/.test(device) || device === "." || device === "..",
  )
  return bad === undefined ? { value: devices } : { wrong: `"${bad}" is not the name of a device` }
}
