// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IGroup} from "../../../contracts/interfaces/IGroup.sol";
import {Operator} from "../../../contracts/interfaces/IKeyring.sol";
import {Contribution, IPanel, Reward, TaskStatus, toReward} from "../../../contracts/interfaces/IPanel.sol";
import {EnclaveCertificate, IPoco, Result} from "../../../contracts/interfaces/IPoco.sol";
import {Asset} from "../../../contracts/interfaces/IRegistry.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {AssetKind, Restriction, TaskId} from "../../../contracts/types/Ids.sol";
import {Wish} from "../Panel/support/Market.sol";
import {vm} from "../support/Vm.sol";
import {EnclaveTest} from "./support/EnclaveTest.sol";

/// Attesters that are told by a contract, and one that is a contract.
contract Attesters is IGroup, IERC1271 {
    bytes32 private immutable MEMBER;
    bytes32 private _approved;

    constructor(address member) {
        MEMBER = bytes32(uint256(uint160(member)));
    }

    function approve(bytes32 digest) external {
        _approved = digest;
    }

    function isMember(bytes32 subject) external view returns (bool) {
        return subject == MEMBER;
    }

    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        return digest == _approved ? this.isValidSignature.selector : bytes4(0);
    }
}

// attest
// ├── when the request names no attesters, or others: refused
// ├── when a seal is committed, the deadline over, or the task settled: refused
// ├── when the app brought is another, has no measurement, or another than the certificate: refused
// ├── when the certificate is expired, of another task, chain or contract, changed, or of somebody else: refused
// ├── when the enclave's signature is of another key, task or result: refused
// ├── when nobody is to be paid: refused
// ├── an attester may be one of a group, or a contract; its operators sign nothing
// └── else everybody is paid at once, at any trust, and nobody's score changes; a failure is refunded
contract AttestTest is EnclaveTest {
    Deal private _deal;
    TaskId private _id;
    EnclaveCertificate private _certificate;

    function setUp() public override {
        super.setUp();
        enrol(0, 5);
        _use(10, Restriction.wrap(bytes32(uint256(uint160(attester)))));
    }

    function test_refusesWithoutAttesters() external {
        _use(10, Restriction.wrap(0));
        _refused(abi.encodeWithSelector(IPoco.PocoAttesterNotAllowed.selector, Restriction.wrap(0), attester));
        // Zero is nobody's word, whatever the request says.
        EnclaveCertificate memory nobodys = _certificate;
        nobodys.attester = address(0);
        _refused(
            nobodys,
            abi.encodeWithSelector(IPoco.PocoAttesterNotAllowed.selector, Restriction.wrap(0), address(0))
        );
    }

    function test_refusesOtherAttesters() external {
        Restriction other = Restriction.wrap(bytes32(uint256(uint160(STRANGER))));
        _use(10, other);
        _refused(abi.encodeWithSelector(IPoco.PocoAttesterNotAllowed.selector, other, attester));
        // Nor does its own name help who is not it.
        EnclaveCertificate memory forged = _certificate;
        forged.attester = STRANGER;
        _refused(forged, abi.encodeWithSelector(IPoco.PocoCertificateNotSigned.selector, _id, STRANGER));
    }

    function test_refusesWhenSealsAreCommitted() external {
        advance(2);
        uint32 first = drawnIn(_deal, 1)[2];
        Contribution memory one = contribution(_id, 1, first, success());
        poco.commit(_deal, 0, only(one));
        _refused(abi.encodeWithSelector(IPoco.PocoSealsCommitted.selector, _id, uint64(4)));
    }

    function test_refusesAfterTheDeadline() external {
        advance(DEADLINE_BLOCKS + 1);
        _refused(abi.encodeWithSelector(IPanel.PanelDeadlineOver.selector, _id, currentBlock - 1));
    }

    function test_refusesTwice() external {
        attest(_deal, 0, worker(9), success());
        _refused(abi.encodeWithSelector(IPanel.PanelAlreadySettled.selector, _id, TaskStatus.Certified));
    }

    function test_refusesAnotherApp() external {
        Asset memory other = appAsset();
        other.checksum = keccak256("another app");
        bytes memory signature = signResult(ENCLAVE_KEY, _id, success());
        vm.expectRevert(abi.encodeWithSelector(IPoco.PocoAppDiffers.selector, app, registry.idOf(other)));
        poco.attest(_deal, 0, other, _certificate, success(), signature);
    }

    function test_refusesAnotherMeasurement() external {
        EnclaveCertificate memory other = _certificate;
        other.measurement = keccak256("another enclave");
        certify(_id, other);
        _refused(other, abi.encodeWithSelector(IPoco.PocoMeasurementDiffers.selector, MEASUREMENT, other.measurement));
    }

    function test_refusesAnAppWithoutMeasurement() external {
        Wish memory wish = aWish();
        (wish.app, wish.attesters) = (plainApp, Restriction.wrap(bytes32(uint256(uint160(attester)))));
        _deal = seal(wish);
        _id = idOf(_deal, 0);
        EnclaveCertificate memory empty = certificateFor(worker(9));
        empty.measurement = 0;
        certify(_id, empty);
        Asset memory plain = Asset(AssetKind.App, appOwner, keccak256("plain app"), 0);
        bytes memory signature = signResult(ENCLAVE_KEY, _id, success());
        vm.expectRevert(abi.encodeWithSelector(IPoco.PocoMeasurementDiffers.selector, bytes32(0), bytes32(0)));
        poco.attest(_deal, 0, plain, empty, success(), signature);
    }

    function test_refusesAnExpiredCertificate() external {
        vm.warp(1_800_000_000);
        EnclaveCertificate memory expired = _certificate;
        expired.validUntil = 1_799_999_999;
        certify(_id, expired);
        _refused(expired, abi.encodeWithSelector(IPoco.PocoCertificateExpired.selector, expired.validUntil));
        expired.validUntil = 1_800_000_000;
        certify(_id, expired);
        bytes memory signature = signResult(ENCLAVE_KEY, _id, success());
        poco.attest(_deal, 0, appAsset(), expired, success(), signature);
    }

    function test_refusesWhatTheAttesterDidNotSign() external {
        bytes memory refusal = abi.encodeWithSelector(IPoco.PocoCertificateNotSigned.selector, _id, attester);
        EnclaveCertificate memory changed = _certificate;
        changed.worker = STRANGER;
        _refused(changed, refusal);
        changed = _certificate;
        changed.enclaveKey = STRANGER;
        _refused(changed, refusal);
        changed = _certificate;
        changed.validUntil -= 1;
        _refused(changed, refusal);
        changed = _certificate;
        // For another task.
        certify(idOf(_deal, 1), changed);
        _refused(changed, refusal);
        // For another contract.
        changed.signature = _sign(ATTESTER_KEY, domainOf(domainName(), address(clerk)), certificateHash(_id, changed));
        _refused(changed, refusal);
        changed.signature = "";
        _refused(changed, refusal);
    }

    function test_refusesACertificateOfAnotherChain() external {
        bytes memory signature = signResult(ENCLAVE_KEY, _id, success());
        vm.chainId(4_711);
        vm.expectRevert(abi.encodeWithSelector(IPoco.PocoCertificateNotSigned.selector, _id, attester));
        poco.attest(_deal, 0, appAsset(), _certificate, success(), signature);
    }

    function test_refusesAnOperatorOfTheAttester() external {
        vm.prank(attester);
        keyring.setOperator(STRANGER, Operator(type(uint16).max, type(uint64).max, type(uint40).max));
        EnclaveCertificate memory changed = certificateFor(worker(9));
        changed.signature = _sign(ENCLAVE_KEY, domainOf(domainName(), address(poco)), certificateHash(_id, changed));
        vm.prank(attester);
        keyring.setOperator(enclave, Operator(type(uint16).max, type(uint64).max, type(uint40).max));
        _refused(changed, abi.encodeWithSelector(IPoco.PocoCertificateNotSigned.selector, _id, attester));
    }

    function test_refusesWhatTheEnclaveDidNotSign() external {
        bytes memory refusal = abi.encodeWithSelector(IPoco.PocoResultNotSigned.selector, _id, enclave);
        _refusedSignature(signResult(ATTESTER_KEY, _id, success()), refusal);
        _refusedSignature(signResult(ENCLAVE_KEY, _id, otherResult()), refusal);
        _refusedSignature(signResult(ENCLAVE_KEY, idOf(_deal, 1), success()), refusal);
        _refusedSignature("", refusal);
    }

    function test_refusesAnEnclaveWithoutKey() external {
        EnclaveCertificate memory keyless = _certificate;
        keyless.enclaveKey = address(0);
        certify(_id, keyless);
        bytes memory refusal = abi.encodeWithSelector(IPoco.PocoResultNotSigned.selector, _id, address(0));
        vm.expectRevert(refusal);
        poco.attest(_deal, 0, appAsset(), keyless, success(), "");
    }

    function test_refusesToPayNobody() external {
        EnclaveCertificate memory nobodys = _certificate;
        nobodys.worker = address(0);
        certify(_id, nobodys);
        _refused(nobodys, abi.encodeWithSelector(IPoco.PocoWorkerMissing.selector, _id));
    }

    function test_paysEverybodyAtOnce() external {
        uint256 poolBefore = freeOf(poolOwner) + lockedOf(poolOwner);
        vm.expectEmit(true, true, true, true, address(poco));
        emit IPoco.EnclaveAttested(_id, attester, enclave);
        Reward[] memory rewards = new Reward[](1);
        rewards[0] = toReward(worker(9), 9 * HANSE, 0);
        vm.expectEmit(true, true, true, true, address(poco));
        emit IPoco.TaskCertified(_id, hashOf(success()), success(), rewards);
        attest(_deal, 0, worker(9), success());
        equal(freeOf(worker(9)), 9 * HANSE, "worker");
        equal(freeOf(appOwner), HANSE, "app");
        equal(freeOf(poolOwner) - poolBefore, HANSE, "scheduler");
        equal(lockedOf(requester) + lockedOf(poolOwner), 0, "nothing stays locked");
        for (uint256 i = 0; i < 5; ++i) {
            equal(seatOf(i).score, 0, "score");
        }
        equal(uint256(taskOf(_deal).status), uint256(TaskStatus.Certified), "status");
    }

    function test_atAnyTrust() external {
        _use(0, Restriction.wrap(bytes32(uint256(uint160(attester)))));
        attest(_deal, 0, worker(9), success());
        equal(freeOf(worker(9)), 9 * HANSE, "worker");
    }

    function test_refusesAFailureThatReplicationWouldFind() external {
        EnclaveCertificate memory certificate = _certificate;
        bytes memory signature = signResult(ENCLAVE_KEY, _id, failure());
        vm.expectRevert(abi.encodeWithSelector(IPoco.PocoFailureNotReplicated.selector, _id, failure().outcome));
        poco.attest(_deal, 0, appAsset(), certificate, failure(), signature);
    }

    function test_refundsAFailureAtTrustOne() external {
        _use(1, Restriction.wrap(bytes32(uint256(uint160(attester)))));
        uint256 payerBefore = freeOf(requester);
        attest(_deal, 0, worker(9), failure());
        equal(freeOf(worker(9)), (9 * HANSE) / 10, "worker");
        equal(freeOf(requester) - payerBefore, 10 * HANSE, "requester");
        equal(uint256(taskOf(_deal).status), uint256(TaskStatus.Failed), "status");
    }

    function test_anAttesterOfAGroup() external {
        Attesters group = new Attesters(attester);
        _use(10, Restriction.wrap(bytes32((uint256(0xff) << 248) | uint160(address(group)))));
        attest(_deal, 0, worker(9), success());
        group = new Attesters(STRANGER);
        Restriction others = Restriction.wrap(bytes32((uint256(0xff) << 248) | uint160(address(group))));
        _use(10, others);
        _refused(abi.encodeWithSelector(IPoco.PocoAttesterNotAllowed.selector, others, attester));
    }

    function test_anAttesterMayBeAContract() external {
        Attesters contractor = new Attesters(STRANGER);
        _use(10, Restriction.wrap(bytes32(uint256(uint160(address(contractor))))));
        EnclaveCertificate memory its = _certificate;
        its.attester = address(contractor);
        _refused(its, abi.encodeWithSelector(IPoco.PocoCertificateNotSigned.selector, _id, address(contractor)));
        contractor.approve(
            keccak256(abi.encodePacked(hex"1901", domainOf(domainName(), address(poco)), certificateHash(_id, its)))
        );
        bytes memory signature = signResult(ENCLAVE_KEY, _id, success());
        poco.attest(_deal, 0, appAsset(), its, success(), signature);
    }

    function testFuzz_conservesToTheUnit(uint64 appPrice, uint64 poolPrice, bool fails) external {
        Wish memory wish = aWish();
        (wish.appPrice, wish.poolPrice) = (appPrice % (1_000 * HANSE), poolPrice % (1_000 * HANSE));
        wish.attesters = Restriction.wrap(bytes32(uint256(uint160(attester))));
        if (fails) wish.trust = 1;
        uint256 poolBefore = freeOf(poolOwner);
        uint256 payerBefore = freeOf(requester);
        Deal memory deal = seal(wish);
        attest(deal, 0, worker(9), fails ? failure() : success());
        uint256 paid = payerBefore - freeOf(requester);
        equal(paid, fails ? wish.poolPrice / 10 : uint256(wish.appPrice) + wish.poolPrice, "the price, or the fee");
        equal(freeOf(worker(9)) + freeOf(poolOwner) - poolBefore + freeOf(appOwner), paid, "is what the others got");
    }

    // ── Helpers ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function _use(uint32 trust, Restriction attesters) private {
        Wish memory wish = aWish();
        (wish.trust, wish.attesters) = (trust, attesters);
        _deal = seal(wish);
        _id = idOf(_deal, 0);
        EnclaveCertificate memory certificate = certificateFor(worker(9));
        certify(_id, certificate);
        _certificate = certificate;
    }

    function _refused(bytes memory refusal) private {
        _refused(_certificate, refusal);
    }

    function _refused(EnclaveCertificate memory certificate, bytes memory refusal) private {
        bytes memory signature = signResult(ENCLAVE_KEY, _id, success());
        vm.expectRevert(refusal);
        poco.attest(_deal, 0, appAsset(), certificate, success(), signature);
    }

    function _refusedSignature(bytes memory signature, bytes memory refusal) private {
        vm.expectRevert(refusal);
        poco.attest(_deal, 0, appAsset(), _certificate, success(), signature);
    }
}
