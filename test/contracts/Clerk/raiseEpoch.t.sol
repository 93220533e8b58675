// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Batch, IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {RequestOrder} from "../../../contracts/types/Orders.sol";
import {Leg, Refusal} from "../../../contracts/types/Refusals.sol";
import {MarketTest} from "../support/MarketTest.sol";
import {vm} from "../support/Vm.sol";

/// raiseEpoch
///   given today's epoch or an earlier one   it should revert
///   otherwise                               it should void every order of an earlier epoch, of each signer's own
contract RaiseEpochTest is MarketTest {
    function testFuzz_refusesWhatIsNotHigher(uint64 current, uint64 wanted) external {
        current = uint64(bound(current, 1, type(uint64).max));
        wanted = uint64(bound(wanted, 0, current));
        vm.startPrank(requester);
        clerk.raiseEpoch(current);
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkEpochNotRaised.selector, requester, current, wanted));
        clerk.raiseEpoch(wanted);
    }

    function testFuzz_voidsEarlierOrdersOfEachSigner(uint64 epoch) external {
        epoch = uint64(bound(epoch, 1, type(uint64).max));
        Batch memory batch = batchWithDataset();
        address[4] memory signers = [requester, appOwner, datasetOwner, poolOwner];
        for (uint256 i = 0; i < 4; ++i) {
            uint256 before = vm.snapshotState();
            vm.expectEmit(address(clerk));
            emit IClerk.EpochRaised(signers[i], epoch);
            vm.prank(signers[i]);
            clerk.raiseEpoch(epoch);
            assertEq(clerk.account(signers[i]).epoch, epoch, "the epoch");
            refused(batch, Leg(i), Refusal.WrongEpoch);
            vm.revertToState(before);
        }
        assertEq(sealOne(batch).volume, VOLUME, "and it would have been sealed");
    }

    function testFuzz_ordersOfTheNewEpochStand(uint64 epoch) external {
        epoch = uint64(bound(epoch, 1, type(uint64).max));
        RequestOrder memory r = requestOrder();
        r.conditions.epoch = epoch;
        Batch memory batch = batchOf(appOrder(), poolOrder(), r);
        refused(batch, Leg.Request, Refusal.WrongEpoch);
        vm.prank(requester);
        clerk.raiseEpoch(epoch);
        assertEq(free(requester), FUNDS, "money is untouched");
        assertEq(sealOne(batch).volume, VOLUME, "sealed");
    }
}
