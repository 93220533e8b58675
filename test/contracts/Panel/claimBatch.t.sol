// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Committed, IPanel, TaskClaim, TaskStatus} from "../../../contracts/interfaces/IPanel.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {TaskId} from "../../../contracts/types/Ids.sol";
import {PocoTest} from "../Poco/support/PocoTest.sol";
import {Wish} from "./support/Market.sol";
import {vm} from "../support/Vm.sol";

// claimBatch
// ├── without a claim, or when all tasks are settled: refused
// ├── when one is not late, unknown, or brought with other seals: refused
// ├── tasks of several deals and trusts are claimed together, each as by itself
// └── what is settled already is left out, even if it comes twice
contract ClaimBatchTest is PocoTest {
    function test_refusesNothing() external {
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelNothingToClaim.selector));
        poco.claimBatch(new TaskClaim[](0));
        (Deal memory deal, ) = _late(1);
        poco.claim(deal, 0, none());
        TaskClaim[] memory settled = new TaskClaim[](1);
        settled[0] = TaskClaim(deal, 0, none());
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelNothingToClaim.selector));
        poco.claimBatch(settled);
    }

    function test_refusesWhatIsNotLate() external {
        enrol(0, 4);
        (Deal memory late, ) = _late(1);
        TaskClaim[] memory claims = new TaskClaim[](2);
        claims[0] = TaskClaim(late, 0, none());
        claims[1] = TaskClaim(seal(aWish()), 0, none());
        TaskId id = idOf(claims[1].deal, 0);
        vm.expectRevert(
            abi.encodeWithSelector(IPanel.PanelDeadlineNotOver.selector, id, currentBlock + DEADLINE_BLOCKS)
        );
        poco.claimBatch(claims);
    }

    function test_refusesOtherSeals() external {
        enrol(0, 4);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        commitAll(deal, 1, firstOf(drawn, 1), success());
        advance(DEADLINE_BLOCKS);
        TaskClaim[] memory claims = new TaskClaim[](1);
        claims[0] = TaskClaim(deal, 0, none());
        vm.expectRevert(
            abi.encodeWithSelector(IPanel.PanelSealsDiffer.selector, idOf(deal, 0), taskOf(deal).seals, bytes19(0))
        );
        poco.claimBatch(claims);
    }

    function test_claimsThemTogether() external {
        (Deal memory late, ) = _late(3);
        enrol(10, 4);
        (Deal memory silent, uint32[] memory drawn) = sealAndDraw(aWish());
        seeds.record(silent.sealedAtBlock + 1);
        Committed[] memory seals = commitAll(silent, 1, firstOf(drawn, 3), success());
        advance(DEADLINE_BLOCKS);
        TaskClaim[] memory claims = new TaskClaim[](5);
        claims[0] = TaskClaim(late, 0, none());
        claims[1] = TaskClaim(silent, 0, seals);
        claims[2] = TaskClaim(late, 2, none());
        claims[3] = TaskClaim(late, 1, none());
        claims[4] = TaskClaim(late, 2, none());
        // Somebody was faster.
        vm.prank(requester);
        poco.claim(late, 1, none());
        vm.prank(STRANGER);
        poco.claimBatch(claims);
        for (uint32 i = 0; i < 3; ++i) {
            equal(uint256(poco.task(idOf(late, i)).status), uint256(TaskStatus.Claimed), "claimed");
        }
        equal(uint256(taskOf(silent).status), uint256(TaskStatus.Claimed), "claimed");
        // Four slashes of 3, of each of which the payer gets a tenth.
        equal(freeOf(requester), FUNDS + (12 * HANSE) / 10, "requester");
        equal(freeOf(poolOwner), FUNDS - 12 * HANSE, "pool");
        equal(freeOf(workerOf(drawn[0])), (9 * HANSE) / 10, "who committed");
        equal(freeOf(TREASURY), (3 * uint256(27 * HANSE)) / 10 + 5 * HANSE, "treasury");
        equal(lockedOf(requester) + lockedOf(poolOwner), 0, "nothing stays locked");
    }

    function _late(uint32 volume) private returns (Deal memory deal, TaskId id) {
        Wish memory wish = aWish();
        (wish.trust, wish.volume, wish.pool) = (1, volume, closedPool);
        deal = seal(wish);
        id = idOf(deal, 0);
        advance(DEADLINE_BLOCKS + 1);
    }
}
