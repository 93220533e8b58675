import { type Address, type Hex, zeroAddress, zeroHash } from "viem";
import { type Result, resultHash } from "#src/protocol/contributions.ts";
import { type Asset, assetId } from "#src/protocol/ids.ts";
import { onlyAccount } from "#src/protocol/restrictions.ts";
import { structHash } from "#src/protocol/struct-hash.ts";
import type { ClerkModel } from "../clerk/clerk-model.ts";
import type { Deal } from "../clerk/deal.ts";
import type { Mark } from "../clerk/keyring.ts";
import type { Moment } from "../moment.ts";
import type { Settlement } from "../panel/settlement.ts";
import { taskIdOf } from "../panel/task.ts";
import type { Tasks } from "../panel/tasks.ts";
import { need } from "../refusal.ts";
import type { Rules } from "../rules.ts";

/** An attester's word for the key of an enclave. */
export interface Certificate {
  readonly attester: Address;
  readonly worker: Address;
  readonly enclaveKey: Address;
  readonly measurement: Hex;
  readonly validUntil: bigint;
  readonly mark: Mark;
}

/** What an enclave found, and everything that speaks for it. */
export interface Attestation {
  readonly app: Asset;
  readonly certificate: Certificate;
  readonly result: Result;
  readonly resultMark: Mark;
}

const CERTIFICATE = {
  EnclaveCertificate: [
    { name: "taskId", type: "bytes32" },
    { name: "worker", type: "address" },
    { name: "enclaveKey", type: "address" },
    { name: "measurement", type: "bytes32" },
    { name: "validUntil", type: "uint64" },
  ],
} as const;

const ENCLAVE_RESULT = {
  EnclaveResult: [
    { name: "taskId", type: "bytes32" },
    { name: "resultHash", type: "bytes32" },
  ],
} as const;

export function certificateHash(task: Hex, certificate: Omit<Certificate, "attester" | "mark">): Hex {
  return structHash(CERTIFICATE, "EnclaveCertificate", { ...certificate, taskId: task });
}

export function enclaveResultHash(task: Hex, result: Result): Hex {
  return structHash(ENCLAVE_RESULT, "EnclaveResult", { taskId: task, resultHash: resultHash(result) });
}

/** Results of enclaves, by the word of attesters whom the request named. */
export class Enclaves {
  readonly #rules: Rules;
  readonly #clerk: ClerkModel;
  readonly #tasks: Tasks;
  readonly #settlement: Settlement;

  constructor(rules: Rules, clerk: ClerkModel, tasks: Tasks, settlement: Settlement) {
    this.#rules = rules;
    this.#clerk = clerk;
    this.#tasks = tasks;
    this.#settlement = settlement;
  }

  attest(deal: Deal, index: number, attestation: Attestation, now: Moment): void {
    const { certificate, result } = attestation;
    const task = this.#tasks.findOpen(deal, index);
    need(now.block <= this.#tasks.deadlineOf(task), "PanelDeadlineOver");
    need(task.book.seals.length === 0 || this.#rules.attestedAfterSeals, "PocoSealsCommitted");
    const isFailure = result.outcome !== 0;
    need(!isFailure || deal.trust <= 1 || this.#rules.failuresAttested, "PocoFailureNotReplicated");
    this.#checkEnclave(deal, index, attestation, now);
    need(certificate.worker !== zeroAddress, "PocoWorkerMissing");
    this.#settlement.payNamed(task, certificate.worker, result.outcome);
  }

  #checkEnclave(deal: Deal, index: number, attestation: Attestation, now: Moment): void {
    const { app, certificate, result, resultMark } = attestation;
    const { attester, enclaveKey } = certificate;
    const task = taskIdOf(deal, index);
    const isNamed =
      BigInt(deal.attesters) !== 0n && this.#clerk.isAmong(deal.attesters, onlyAccount(attester));
    need(isNamed || this.#rules.attestersUnasked, "PocoAttesterNotAllowed");
    need(assetId(app) === deal.app, "PocoAppDiffers");
    const isSameProgram = app.measurement !== zeroHash && app.measurement === certificate.measurement;
    need(isSameProgram || this.#rules.measurementsIgnored, "PocoMeasurementDiffers");
    need(now.time <= certificate.validUntil + this.#rules.certificateGraceSeconds, "PocoCertificateExpired");
    const word = certificateHash(task, certificate);
    need(this.#clerk.keyring.isOwnWord(attester, word, certificate.mark), "PocoCertificateNotSigned");
    const isFound = resultMark.type === "key" && resultMark.over === enclaveResultHash(task, result);
    need(isFound && resultMark.key === enclaveKey, "PocoResultNotSigned");
  }
}
