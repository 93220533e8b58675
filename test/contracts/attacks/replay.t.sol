// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Batch, IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {IKeyring} from "../../../contracts/interfaces/IKeyring.sol";
import {OrderHash} from "../../../contracts/libraries/OrderHash.sol";
import {Leg, Refusal} from "../../../contracts/types/Refusals.sol";
import {BulkTree} from "../support/BulkTree.sol";
import {Deployer} from "../support/Deployer.sol";
import {MarketTest} from "../support/MarketTest.sol";
import {vm} from "../support/Vm.sol";

/// The same orders are brought to another chain, to another Clerk of the same chain, or again to the same one. Each holds
/// 1,000,000 of the requester's; an order of 10 × 1,300 is good for 13,000 on one of them, once.
contract ReplayAttack is MarketTest {
    uint64 private constant PRICE = VOLUME * (APP_PRICE + POOL_PRICE);

    /// @dev Every way to sign the request: own key, operator, presigned, bulk, and a sponsored one.
    function _signedBy(uint256 way) private returns (Batch memory batch) {
        batch = way == 4 ? sponsoredBatch(PRICE) : batchOf();
        bytes32 hash = hashOf(batch, Leg.Request);
        if (way == 1) setSignature(batch, Leg.Request, signature(OPERATOR_KEY, hash));
        if (way == 2) setSignature(batch, Leg.Request, "");
        if (way == 2) presign(requester, hash);
        if (way != 3) return batch;
        bytes32[] memory leaves = BulkTree.leavesAround(hash, 1, 2, 7);
        bytes memory inner = signature(REQUESTER_KEY, BulkTree.structHash(Leg.Request, 2, BulkTree.rootOf(leaves)));
        setSignature(batch, Leg.Request, BulkTree.encode(inner, BulkTree.proofOf(leaves, 1), 1));
    }

    function setUp() public override {
        super.setUp();
        fund(sponsor, FUNDS);
        grant(requester, type(uint16).max, type(uint64).max);
    }

    /// @dev After a fork of the chain the same state is on both sides, and one chain has another number.
    function testFuzz_onAForkOfTheChain(uint8 way, uint64 chain) external {
        chain = uint64(bound(chain, 1, type(uint64).max - 1));
        vm.assume(chain != block.chainid);
        Batch memory batch = _signedBy(way % 5);
        vm.chainId(chain);
        vm.prank(broker);
        assertEq(clerk.seal(batch, false), 0, "nothing there");
        assertEq(uint256(free(requester)) + free(sponsor), 2 * FUNDS, "0 of 2,000,000");
    }

    /// @dev A second Clerk with the same Keyring, where the same operators and presigned digests stand.
    function testFuzz_onAnotherClerk(uint8 way) external {
        Batch memory batch = _signedBy(way % 5);
        IClerk first = clerk;
        clerk = Deployer.clerk(token, registry, keyring, governance);
        vm.prank(governance);
        clerk.registerCertifier(address(certifier), true);
        fund(requester, FUNDS);
        fund(poolOwner, FUNDS);
        fund(sponsor, FUNDS);
        vm.prank(broker);
        assertEq(clerk.seal(batch, false), 0, "nothing there");
        assertEq(uint256(free(requester)) + free(sponsor), 2 * FUNDS, "0 of 2,000,000");
        clerk = first;
        sealOne(batch);
    }

    /// @dev Filled, then brought again with fresh sellers: the request's volume is gone.
    function testFuzz_onTheSameClerk(uint8 way) external {
        Batch memory batch = _signedBy(way % 5);
        sealOne(batch);
        conditionsOf(batch, Leg.App).salt = "2";
        conditionsOf(batch, Leg.Pool).salt = "2";
        resign(batch, Leg.App);
        resign(batch, Leg.Pool);
        refused(batch, Leg.Request, Refusal.CancelledOrFilled);
    }

    /// @dev An order of one kind never stands for one of another: their type hashes differ, and a bulk tree names its kind.
    function test_asAnotherKind() external pure {
        bytes32[4] memory kinds = [
            OrderHash.APP_ORDER_TYPEHASH,
            OrderHash.DATASET_ORDER_TYPEHASH,
            OrderHash.POOL_ORDER_TYPEHASH,
            OrderHash.REQUEST_ORDER_TYPEHASH
        ];
        for (uint256 i = 0; i < 4; ++i) {
            for (uint256 j = 0; j < i; ++j) {
                assertTrue(kinds[i] != kinds[j], "four types");
                for (uint256 height = 1; height <= 10; ++height) {
                    bytes32 a = BulkTree.structHash(Leg(i), height, 0);
                    assertTrue(a != BulkTree.structHash(Leg(j), height, 0), "and four kinds of trees");
                }
            }
        }
    }
}
