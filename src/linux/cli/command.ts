import type { Io } from "./output.js"

/** What the shell is told. */
export const exit = {
  /** Done, whatever the verdicts. */
  done: 0,
  /** The answer is no; each command's help says what that means. */
  no: 1,
  /** The words, the policy or the file are wrong. */
  wrong: 2,
  /** This machine can't: privilege, kernel feature, tool. */
  cannot: 3,
} as const

export type ExitStatus = (typeof exit)[keyof typeof exit]

/** One file a command, exported as `command`. Its one-line summary stands in commands.ts, so that `--help` loads none of them. */
export interface Command<Options = object> {
  /** What stands behind the name: `[policy]`, `<capture...>`; commander's notation, and "" for nothing. */
  readonly operands: string
  /** A paragraph or two for its `--help`; wrapped to the terminal. */
  readonly description: string
  readonly options: readonly Option[]
  /** What exit 0 says, where "done" needs a word more. */
  readonly exitZero?: string
  /** What exit 1 says, where the command can say it. */
  readonly exitOne?: string
  /** What exit 3 says, where the command can say it. */
  readonly exitThree?: string
  /** Each a line that a user may type, and what for. */
  readonly examples: readonly { readonly line: string; readonly text: string }[]
  /**
   * Options bear commander's camel-case names: `--warm-up` is `warmUp`, a flag that was not given is undefined.
   * What it returns is the exit status; what it throws is a fault of the program, and is printed as one.
   */
  run(operands: readonly string[], options: Options, io: Io): Promise<ExitStatus>
}

export interface Option {
  /** Commander's notation: `--confirm <seconds>`, `--keep`, `-o, --output <file>`. */
  readonly flags: string
  readonly text: string
  /** Value to value; what is not understood is a sentence: `{ wrong: "60s is not a number" }`. Called for each value where `many`. */
  readonly parse?: (text: string) => { readonly value: unknown } | { readonly wrong: string }
  /** May be given several times: its value is an array. */
  readonly many?: boolean
  /** May be left out because of this; shown in the help. Values are texts before `parse`. */
  readonly fallback?: string
  /** Only these values. */
  readonly choices?: readonly string[]
}

/** `--json`, the same everywhere. */
export const jsonOption: Option = { flags: "--json", text: "print for programs: JSON" }
