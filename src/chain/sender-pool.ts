import type { Address, LocalAccount, TransactionReceipt } from "viem";
import type { Call, JournaledSender, SenderDeps, SenderOptions, SendOptions } from "./sender.ts";
import { createSender } from "./sender.ts";
import { createMemoryJournal } from "./transaction-journal.ts";

/** Several keys that take turns, for calls where it does not matter who sends them. */
export interface SenderPool {
  readonly addresses: readonly Address[];
  /** Like `Sender.send`, by the key with the fewest calls under way; an id that was sent before stays with its key. */
  send(call: Call, options?: SendOptions): Promise<TransactionReceipt>;
  /** As `JournaledSender.run`, for all of them. */
  run(signal: AbortSignal): Promise<void>;
}

export function createSenderPool(
  deps: Omit<SenderDeps, "account"> & { readonly accounts: readonly [LocalAccount, ...LocalAccount[]] },
  options: SenderOptions = {},
): SenderPool {
  const { chain, accounts, journal = createMemoryJournal() } = deps;
  const senders = accounts.map((account) => createSender({ ...deps, journal, account }, options));
  const chosen = new Map<string, JournaledSender>();

  async function ownerOf(id: string): Promise<JournaledSender | undefined> {
    const entry = await journal.find(await chain.genesisHash(), id);
    const sent = entry === undefined || entry.state === "refused" ? undefined : entry.from;
    return senders.find(({ address }) => address === sent);
  }

  const idlest = () => senders.reduce((best, each) => (each.waiting < best.waiting ? each : best));

  return {
    addresses: senders.map(({ address }) => address),
    async send(call, { id } = {}) {
      if (id === undefined) return await idlest().send(call);
      const owner = await ownerOf(id);
      // Whoever asks at the same time must come to the same key: chosen without waiting for anything.
      const sender = chosen.get(id) ?? owner ?? idlest();
      chosen.set(id, sender);
      try {
        return await sender.send(call, { id });
      } finally {
        if (chosen.get(id) === sender) chosen.delete(id);
      }
    },
    async run(signal) {
      await Promise.all(senders.map((each) => each.run(signal)));
    },
  };
}
