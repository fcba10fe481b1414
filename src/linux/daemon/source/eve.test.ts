import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs"
import { createConnection } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test, vi } from "vitest"
import { printAddress } from "../../../core/base/address.js"
import type { Event } from "../../../core/event/event.js"
import { failed } from "../../host/outcome.js"
import { eveSource, readEve } from "./eve.js"
import type { SourceContext } from "./source.js"

const alert = {
  timestamp: "2026-01-02T03:04:05.500000+0000",
  event_type: "alert",
  src_ip: "192.0.2.7",
  src_port: 40000,
  dest_ip: "2001:db8::1",
  dest_port: 80,
  proto: "TCP",
  alert: { action: "blocked", signature_id: 2001, signature: "ET SCAN", category: "scan", severity: 2 },
}
const at = Date.parse("2026-01-02T03:04:05.5Z") / 1000

test("an alert and a drop are events, other events are none, and what is broken is counted", () => {
  expect(readEve(JSON.stringify(alert), at)).toMatchObject({
    time: at,
    protocol: 6,
    destinationPort: 80,
    signature: 2001,
    severity: 2,
    isDropped: true,
  })
  expect(readEve(JSON.stringify({ ...alert, event_type: "drop", alert: undefined }), at)).toMatchObject({
    isDropped: true,
    signature: 0,
  })
  expect(readEve(JSON.stringify({ ...alert, event_type: "flow" }), at)).toBeUndefined()
  for (const line of ["{", "null", "7", JSON.stringify({ ...alert, src_ip: "nonsense" })])
    expect([line, readEve(line, at)]).toEqual([line, "unreadable"])
})

test.each([
  {
    version: "4",
    line: '{"timestamp":"2026-01-02T03:04:05.123456+0000","flow_id":1,"in_iface":"eth0","event_type":"alert","src_ip":"203.0.113.9","src_port":40000,"dest_ip":"192.0.2.1","dest_port":80,"proto":"TCP","alert":{"action":"allowed","gid":1,"signature_id":2001219,"rev":20,"signature":"ET SCAN Potential SSH Scan","category":"Attempted Information Leak","severity":2},"http":{"hostname":"x"},"app_proto":"http"}',
    found: "203.0.113.9:40000 > 192.0.2.1:80 6 2001219 2 false",
  },
  {
    version: "6, dropped, IPv6 in full, ICMP",
    line: '{"timestamp":"2026-01-02T03:04:05.123456+0100","event_type":"drop","src_ip":"2001:0db8:0000:0000:0000:0000:0000:0009","dest_ip":"2001:0db8:0001:0000:0000:0000:0000:0001","proto":"IPv6-ICMP","icmp_type":128,"icmp_code":0,"drop":{"len":64,"tc":0,"flowlbl":0,"hoplimit":64},"alert":{"action":"blocked","gid":1,"signature_id":7,"rev":1,"signature":"x","category":"","severity":3}}',
    found: "2001:db8::9:0 > 2001:db8:1::1:0 58 7 3 true",
  },
  {
    version: "7, told by the victim's answer",
    line: '{"timestamp":"2026-01-02T03:04:05.123456+0000","event_type":"alert","pkt_src":"wire/pcap","src_ip":"192.0.2.1","src_port":80,"dest_ip":"203.0.113.9","dest_port":40000,"proto":"TCP","direction":"to_client","alert":{"action":"allowed","gid":1,"signature_id":2100498,"rev":7,"signature":"GPL ATTACK_RESPONSE id check returned root","category":"Potentially Bad Traffic","severity":2,"source":{"ip":"203.0.113.9","port":40000},"target":{"ip":"192.0.2.1","port":80}},"flow":{"pkts_toserver":4}}',
    found: "203.0.113.9:40000 > 192.0.2.1:80 6 2100498 2 false",
  },
  {
    version: "7, to syslog",
    line: '@cee: {"timestamp":"2026-01-02T03:04:05.123456+0000","event_type":"alert","src_ip":"203.0.113.9","src_port":40000,"dest_ip":"192.0.2.1","dest_port":53,"proto":"UDP","alert":{"signature_id":9,"signature":"x","category":"y","severity":1}}',
    found: "203.0.113.9:40000 > 192.0.2.1:53 17 9 1 false",
  },
])("an alert of Suricata $version", ({ line, found }) => {
  const read = readEve(line, at)
  if (read === undefined || read === "unreadable") throw new Error(`${read}`)
  const { source, sourcePort, destination, destinationPort, protocol, signature, severity, isDropped } = read
  expect(
    `${printAddress(source)}:${sourcePort} > ${printAddress(destination)}:${destinationPort} ${protocol} ${signature} ${severity} ${isDropped}`,
  ).toBe(found)
})

test("a clock that is far off is not believed", () => {
  expect(readEve(JSON.stringify(alert), at + 10_000)).toMatchObject({ time: at + 10_000 })
})

test("over a unix socket whole lines count, however they come; a client that stays does not keep the guard from ending", async () => {
  const folder = mkdtempSync(join(tmpdir(), "floodwall-eve-"))
  const path = join(folder, "eve.sock")
  const told: string[] = []
  const source = eveSource(`unix:${path}`).start({
    emit: (event: Event) => told.push("text" in event ? event.text : ""),
    clock: () => at,
    notice: (text: string) => told.push(text),
  } as unknown as SourceContext)
  if (failed(source)) throw new Error("it does not listen")
  onTestFinished(() => {
    source.value.stop()
    rmSync(folder, { recursive: true })
  })
  const said = (signature: string) =>
    `${JSON.stringify({ ...alert, alert: { ...alert.alert, signature } })}\n`
  await vi.waitFor(() => expect(statSync(path).mode & 0o777).toBe(0o660))
  const [one, other] = [createConnection(path), createConnection(path)]
  other.write(`garbage\n${"x".repeat(10_000_000)}\n\xff\n`)
  one.write(said("first").slice(0, 40))
  other.write(said("second"))
  await vi.waitFor(() => expect(told).toEqual(["second"]))
  one.write(said("first").slice(40) + said("third"))
  await vi.waitFor(() => expect(told).toEqual(["second", "first", "third"]))
  expect([source.value.events, source.value.lost, source.value.state]).toEqual([3, 3, "reading"])

  // Suricata is started anew in the midst of a line; somebody has deleted the socket; an alert bears a long payload.
  other.write(said("never said to its end").slice(0, 60))
  other.destroy()
  rmSync(path)
  await vi.waitFor(() => expect(existsSync(path)).toBe(true), 5000)
  expect(told.at(-1)).toMatch(/was deleted: it was made again$/)
  await vi.waitFor(() => expect(statSync(path).mode & 0o777).toBe(0o660))
  const anew = createConnection(path)
  anew.write(said("fourth").replace("}}", `},"payload":"${"A".repeat(300_000)}"}`))
  await vi.waitFor(() => expect(told.at(-1)).toBe("fourth"), 5000)
  one.write(said("fifth"))
  await vi.waitFor(() => expect(told.at(-1)).toBe("fifth"))
  const gone = new Promise((resolve) => one.once("close", resolve))
  source.value.stop()
  await gone
  expect(existsSync(path)).toBe(false)
})
