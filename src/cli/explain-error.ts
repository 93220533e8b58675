import { BaseError } from "viem";
import { asChainError } from "#src/chain/chain-error.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import { STAGES } from "#src/protocol/goods-deals.ts";
import { goodsRefusalText } from "#src/protocol/goods-refusal-text.ts";
import { GOODS_REFUSALS } from "#src/protocol/goods-refusals.ts";
import { inHanse } from "#src/protocol/money.ts";
import { timeWords } from "./time-words.ts";

type Hint = (args: readonly unknown[]) => string;

const hanse = (value: unknown) => (typeof value === "bigint" ? inHanse(value) : String(value));

/** What to do about a contract's refusal, by the name of its error. */
const hints: Readonly<Record<string, Hint>> = {
  ClerkBalanceTooLow: ([, free, wanted]) =>
    `${hanse(wanted)} are needed and ${hanse(free)} are free: \`hanse account deposit\` brings more.`,
  ClerkAllowanceTooLow: () =>
    "Raise what the certifier may hold: `hanse account allow <certifier> <amount>`.",
  ClerkEpochNotRaised: ([, current]) => `The epoch is ${current}, and only rises.`,
  ERC20InsufficientBalance: ([, balance, needed]) =>
    `The wallet has ${hanse(balance)} and ${hanse(needed)} are needed: \`hanse token balance\` shows it.`,
  KeyringKeyInvalid: () => "An account is no operator of itself: name another key.",
  JuryDecided: () => "It is decided: `hanse juror settle` has it ruled.",
  JuryNothingToReveal: () => "It is revealed already.",
  JuryRevealOver: () => "Its time to reveal is over: `hanse juror show` tells until when there was some.",
  JuryRevealRunning: ([, until]) => `Jurors may reveal until block ${until}, unless all of them have.`,
  JuryUndecided: ([, votes, drawn]) =>
    `${votes} of ${drawn} jurors agree, and more than half have to: \`hanse juror extend\` draws others.`,
  PanelAlreadySeated: () => "This wallet sits in the pool already.",
  PanelGraceRunning: ([, until]) => `Others are drawn after block ${until}.`,
  PanelNothingToCommit: () => "This wallet has voted.",
  PanelRoundClosed: () => "The vote is over: `hanse juror show` tells how it stands.",
  PanelRoundRunning: ([, , until]) =>
    `The vote goes on until block ${until}, or until all who are drawn have voted.`,
  PanelSeatNotDrawn: () => "Another seat was drawn: `hanse juror show` tells which.",
  PanelSeedUnknown: () => "The next block says who is drawn: try again in a moment.",
  PanelNotPoolOwner: ([, owner]) => `The pool belongs to ${owner}: use that wallet.`,
  PanelPoolAlreadyOpen: () => "A pool's terms never change: register another pool for other terms.",
  PanelTermsInvalid: () => "A share is at most 100 %, and a pool that is not closed needs a seat stake.",
  RatingsBelowFloor: ([, floor]) => `Only deals of ${hanse(floor)} and more are rated.`,
  RatingsNotPaid: () => "A deal is rated once its seller was paid in full: `hanse parcel confirm` pays it.",
  RatingsNotTheBuyer: ([buyer]) => `${buyer} bought it: use that wallet.`,
  RatingsTwice: () => "A deal is rated once, and the rating stays.",
  ReceiptNoJury: () => "The deal names no pool of jurors: its arbiter rules, or its default stands.",
  ReceiptNotAllowed: ([account]) => `Only ${account} may, or its operator with the power for parcels.`,
  ReceiptNotSigned: ([account]) => `Have ${account} sign the very same: deal, amount and Receipt.`,
  ReceiptNotTheArbiter: () => "Only the arbiter that the deal names rules: `hanse dispute show` tells who.",
  ReceiptSplitTooHigh: ([, price]) => `The buyer gets back at most the price, ${hanse(price)}.`,
  ReceiptTooEarly: ([, until]) => `It is possible only after ${timeWords(until as bigint)}.`,
  ReceiptTooLate: ([, until]) => `It was possible until ${timeWords(until as bigint)}.`,
  ReceiptWrongStage: ([, stage]) =>
    `The deal is ${STAGES[Number(stage)]}: \`hanse dispute show\` tells what may be done.`,
  RegistryAlreadyRegistered: () =>
    "It is registered already: `hanse app show`, `dataset show` and `pool show` tell.",
};

/** Makes an error of whatever kind one that says what to do about it. */
export function explainError(error: unknown): HanseError {
  const known = error instanceof BaseError ? asChainError(error, "asking the chain") : fromSystemError(error);
  if (known.code === "HANSE_CHECKOUT_REFUSED") return explainRefusal(known);
  if (known.code !== "HANSE_TRANSACTION_REVERTED") return known;
  const { error: name, args } = known.details as { error?: string; args?: readonly unknown[] };
  const hint = name === undefined ? undefined : hints[name]?.(args ?? []);
  if (hint === undefined) return known;
  return new HanseError(known.code, known.shortMessage, { hint, details: known.details });
}

/** What the Receipt has against a checkout, as the shop passed it on. */
function explainRefusal(known: HanseError): HanseError {
  const { peer } = known.details as { peer?: { refusal?: unknown } };
  const refusal = GOODS_REFUSALS.find((each) => each === peer?.refusal);
  if (refusal === undefined) return known;
  const { hint } = goodsRefusalText(refusal);
  return new HanseError(known.code, known.shortMessage, { hint, details: known.details });
}
