import { type Address, type Hex, numberToHex, sliceHex, zeroAddress } from "viem";
import { ASSET_KINDS } from "#src/protocol/ids.ts";
import { restrictionRule } from "#src/protocol/restrictions.ts";
import type { Mark } from "../../clerk/keyring.ts";
import {
  type Attestation,
  type Certificate,
  certificateHash,
  enclaveResultHash,
} from "../../poco/enclaves.ts";
import type { Sent } from "../market-chain.ts";
import { STRANGERS } from "../strangers.ts";
import { MEASUREMENT, type World, ZERO_WORD } from "../world.ts";
import { result } from "./answers.ts";
import { falsified, type Running } from "./running.ts";
import { type Call, call } from "./step.ts";

/** An enclave's result with its certificate; often enough with something about it that is not right. */
export function attestStep(world: World, running: Running): Call {
  const { deal, index } = running;
  const attestation = attest(world, running);
  const given = falsified(world, deal);
  const { app, certificate, result: found, resultMark } = attestation;
  const { mark, ...plain } = certificate;
  const args = [
    given,
    index,
    { ...app, kind: ASSET_KINDS.indexOf(app.kind) },
    { ...plain, signature: world.signing.bytesOf(mark, "poco") },
    found,
    world.signing.bytesOf(resultMark, "poco"),
  ];
  return {
    ...call(world.anybody(), "poco", "attest", args, (law, now) =>
      law.poco.enclaves.attest(given, index, attestation, now),
    ),
    compare: (_, sent) => compareWord(certificate, sent),
  };
}

function attest(world: World, { deal, task }: Running): Attestation {
  const { random, assets, operators, head } = world;
  const own = assets.app.find(({ id }) => id === deal.app) ?? assets.app[0];
  const app = random.chance(95) && own !== undefined ? own : random.pick(assets.app);
  const attester = attesterOf(world, deal.attesters);
  const enclaveKey = random.chance(97) ? (operators[1] as Address) : zeroAddress;
  const worker = random.chance(98) ? world.anybody() : zeroAddress;
  const words = {
    ...{ worker, enclaveKey },
    measurement: random.chance(92) ? MEASUREMENT : random.pick([ZERO_WORD, numberToHex(1, { size: 32 })]),
    validUntil: random.weighted<bigint>([
      [85, head.time + 10n ** 6n],
      [15, head.time + BigInt(random.below(4))],
    ]),
  };
  const found = result(task.id, random.chance(90) ? "truth" : "lie", zeroAddress);
  const elsewhere = numberToHex(7, { size: 32 });
  return {
    app,
    certificate: {
      ...{ ...words, attester },
      mark: markOf(world, attester, certificateHash(random.chance(97) ? task.id : elsewhere, words)),
    },
    result: found,
    resultMark: markOf(
      world,
      enclaveKey,
      enclaveResultHash(task.id, random.chance(97) ? found : { ...found, content: elsewhere }),
    ),
  };
}

/** Whom the request asked for, mostly. */
function attesterOf(world: World, attesters: Hex): Address {
  const { random } = world;
  const rule = restrictionRule(attesters);
  const named =
    rule.type === "exactly" ? sliceHex(rule.subject, 12) : random.pick([world.attester, STRANGERS.wallet]);
  return random.weighted<Address>([
    [94, named],
    [4, world.anybody()],
    [2, zeroAddress],
  ]);
}

/** Who has no key signs with anybody's, or with none. */
function markOf(world: World, signer: Address, over: Hex): Mark {
  const { random } = world;
  const key = world.addresses.includes(signer) ? signer : world.anybody();
  return random.weighted<Mark>([
    [92, { type: "key", key, over }],
    [4, { type: "key", key: world.anybody(), over }],
    [2, { type: "junk" }],
    [2, { type: "none" }],
  ]);
}

/** Whose word it was, as the event tells it. */
function compareWord({ attester, enclaveKey }: Certificate, { logs }: Sent): string | undefined {
  const event = logs.find(({ name }) => name === "EnclaveAttested");
  const seen = [event?.args.attester, event?.args.enclaveKey].join().toLowerCase();
  return seen === [attester, enclaveKey].join() ? undefined : `attested by ${attester}, ${seen} seen`;
}
