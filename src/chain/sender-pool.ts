import type { ChainClient } from "./chain-client.ts";
import type { JournaledSender, Sender } from "./sender.ts";
import type { TransactionJournal } from "./transaction-journal.ts";

export interface SenderPoolDeps {
  readonly chain: ChainClient;
  /** Of different accounts; whoever made them has each of them `run`. */
  readonly senders: readonly [JournaledSender, ...JournaledSender[]];
  /** The one they share. */
  readonly journal: TransactionJournal;
}

/** Several keys that take turns, for calls where it does not matter who sends them. */
export type SenderPool = Pick<Sender, "send">;

/** Gives a call to the key with the fewest under way; an id that was sent before stays with its key. */
export function createSenderPool({ chain, senders, journal }: SenderPoolDeps): SenderPool {
  const chosen = new Map<string, JournaledSender>();

  async function ownerOf(id: string): Promise<JournaledSender | undefined> {
    const entry = await journal.find(await chain.genesisHash(), id);
    const sent = entry === undefined || entry.state === "refused" ? undefined : entry.from;
    return senders.find(({ address }) => address === sent);
  }

  const idlest = () => senders.reduce((best, each) => (each.waiting < best.waiting ? each : best));

  return {
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
  };
}
