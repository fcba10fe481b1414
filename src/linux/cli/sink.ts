import { writeSync } from "node:fs"
import { reasonOf } from "../capture/reason.js"
import { exit } from "./command.js"

/** Where text goes. */
export interface Sink {
  write(text: string): void
  flush(): void
}

/**
 * A file descriptor, written synchronously in large pieces: a million lines of JSON neither fill the memory nor need a callback each,
 * and nothing is lost when the process ends. A reader that has gone (`| head`) ends the process quietly.
 */
export class FileSink implements Sink {
  readonly #descriptor: number
  #pieces: string[] = []
  #length = 0

  constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  /** A full disk: what was asked for is not there, and nobody may think that it is. */
  #fail(reason: string): never {
    if (this.#descriptor !== 2)
      process.stderr.write(`floodwall: the output cannot be written: ${reason} [unwritable-file]\n`)
    process.exit(exit.wrong)
  }

  write(text: string): void {
    this.#pieces.push(text)
    this.#length += text.length
    if (this.#length >= PIECE) this.flush()
  }

  flush(): void {
    if (this.#length === 0) return
    let bytes: Uint8Array = Buffer.from(this.#pieces.join(""))
    this.#pieces = []
    this.#length = 0
    while (bytes.length > 0) {
      try {
        bytes = bytes.subarray(writeSync(this.#descriptor, bytes))
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code
        // A pipe that somebody else made non-blocking is full: wait a little, as a blocking one would.
        if (code === "EAGAIN") Atomics.wait(SLEEPER, 0, 0, 2)
        else if (code === "EPIPE") process.exit(0)
        else this.#fail(reasonOf(error))
      }
    }
  }
}

/** Keeps what it is given. */
export class TextSink implements Sink {
  text = ""

  write(text: string): void {
    this.text += text
  }

  flush(): void {}
}

const PIECE = 64 * 1024
const SLEEPER = new Int32Array(new SharedArrayBuffer(4))
