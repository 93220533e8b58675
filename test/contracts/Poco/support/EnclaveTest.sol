// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EnclaveCertificate, Result} from "../../../../contracts/interfaces/IPoco.sol";
import {Asset} from "../../../../contracts/interfaces/IRegistry.sol";
import {Deal} from "../../../../contracts/types/Deals.sol";
import {AssetKind, TaskId} from "../../../../contracts/types/Ids.sol";
import {vm} from "../../support/Vm.sol";
import {PocoTest} from "./PocoTest.sol";

/// Attesters, enclaves, and what they sign.
abstract contract EnclaveTest is PocoTest {
    uint256 internal constant ATTESTER_KEY = 0xA77;
    uint256 internal constant ENCLAVE_KEY = 0xE7C;

    address internal immutable attester = vm.addr(ATTESTER_KEY);
    address internal immutable enclave = vm.addr(ENCLAVE_KEY);

    function appAsset() internal view returns (Asset memory) {
        return Asset({kind: AssetKind.App, registrar: appOwner, checksum: keccak256("app"), measurement: MEASUREMENT});
    }

    /// All but the signature.
    function certificateFor(address worker_) internal view returns (EnclaveCertificate memory) {
        return
            EnclaveCertificate({
                attester: attester,
                worker: worker_,
                enclaveKey: enclave,
                measurement: MEASUREMENT,
                validUntil: type(uint64).max,
                signature: ""
            });
    }

    function certify(TaskId id, EnclaveCertificate memory certificate) internal view {
        certificate.signature = _sign(
            ATTESTER_KEY,
            domainOf(domainName(), verifier()),
            certificateHash(id, certificate)
        );
    }

    function certificateHash(TaskId id, EnclaveCertificate memory certificate) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    keccak256(
                        "EnclaveCertificate(bytes32 taskId,address worker,address enclaveKey,bytes32 measurement,uint64 validUntil)"
                    ),
                    id,
                    certificate.worker,
                    certificate.enclaveKey,
                    certificate.measurement,
                    certificate.validUntil
                )
            );
    }

    function signResult(uint256 key, TaskId id, Result memory result) internal view returns (bytes memory) {
        bytes32 structHash = keccak256(
            abi.encode(keccak256("EnclaveResult(bytes32 taskId,bytes32 resultHash)"), id, hashOf(result))
        );
        return _sign(key, domainOf(domainName(), verifier()), structHash);
    }

    function attest(Deal memory deal, uint32 index, address worker_, Result memory result) internal {
        TaskId id = idOf(deal, index);
        EnclaveCertificate memory certificate = certificateFor(worker_);
        certify(id, certificate);
        bytes memory signature = signResult(ENCLAVE_KEY, id, result);
        vm.prank(STRANGER);
        poco.attest(deal, index, appAsset(), certificate, result, signature);
    }
}
