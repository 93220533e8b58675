// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Batch} from "../../../../contracts/interfaces/IClerk.sol";
import {POWER_SPONSORSHIP} from "../../../../contracts/interfaces/IKeyring.sol";
import {Leg, Refusal} from "../../../../contracts/types/Refusals.sol";
import {BulkTree} from "../../support/BulkTree.sol";
import {KeyWallet} from "../../support/Foreign.sol";
import {MarketTest} from "../../support/MarketTest.sol";
import {vm} from "../../support/Vm.sol";

/// seal, bulk signatures
///   given a wrong place, a changed proof, another kind's tree, another height
///                                              it should refuse: BadSignature
///   given a tree of height 0 or 11             it should refuse: BadSignature
///   given a bulk-signed sponsorship            it should refuse: SponsorNotSigned
///   given heights 1 to 10, any place, any leg  it should seal
///   given a root signed by an operator, presigned, or by a smart account
///                                              it should seal
contract SealBulkTest is MarketTest {
    struct Tree {
        bytes32 signed;
        bytes32[] proof;
        uint256 index;
    }

    function _tree(
        bytes32 leaf,
        Leg kind,
        uint256 height,
        uint256 index,
        uint256 seed
    ) private pure returns (Tree memory t) {
        t.index = index % (1 << height);
        bytes32[] memory leaves = BulkTree.leavesAround(leaf, t.index, height, seed);
        t.proof = BulkTree.proofOf(leaves, t.index);
        t.signed = BulkTree.structHash(kind, height, BulkTree.rootOf(leaves));
    }

    function _encoded(Tree memory t, uint256 key) private view returns (bytes memory) {
        return BulkTree.encode(signature(key, t.signed), t.proof, t.index);
    }

    /// @dev A batch whose `leg` is signed in bulk.
    function _batch(
        Leg leg,
        uint256 height,
        uint256 index,
        uint256 seed
    ) private view returns (Batch memory, Tree memory) {
        Batch memory batch = batchWithDataset();
        Tree memory t = _tree(hashOf(batch, leg), leg, height, index, seed);
        setSignature(batch, leg, _encoded(t, keyOf(leg)));
        return (batch, t);
    }

    function testFuzz_seals(uint8 leg, uint8 height, uint16 index, uint256 seed) external {
        height = uint8(bound(height, 1, 8));
        (Batch memory batch, ) = _batch(Leg(leg % 4), height, index, seed);
        assertEq(sealOne(batch).volume, VOLUME, "sealed");
    }

    function test_sealsTheDeepestTrees() external {
        for (uint256 height = 9; height <= 10; ++height) {
            for (uint256 place = 0; place < 3; ++place) {
                (Batch memory batch, ) = _batch(Leg(place), height, [uint256(0), 317, (1 << height) - 1][place], place);
                uint256 before = vm.snapshotState();
                assertEq(sealOne(batch).volume, VOLUME, "sealed");
                vm.revertToState(before);
            }
        }
    }

    /// @dev Beside what the tree itself needs, an index has bits to spare: they are ignored.
    function testFuzz_refusesAnotherPlace(uint8 leg, uint8 height, uint16 index, uint16 other) external {
        height = uint8(bound(height, 1, 6));
        Leg which = Leg(leg % 4);
        (Batch memory batch, Tree memory t) = _batch(which, height, index, 1);
        vm.assume(other % (1 << height) != t.index);
        t.index = other;
        setSignature(batch, which, _encoded(t, keyOf(which)));
        refused(batch, which, Refusal.BadSignature);
    }

    function testFuzz_refusesAChangedProof(uint8 leg, uint8 height, uint8 word, bytes32 change) external {
        height = uint8(bound(height, 1, 6));
        vm.assume(change != 0);
        Leg which = Leg(leg % 4);
        (Batch memory batch, Tree memory t) = _batch(which, height, 1, 1);
        t.proof[word % height] ^= change;
        setSignature(batch, which, _encoded(t, keyOf(which)));
        refused(batch, which, Refusal.BadSignature);
    }

    function testFuzz_refusesATreeOfAnotherKind(uint8 leg, uint8 kind, uint8 height) external {
        (leg, kind, height) = (leg % 4, kind % 4, uint8(bound(height, 1, 6)));
        vm.assume(leg != kind);
        Batch memory batch = batchWithDataset();
        Tree memory t = _tree(hashOf(batch, Leg(leg)), Leg(kind), height, 0, 1);
        setSignature(batch, Leg(leg), _encoded(t, keyOf(Leg(leg))));
        refused(batch, Leg(leg), Refusal.BadSignature);
    }

    /// @dev The inner nodes of a tree are nobody's orders: its height is in what is signed.
    function test_refusesATreeCutShort() external {
        Batch memory batch = batchOf();
        Tree memory t = _tree(hashOf(batch, Leg.Request), Leg.Request, 3, 0, 1);
        bytes32[] memory two_ = new bytes32[](2);
        (two_[0], two_[1]) = (t.proof[0], t.proof[1]);
        t.proof = two_;
        batch.requests[0].signature = _encoded(t, REQUESTER_KEY);
        refused(batch, Leg.Request, Refusal.BadSignature);
    }

    function test_refusesHeight0And11() external {
        Batch memory batch = batchOf();
        bytes32 leaf = hashOf(batch, Leg.Request);
        Tree memory t = _tree(leaf, Leg.Request, 11, 5, 1);
        batch.requests[0].signature = _encoded(t, REQUESTER_KEY);
        refused(batch, Leg.Request, Refusal.BadSignature);
        // A plain signature with an empty proof behind it is no plain signature.
        batch.requests[0].signature = BulkTree.encode(signature(REQUESTER_KEY, leaf), new bytes32[](0), 0);
        refused(batch, Leg.Request, Refusal.BadSignature);
    }

    function testFuzz_refusesRubbishThatEndsLikeBulk(bytes calldata rubbish, uint8 height) external {
        Batch memory batch = batchOf();
        batch.requests[0].signature = abi.encodePacked(rubbish, height, "bulk");
        refused(batch, Leg.Request, Refusal.BadSignature);
    }

    function testFuzz_refusesAnotherKeysTree(uint64 key, uint8 height) external {
        key = uint64(bound(key, 1, type(uint64).max));
        vm.assume(key != REQUESTER_KEY);
        (Batch memory batch, Tree memory t) = _batch(Leg.Request, bound(height, 1, 6), 0, 1);
        batch.requests[0].signature = _encoded(t, key);
        refused(batch, Leg.Request, Refusal.BadSignature);
    }

    function test_refusesABulkSponsorship() external {
        fund(sponsor, FUNDS);
        Batch memory batch = sponsoredBatch(type(uint64).max);
        bytes32 leaf = sponsorshipHash(batch.sponsorships[0], hashOf(batch, Leg.Request));
        Tree memory t = _tree(leaf, Leg.Request, 2, 0, 1);
        batch.sponsorships[0].signature = _encoded(t, SPONSOR_KEY);
        refused(batch, Leg.Request, Refusal.SponsorNotSigned);
        grant(sponsor, POWER_SPONSORSHIP, type(uint64).max);
        batch.sponsorships[0].signature = _encoded(t, OPERATOR_KEY);
        refused(batch, Leg.Request, Refusal.SponsorNotSigned);
    }

    function testFuzz_takesAnOperatorsTree(uint8 leg, uint8 height, uint16 index) external {
        Leg which = Leg(leg % 4);
        (Batch memory batch, Tree memory t) = _batch(which, bound(height, 1, 6), index, 1);
        setSignature(batch, which, _encoded(t, OPERATOR_KEY));
        refused(batch, which, Refusal.BadSignature);
        grant(signerOf(which), powerOf(which), type(uint64).max);
        assertEq(sealOne(batch).volume, VOLUME, "sealed");
    }

    function testFuzz_takesAPresignedTree(uint8 leg, uint8 height, uint16 index) external {
        Leg which = Leg(leg % 4);
        (Batch memory batch, Tree memory t) = _batch(which, bound(height, 1, 6), index, 1);
        setSignature(batch, which, BulkTree.encode("", t.proof, t.index));
        refused(batch, which, Refusal.BadSignature);
        presign(signerOf(which), t.signed);
        assertEq(sealOne(batch).volume, VOLUME, "sealed");
    }

    function testFuzz_takesASmartAccountsTree(uint8 height, uint16 index) external {
        address wallet = address(new KeyWallet(stranger));
        fund(wallet, FUNDS);
        Batch memory batch = batchOf();
        batch.requests[0].order.requester = wallet;
        Tree memory t = _tree(hashOf(batch, Leg.Request), Leg.Request, bound(height, 1, 6), index, 1);
        batch.requests[0].signature = _encoded(t, REQUESTER_KEY);
        refused(batch, Leg.Request, Refusal.BadSignature);
        batch.requests[0].signature = _encoded(t, STRANGER_KEY);
        assertEq(sealOne(batch).payer, wallet, "the account pays");
    }
}
