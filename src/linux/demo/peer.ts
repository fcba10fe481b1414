import { createSocket } from "node:dgram"
import { connect, createServer, type Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"

/** What real sockets do in the laboratory: one process serves on each host, one asks from outside. */

/** Ports of the services. */
export const services = { ssh: 22, dns: 53, web: 80 } as const

/** What one exchange came to. */
export interface Exchange {
  readonly kind: string
  readonly family: 4 | 6
  readonly ok: boolean
  readonly why: string
}

const PAGE = 300_000
/** A question asks for so many bytes in its first four. */
const ANSWERS = [120, 1200, 4000]

/** Serves until it is killed; prints a line when it is ready. */
export async function serve(): Promise<void> {
  const page = Buffer.alloc(PAGE, "a page about nothing in particular. ")
  const web = createServer((client) => client.on("error", ignore).once("data", () => client.end(page)))
  const ssh = createServer((client) => client.on("error", ignore).on("data", (typed) => client.write(typed)))
  const dns = createSocket("udp6").on("message", (question, asker) => {
    const length = question.length >= 4 ? Math.min(question.readUInt32BE(0), 9000) : 100
    dns.send(Buffer.alloc(length, 7), asker.port, asker.address, ignore)
  })
  await Promise.all([
    new Promise<void>((ready) => web.listen(services.web, "::", 4096, ready)),
    new Promise<void>((ready) => ssh.listen(services.ssh, "::", ready)),
    new Promise<void>((ready) => dns.bind(services.dns, "::", ready)),
  ])
  process.stdout.write("ready\n")
}

/** Asks every address for pages, a session and names, some at the same time. */
export async function ask(addresses: readonly string[]): Promise<Exchange[]> {
  const exchanges = addresses.flatMap((address) => {
    const family = address.includes(":") ? (6 as const) : (4 as const)
    const exchange = async (kind: string, work: Promise<unknown>): Promise<Exchange> => {
      const why = await Promise.race([
        work
          .then(() => "")
          .catch((error: unknown) => (error instanceof Error ? error.message : String(error))),
        sleep(5000, "no answer within 5 s", { ref: false }),
      ])
      return { kind, family, ok: why === "", why }
    }
    return [
      exchange(sockets.web, fetchPage(address)),
      exchange(sockets.web, fetchPage(address)),
      exchange(sockets.ssh, typeLines(address)),
      ...ANSWERS.map((length) => exchange(sockets.dns, askName(address, length))),
    ]
  })
  return Promise.all(exchanges)
}

/** Names of the rows. */
export const sockets = {
  web: "real sockets: pages of 300 kB",
  ssh: "real sockets: a session, line by line",
  dns: "real sockets: UDP up to 4000 bytes, both ways",
} as const

function fetchPage(host: string): Promise<void> {
  return new Promise((done, fail) => {
    let got = 0
    const server = open(host, services.web, fail)
    server.on("data", (part) => (got += part.length))
    server.on("close", () => (got === PAGE ? done() : fail(new Error(`${got} of ${PAGE} bytes`))))
    server.write("GET / HTTP/1.0\r\n\r\n")
  })
}

async function typeLines(host: string): Promise<void> {
  await new Promise<void>((done, fail) => {
    const server = open(host, services.ssh, fail)
    let lines = 0
    server.on("data", () => {
      if (++lines === 10) server.end()
      else setTimeout(() => server.write(`line ${lines}\n`), 5)
    })
    server.on("close", () => (lines === 10 ? done() : fail(new Error(`${lines} of 10 lines`))))
    server.write("line 0\n")
  })
}

function askName(host: string, length: number): Promise<void> {
  return new Promise((done, fail) => {
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4")
    socket.on("message", (answer) => {
      socket.close()
      if (answer.length === length) done()
      else fail(new Error(`${answer.length} of ${length} bytes`))
    })
    // As large as what it asks for: questions arrive in fragments too.
    const question = Buffer.alloc(Math.max(length, 40))
    question.writeUInt32BE(length)
    socket.send(question, services.dns, host, (error) => error && fail(error))
    setTimeout(() => fail(new Error("no answer")), 4000).unref()
  })
}

function open(host: string, port: number, fail: (error: Error) => void): Socket {
  return connect({ host, port, noDelay: true }).on("error", fail)
}

function ignore(): void {}
