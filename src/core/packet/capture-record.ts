/**
 * One packet of a capture file. A reader fills the same object for every packet; `view` and what it holds are borrowed until the
 * reader gets its next bytes.
 */
export class CaptureRecord {
  view: DataView = new DataView(new ArrayBuffer(0))
  offset = 0
  captured = 0
  wire = 0
  linkType = 0
  /** When, since 1970: whole seconds, and nanoseconds of the second. A pair, because a number is exact only to 2^53. */
  seconds = 0
  nanoseconds = 0
  /** False: the file gives this packet no time (pcapng's simple packet block); seconds and nanoseconds are those of the packet before. */
  hasTime = true
  /** Index into the reader's `interfaces`; pcap has one interface. */
  interfaceIndex = 0
  /** 0 unknown, 1 arrived, 2 left. */
  direction: 0 | 1 | 2 = 0
}

/** An interface that a capture describes. */
export interface CaptureInterface {
  /** pcapng's if_name, or "". */
  readonly name: string
  readonly linkType: number
  /** How much of a packet was kept at most; 0 is no limit. */
  readonly snapLength: number
}

/** Nanoseconds from the instant (`seconds`, `nanoseconds`) to the record; exact within 104 days of it. */
export function nanosecondsSince(record: CaptureRecord, seconds: number, nanoseconds: number): number {
  return (record.seconds - seconds) * 1e9 + (record.nanoseconds - nanoseconds)
}
