// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Batch, Entry, IClerk, OrderHashes, Preview} from "../../../contracts/interfaces/IClerk.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {Leg, Refusal} from "../../../contracts/types/Refusals.sol";
import {Orders} from "./Orders.sol";
import {Vm, vm} from "./Vm.sol";

/// @notice What becomes of a batch, and what a test expects of it.
abstract contract MarketTest is Orders {
    // ── What happens ─────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Seals and returns the deals that the events tell.
    function sealAll(Batch memory batch) internal returns (Deal[] memory deals) {
        vm.recordLogs();
        vm.prank(broker);
        uint256 count = clerk.seal(batch, false);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        deals = new Deal[](count);
        uint256 found = 0;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IClerk.DealSealed.selector) continue;
            (, deals[found++], ) = abi.decode(logs[i].data, (OrderHashes, Deal, bytes));
        }
        assertEq(found, count, "one DealSealed for each deal sealed");
    }

    function sealOne(Batch memory batch) internal returns (Deal memory) {
        Preview memory told = clerk.preview(batch, broker)[0];
        Deal[] memory deals = sealAll(batch);
        assertEq(deals.length, 1, "the match is sealed");
        assertEq(uint8(told.refusal), 0, "as foretold");
        assertEq(told.volume, deals[0].volume, "the volume foretold");
        return deals[0];
    }

    /// @notice The first match is refused: reverting the batch where the sealer is strict, or else skipped with the
    /// event, and nothing moves.
    function refused(Batch memory batch, Leg leg, Refusal refusal) internal {
        refusedBy(broker, batch, leg, refusal);
    }

    function refusedBy(address sealer, Batch memory batch, Leg leg, Refusal refusal) internal {
        uint256 lockedBefore = uint256(locked(requester)) + locked(poolOwner);
        uint256 freeBefore = uint256(free(requester)) + free(poolOwner);
        bytes32 requestHash = clerk.hashRequestOrder(batch.requests[0].order);

        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkMatchRefused.selector, 0, leg, refusal));
        vm.prank(sealer);
        clerk.seal(batch, true);

        vm.expectEmit(address(clerk));
        emit IClerk.MatchRefused(0, requestHash, leg, refusal);
        vm.prank(sealer);
        assertEq(clerk.seal(batch, false), 0, "nothing is sealed");

        Preview memory told = clerk.preview(batch, sealer)[0];
        assertEq(uint8(told.leg), uint8(leg), "the leg foretold");
        assertEq(uint8(told.refusal), uint8(refusal), "the refusal foretold");
        assertEq(told.volume, 0, "of no volume");

        assertEq(uint256(locked(requester)) + locked(poolOwner), lockedBefore, "nothing is locked");
        assertEq(uint256(free(requester)) + free(poolOwner), freeBefore, "nothing is paid");
    }

    /// @notice Credits of one unit as its buyer's refund and the pool's stake back.
    function refund(Deal memory deal) internal pure returns (Entry[] memory) {
        return two(deal.payer, deal.appPrice + deal.datasetPrice + deal.poolPrice, deal.poolOwner, deal.poolStake);
    }
}
