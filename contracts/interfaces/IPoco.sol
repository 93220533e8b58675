// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Deal} from "../types/Deals.sol";
import {AssetId, Restriction, TaskId} from "../types/Ids.sol";
import {Committed, IPanel, Reward} from "./IPanel.sol";
import {Asset} from "./IRegistry.sol";

/// @notice What was computed. Its hash, `keccak256(abi.encode(outcome, content, memoryHash, keccak256(callbackData)))`,
/// is what workers agree on.
struct Result {
    /// 0: success; else why the task cannot succeed (`src/protocol/outcomes.ts`).
    uint8 outcome;
    /// SHA-256 of the output, its address in the content store.
    bytes32 content;
    /// SHA-256 over the length (8 bytes, big endian) and the bytes of the program's final memory.
    bytes32 memoryHash;
    /// For the requester's contract.
    bytes callbackData;
}

/// @notice An attester's word that a key lives in an enclave that runs an app for one task: EIP-712
/// `EnclaveCertificate(bytes32 taskId,address worker,address enclaveKey,bytes32 measurement,uint64 validUntil)`.
struct EnclaveCertificate {
    address attester;
    /// Who is paid.
    address worker;
    address enclaveKey;
    /// What the enclave runs; the app's own.
    bytes32 measurement;
    /// The last second at which it counts.
    uint64 validUntil;
    /// The attester's.
    bytes signature;
}

/// @title IPoco
/// @notice Proof-of-Contribution: was the work right? Stake, reputation, and replication until a confidence is met.
/// `IPanel` says how workers are drawn, commit, and are fined.
///
/// A seal is `keccak256(abi.encode(worker, keccak256(abi.encode(round, taskId, resultHash))))`. Once a round is closed
/// its workers disclose their digests off chain, and everybody sees whether the result is sure enough. If so, the result
/// is disclosed and anyone calls `finalize`; else the next round is opened.
///
/// Rules:
/// - Weight of a worker: `max(score / 3, 3) − 1`, at most 16. Group: the product of the weights of the seals that match
///   the result; hostile: that of the others, 0 if there is none. Reached: `group · trust > (1 + group + hostile) ·
///   (trust − 1)`, and seals that match in at least 2/3 of all places drawn so far.
/// - Certified: the workers who were right share their part by log2 of their weights.
/// - A wrong seat is convicted: it loses its place and forfeits its stake, which stays in the seat. Each task in which it
///   was wrong takes up to what the pool is paid out of the stakes of all its wrong seats together, in the order of
///   their seals, for those who were right. What nobody took when the seat is released is the treasury's. So one stake
///   backs all tasks of the seat, for as much as each is priced and in the order in which they end; and no task brings
///   accomplices more of it than they paid for the task.
/// - Certified failure: refunded but for a fee out of the pool's price, shared like a reward. Nobody is slashed for
///   having found the failure; who said otherwise is wrong as always.
/// - A score rises by one for a right answer that at least two gave, where the pool is paid at least 0.001 HANSE; it
///   falls by a third, rounded up, for a wrong one. It goes on in the worker's next seat of the pool.
/// - Trust 0 and 1: the pool's owner names worker and result (`complete`).
/// - Where the request names attesters, one of them and the app's enclave stand in for replication (`attest`). Since such a
///   task can be ended before its seals come, by whoever does not like the draw, there is nothing to win by its draw: the
///   stakes of wrong seats are the treasury's, and no score rises. Above trust 1 no failure is attested.
/// @dev EIP-712 domain ("Hanse Poco", "1", chain id, this contract).
/// @dev Warning: a result that can be guessed can be tried against a seal: subjective answers belong to `IJury`.
interface IPoco is IPanel {
    /// @notice The worker was wrong: `paid` of its stake went to those who were right, and `forfeited`, what is left of
    /// it, is lost to it too.
    event WorkerSlashed(TaskId indexed taskId, address indexed worker, uint64 paid, uint64 forfeited, uint32 score);
    event TaskCertified(TaskId indexed taskId, bytes32 indexed resultHash, Result result, Reward[] rewards);
    event TaskFailed(TaskId indexed taskId, bytes32 indexed resultHash, uint8 outcome, Reward[] rewards);
    /// @notice The task's result is an enclave's, by the word of `attester`.
    event EnclaveAttested(TaskId indexed taskId, address indexed attester, address enclaveKey);

