import { expect, test } from "vitest"
import { readEve } from "./eve.js"

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

test("a clock that is far off is not believed", () => {
  expect(readEve(JSON.stringify(alert), at + 10_000)).toMatchObject({ time: at + 10_000 })
})
