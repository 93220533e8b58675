import {
  type Abi,
  type AbiEvent,
  type ContractEventName,
  type Hex,
  type Log,
  type ParseEventLogsReturnType,
  parseEventLogs,
  toEventSelector,
} from "viem";

const known = new WeakMap<Abi, ReadonlyMap<Hex, AbiEvent>>();

/**
 * What logs say, as viem's `parseEventLogs` decodes them: those of other events, and those that do not decode, are left out.
 * A contract's topics are computed once, and not anew for each block that a service follows.
 */
export function decodeEvents<
  const abi extends Abi,
  eventName extends ContractEventName<abi> | undefined = undefined,
>(options: {
  readonly abi: abi;
  readonly logs: readonly Log[];
  /** Undefined: every event. */
  readonly eventName?: eventName;
}): ParseEventLogsReturnType<abi, eventName, true> {
  const { abi, logs, eventName } = options;
  const events = eventsOf(abi);
  const decoded = logs.flatMap((log) => {
    const event = events.get(log.topics[0] ?? "0x");
    if (event === undefined || (eventName !== undefined && eventName !== event.name)) return [];
    return parseEventLogs({ abi: [event], logs: [log] });
  });
  return decoded as unknown as ParseEventLogsReturnType<abi, eventName, true>;
}

function eventsOf(abi: Abi): ReadonlyMap<Hex, AbiEvent> {
  let events = known.get(abi);
  if (events === undefined) {
    events = new Map(
      abi.flatMap((item) => (item.type === "event" ? [[toEventSelector(item), item] as const] : [])),
    );
    known.set(abi, events);
  }
  return events;
}
