// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {EnclaveCertificate} from "../../interfaces/IPoco.sol";
import {Asset} from "../../interfaces/IRegistry.sol";
import {Keccak} from "../../libraries/Keccak.sol";
import {Restrictions} from "../../libraries/Restrictions.sol";
import {Signatures} from "../../libraries/Signatures.sol";
import {Deal} from "../../types/Deals.sol";
import {AssetId, Restriction, TaskId} from "../../types/Ids.sol";
import {Tallies} from "./Tallies.sol";

/// @title Enclaves
/// @notice Whether an enclave's result may stand in for replication.
abstract contract Enclaves is Tallies {
    using Restrictions for Restriction;

    bytes32 private constant CERTIFICATE_TYPEHASH = keccak256(
        "EnclaveCertificate(bytes32 taskId,address worker,address enclaveKey,bytes32 measurement,uint64 validUntil)"
    );
    /// @dev An attester's word is its own, never an operator's.
    uint16 private constant NO_POWER = 0;

    bytes32 private constant RESULT_TYPEHASH = keccak256("EnclaveResult(bytes32 taskId,bytes32 resultHash)");

    /// @dev That the certificate is an allowed attester's, for this task and the deal's app.
    function _checkCertificate(
        Deal calldata deal,
        TaskId id,
        Asset calldata app,
        EnclaveCertificate calldata certificate
    ) internal view {
        address attester = certificate.attester;
        // No restriction at all means nobody here.
        require(
            Restriction.unwrap(deal.attesters) != 0 && deal.attesters.allows(attester),
            PocoAttesterNotAllowed(deal.attesters, attester)
        );
        AssetId given = REGISTRY.idOf(app);
        require(given == deal.app, PocoAppDiffers(deal.app, given));
        require(
            app.measurement != 0 && app.measurement == certificate.measurement,
            PocoMeasurementDiffers(app.measurement, certificate.measurement)
        );
        require(block.timestamp <= certificate.validUntil, PocoCertificateExpired(certificate.validUntil));
        bytes32 structHash = keccak256(
            abi.encode(
                CERTIFICATE_TYPEHASH,
                id,
                certificate.worker,
                certificate.enclaveKey,
                certificate.measurement,
                certificate.validUntil
            )
        );
        (bool valid, , ) = KEYRING.check(attester, NO_POWER, _domainSeparator(), structHash, certificate.signature);
        require(valid, PocoCertificateNotSigned(id, attester));
    }

    /// @dev That the enclave's key signed the result.
    function _checkEnclave(TaskId id, bytes32 resultHash, address enclaveKey, bytes calldata signature) internal view {
        bytes32 structHash = Keccak.ofWords(RESULT_TYPEHASH, TaskId.unwrap(id), resultHash);
        require(
            Signatures.isKeys(enclaveKey, MessageHashUtils.toTypedDataHash(_domainSeparator(), structHash), signature),
            PocoResultNotSigned(id, enclaveKey)
        );
    }
}
