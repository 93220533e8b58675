import { type Abi, type AbiEvent, type Hex, type Log, parseEventLogs, toEventSelector } from "viem";

type EventLogs<Events extends Abi> = ReturnType<typeof parseEventLogs<Events>>;

const known = new WeakMap<Abi, ReadonlyMap<Hex, AbiEvent>>();

/**
 * The logs that are events of a contract, decoded; others are left out, also those that cannot be decoded. What viem's
 * `parseEventLogs` gives, which hashes every event of the ABI anew at each call: for who follows every block that was a
 * quarter of all the work.
 * @param logs of this contract: an event of another one may look the same
 */
export function readEventLogs<const Events extends Abi>(
  abi: Events,
  logs: readonly Log[],
): EventLogs<Events> {
  const events = eventsOf(abi);
  return logs.flatMap((log) => {
    const event = events.get(log.topics[0] ?? "0x");
    return event === undefined ? [] : parseEventLogs({ abi: [event], logs: [log] });
  }) as unknown as EventLogs<Events>;
}

function eventsOf(abi: Abi): ReadonlyMap<Hex, AbiEvent> {
  const found = known.get(abi);
  if (found !== undefined) return found;
  const events = abi.filter((item) => item.type === "event");
  const bySelector = new Map(events.map((event) => [toEventSelector(event), event]));
  known.set(abi, bySelector);
  return bySelector;
}
