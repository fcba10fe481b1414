import { isOperator, type Token, type Word } from "./shell-text.js"

/** A statement of bash, as far as a configuration can be understood without running it. */
export type Statement =
  | {
      readonly statement: "command"
      readonly words: readonly Word[]
      readonly start: number
      readonly end: number
    }
  | {
      readonly statement: "for"
      readonly variable: string
      readonly words: readonly Word[]
      readonly body: readonly Statement[]
      readonly start: number
      readonly end: number
    }
  | {
      readonly statement: "function"
      readonly name: string
      readonly body: readonly Statement[]
      readonly start: number
      readonly end: number
    }
  | {
      readonly statement: "block"
      readonly body: readonly Statement[]
      readonly start: number
      readonly end: number
    }
  | {
      readonly statement: "if"
      readonly branches: readonly {
        readonly condition: readonly Statement[]
        readonly body: readonly Statement[]
      }[]
      readonly otherwise: readonly Statement[]
      readonly start: number
      readonly end: number
    }
  /** `A && B || C` */
  | {
      readonly statement: "and-or"
      readonly first: Statement
      readonly rest: readonly { readonly operator: "&&" | "||"; readonly statement: Statement }[]
      readonly start: number
      readonly end: number
    }
  /** Whether or how often the body runs is only known by running: `while`, `case`, what stands in a pipe or in brackets. */
  | {
      readonly statement: "maybe"
      readonly why: string
      readonly body: readonly Statement[]
      readonly start: number
      readonly end: number
    }

/** Blocks inside blocks deeper than this are nobody's configuration. */
const MOST_DEPTH = 100

/** Statements of a whole text. Never throws; words that fit nowhere are commands. */
export function parseShell(tokens: readonly Token[]): readonly Statement[] {
  return new Parser(tokens).list([], 0)
}

const closers = new Set(["done", "fi", "esac", "then", "else", "elif", "do", "}", ")", ";;", ";&", ";;&"])