    /// @notice Trust above 1 needs `commit` and `finalize`.
    error PocoReplicated(uint32 trust);
    /// @notice The result is not sure enough.
    error PocoNotReached(TaskId taskId, uint256 matching, uint256 drawn, uint256 group, uint256 hostile);
    error PocoWorkerMissing(TaskId taskId);
    /// @notice Drawn workers have committed already: they are not robbed of their pay.
    error PocoSealsCommitted(TaskId taskId, uint64 places);
    /// @notice Above trust 1 a failure, which refunds the payer, is believed to replication only.
    error PocoFailureNotReplicated(TaskId taskId, uint8 outcome);
    /// @notice The request names no attesters, or others.
    error PocoAttesterNotAllowed(Restriction attesters, address attester);
    /// @notice Not the content of the deal's app.
    error PocoAppDiffers(AssetId app, AssetId given);
    /// @notice The enclave runs something else, or the app was registered without a measurement.
    error PocoMeasurementDiffers(bytes32 ofApp, bytes32 ofEnclave);
    error PocoCertificateExpired(uint64 validUntil);
    error PocoCertificateNotSigned(TaskId taskId, address attester);
    error PocoResultNotSigned(TaskId taskId, address enclaveKey);

    /// @notice Certifies a result and has everybody paid: workers in their seats (`collect`). Anyone who knows the
    /// result. Emits `TaskCertified` or `TaskFailed`, and where it applies `WorkerSlashed`, `PlaceMissed`,
    /// `CallbackRun`.
    /// @param seals Everything committed so far, in order. A seal of zero stands for the one that matches the result: it
    /// need not be sent, since it can be told from worker, round and result.
    /// @dev Reverts with `PanelIndexOutOfRange`, `PanelAlreadySettled`, `PanelNotReplicated`, `PanelDeadlineOver`,
    /// `PanelRoundRunning`, `PanelSealsDiffer` or `PocoNotReached`; the Clerk says whether the deal is true
    /// (`ClerkDealUnknown`, `ClerkNotTheCertifier`). The callback comes last, with 200,000 gas that the caller has to
    /// bring (`ResultCallbackGasTooLow`); whatever it does changes nothing.
    function finalize(Deal calldata deal, uint32 index, Committed[] calldata seals, Result calldata result) external;

    /// @notice Certifies the result of a task of trust 0 or 1; only who owned the pool at the seal, or an operator of
    /// its with `POWER_RESULT`. The worker is paid in its account, whether it has a seat or not. Emits `TaskCertified`
    /// or `TaskFailed`, and where it applies `CallbackRun`.
    /// @dev Reverts with `PanelIndexOutOfRange`, `PanelAlreadySettled`, `PocoReplicated`, `PanelNotPoolOwner`,
    /// `PanelDeadlineOver` or `PocoWorkerMissing`, and like `finalize` on a deal that is not true and on too little gas
    /// for the callback.
    /// @dev Warning: nothing is replicated and nobody drawn: the requester trusts the pool's owner, who names the
    /// worker.
    function complete(Deal calldata deal, uint32 index, address worker, Result calldata result) external;

    /// @notice Certifies the result of an enclave, at any trust. Anyone. The worker is paid in its account, whether it
    /// has a seat or not. Emits `EnclaveAttested`, `TaskCertified` or `TaskFailed`, and where it applies `CallbackRun`.
    /// @param app The content of the deal's app, which the deal's app id commits to.
    /// @param enclaveSignature The enclave key's, over EIP-712 `EnclaveResult(bytes32 taskId,bytes32 resultHash)`.
    /// @dev Reverts with `PanelIndexOutOfRange`, `PanelAlreadySettled`, `PanelDeadlineOver`, `PocoSealsCommitted`,
    /// `PocoFailureNotReplicated`,
    /// `PocoAttesterNotAllowed`, `PocoAppDiffers`, `PocoMeasurementDiffers`, `PocoCertificateExpired`,
    /// `PocoCertificateNotSigned`, `PocoResultNotSigned` or `PocoWorkerMissing`, and like `finalize` on a deal that is
    /// not true and on too little gas for the callback. The attester may be a contract (ERC-1271), and be told by a
    /// group; both are asked statically with capped gas (`ForeignCallGasTooLow`).
    /// @dev Warning: the requester chose the attesters, and may be one: until the first seal is committed it can end the
    /// task as it likes. Above trust 1 it pays app, dataset and scheduler in full for that, but drawn workers who
    /// do not want to work in vain commit early, or not for such deals.
    function attest(
        Deal calldata deal,
        uint32 index,
        Asset calldata app,
        EnclaveCertificate calldata certificate,
        Result calldata result,
        bytes calldata enclaveSignature
    ) external;
}