class Parser {
  private readonly tokens: readonly Token[]
  private at = 0

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens
  }

  /** Statements up to one of the words or operators, which is left; or to the end. */
  list(ends: readonly string[], depth: number): Statement[] {
    const statements: Statement[] = []
    while (this.at < this.tokens.length) {
      const key = this.key()
      if (key !== undefined && ends.includes(key)) break
      if (key === "\n" || key === ";" || key === "&") {
        this.at++
        continue
      }
      const isStray = key !== undefined && closers.has(key)
      if (isStray || depth > MOST_DEPTH) {
        this.at++
        continue
      }
      statements.push(this.andOr(depth))
    }
    return statements
  }

  private andOr(depth: number): Statement {
    const first = this.pipeline(depth)
    const rest: { operator: "&&" | "||"; statement: Statement }[] = []
    for (let key = this.key(); key === "&&" || key === "||"; key = this.key()) {
      this.at++
      this.newlines()
      rest.push({ operator: key, statement: this.pipeline(depth) })
    }
    if (rest.length === 0) return first
    return { statement: "and-or", first, rest, start: first.start, end: rest.at(-1)!.statement.end }
  }

  private pipeline(depth: number): Statement {
    const statements = [this.one(depth)]
    while (this.key() === "|") {
      this.at++
      this.newlines()
      statements.push(this.one(depth))
    }
    const [first] = statements
    if (statements.length === 1) return first!
    return {
      statement: "maybe",
      why: "in a pipe",
      body: statements,
      start: first!.start,
      end: statements.at(-1)!.end,
    }
  }

  private one(depth: number): Statement {
    const start = this.tokens[this.at]?.start ?? 0
    switch (this.key()) {
      case "for":
      case "select":
        return this.loop(start, depth)
      case "while":
      case "until": {
        const word = this.key()!
        this.at++
        const condition = this.list(["do"], depth + 1)
        const body = this.body(depth)
        return {
          statement: "maybe",
          why: `in a ${word} loop`,
          body: [...condition, ...body],
          start,
          end: this.end(),
        }
      }
      case "if":
        return this.branches(start, depth)
      case "case": {
        this.at++
        while (this.at < this.tokens.length && this.key() !== "in") this.at++
        this.at++
        const body: Statement[] = []
        while (this.at < this.tokens.length && this.key() !== "esac") {
          // A pattern ends with a bracket.
          while (this.at < this.tokens.length && this.key() !== ")" && this.key() !== "esac") this.at++
          if (this.key() === ")") this.at++
          body.push(...this.list([";;", ";&", ";;&", "esac"], depth + 1))
          if (this.key() !== "esac") this.at++
        }
        this.at++
        return { statement: "maybe", why: "under case", body, start, end: this.end() }
      }
      case "{": {
        this.at++
        const body = this.list(["}"], depth + 1)
        this.at++
        return { statement: "block", body, start, end: this.end() }
      }
      case "(": {
        this.at++
        const body = this.list([")"], depth + 1)
        this.at++
        return { statement: "maybe", why: "in a shell of its own", body, start, end: this.end() }
      }
      case "function":
        return this.definition(start, 1, depth)
      default: {
        const isDefinition =
          !isOperator(this.tokens[this.at]) &&
          isKey(this.tokens[this.at + 1], "(") &&
          isKey(this.tokens[this.at + 2], ")")
        return isDefinition ? this.definition(start, 0, depth) : this.command(start)
      }
    }
  }

  private branches(start: number, depth: number): Statement {
    const branches: { condition: Statement[]; body: Statement[] }[] = []
    let otherwise: Statement[] = []
    const ends = ["then", "else", "elif", "fi"]
    while (this.at < this.tokens.length && this.key() !== "fi") {
      const word = this.key()
      this.at++
      const list = this.list(ends, depth + 1)
      if (word === "if" || word === "elif") branches.push({ condition: list, body: [] })
      else if (word === "then") branches.at(-1)?.body.push(...list)
      else otherwise = list
    }
    this.at++
    return { statement: "if", branches, otherwise, start, end: this.end() }
  }

  private loop(start: number, depth: number): Statement {
    this.at++
    const variable = this.tokens[this.at]
    if (variable === undefined || isOperator(variable)) {
      // `for ((…))`
      while (this.at < this.tokens.length && this.key() !== "do") this.at++
      return { statement: "maybe", why: "in a counting loop", body: this.body(depth), start, end: this.end() }
    }
    this.at++
    this.newlines()
    const words: Word[] = []
    if (this.key() === "in") {
      this.at++
      for (;;) {
        const token = this.tokens[this.at]
        if (token === undefined || isOperator(token)) break
        words.push(token)
        this.at++
      }
    }
    while (this.key() === ";" || this.key() === "\n") this.at++
    const body = this.body(depth)
    return { statement: "for", variable: variable.text, words, body, start, end: this.end() }
  }

  /** `do … done` */
  private body(depth: number): Statement[] {
    if (this.key() === "do") this.at++
    const body = this.list(["done"], depth + 1)
    this.at++
    return body
  }

  private definition(start: number, skip: number, depth: number): Statement {
    this.at += skip
    const name = this.tokens[this.at]
    this.at++
    if (this.key() === "(") this.at++
    if (this.key() === ")") this.at++
    this.newlines()
    const body = this.at < this.tokens.length && depth <= MOST_DEPTH ? [this.one(depth + 1)] : []
    return {
      statement: "function",
      name: name !== undefined && !isOperator(name) ? name.text : "",
      body,
      start,
      end: this.end(),
    }
  }

  private command(start: number): Statement {
    const words: Word[] = []
    for (;;) {
      const token = this.tokens[this.at]
      if (token === undefined) break
      if (!isOperator(token)) {
        words.push(token)
        this.at++
        continue
      }
      if (!/^(?:&?>>?|<|<<<?|<<-|<&|>&|<>)$/.test(token.operator)) break
      // A redirection and its file; a number before it names what is redirected.
      const before = words.at(-1)
      if (before && /^\d$/.test(before.text) && before.end === token.start) words.pop()
      this.at++
      if (!isOperator(this.tokens[this.at])) this.at++
    }
    // What no command can begin with would stand here for ever.
    if (words.length === 0) this.at++
    return { statement: "command", words, start, end: words.at(-1)?.end ?? this.end() }
  }

  private newlines(): void {
    while (this.key() === "\n") this.at++
  }

  /** The operator, or the word if it has no quotation marks and no variables. */
  private key(): string | undefined {
    const token = this.tokens[this.at]
    if (token === undefined) return undefined
    return isOperator(token) ? token.operator : token.text
  }

  private end(): number {
    return this.tokens[Math.min(this.at, this.tokens.length) - 1]?.end ?? 0
  }
}

function isKey(token: Token | undefined, operator: string): boolean {
  return isOperator(token) && token.operator === operator
}
