// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ballot, IJury} from "../../../contracts/interfaces/IJury.sol";
import {Category, Committed, IPanel} from "../../../contracts/interfaces/IPanel.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {TaskId} from "../../../contracts/types/Ids.sol";
import {Refusal} from "../../../contracts/types/Refusals.sol";
import {Wish} from "../Panel/support/Market.sol";
import {vm} from "../support/Vm.sol";
import {JuryTest} from "./support/JuryTest.sol";

// What a jury's rounds need and end in
// ├── admit: trust 0 and 1 refused, since nobody would be drawn
// ├── addCategory: a round, as long again to reveal, and the time to rule have to fit the deadline
// ├── extend: refused while seals may be revealed, and where the answers decide; else the next round
// └── claim: who did not reveal is fined like who did not commit, and gets no part of what the pool loses
contract RoundsTest is JuryTest {
    function test_refusesTrustAtWhichNobodyIsDrawn() external {
        enrol(0, 4);
        Deal memory draft;
        draft.pool = pool;
        for (draft.trust = 0; draft.trust < 3; ++draft.trust) {
            (Refusal refusal, , ) = jury.admit(draft, 0, 0);
            equal(uint256(refusal), uint256(draft.trust < 2 ? Refusal.TrustTooLow : Refusal.None), "refusal");
        }
        draft.pool = closedPool;
        (Refusal closed, , ) = jury.admit(draft, 0, 0);
        equal(uint256(closed), uint256(Refusal.PoolClosed), "closed");
    }

    function test_refusesACategoryWithoutTimeToReveal() external {
        vm.startPrank(GOVERNANCE);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelCategoryInvalid.selector, uint32(50), uint32(110)));
        jury.addCategory(Category({roundBlocks: 50, deadlineBlocks: 110}));
        jury.addCategory(Category({roundBlocks: 50, deadlineBlocks: 111}));
    }

    function test_refusesAnotherRoundWhileSealsMayBeRevealed() external {
        (Deal memory deal, ) = _voted(2, 2);
        uint256 graceUntil = currentBlock + ROUND_BLOCKS + 10;
        rollTo(graceUntil);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelGraceRunning.selector, idOf(deal, 0), graceUntil));
        jury.extend(deal, 0);
        advance(1);
        jury.extend(deal, 0);
        equal(taskOf(deal).round, 2, "round");
    }

    function test_refusesAnotherRoundWhereItIsDecided() external {
        (Deal memory deal, Committed[] memory seals) = _voted(3, 1);
        jury.reveal(deal, 0, seals, ballots(idOf(deal, 0), seals, 0, 3));
        advance(ROUND_BLOCKS + 11);
        vm.expectRevert(abi.encodeWithSelector(IJury.JuryDecided.selector, idOf(deal, 0), YES));
        jury.extend(deal, 0);
        jury.rule(deal, 0, seals);
    }

    function test_anotherRoundNeedsTimeToReveal() external {
        (Deal memory deal, ) = _voted(2, 2);
        seeds.record(deal.sealedAtBlock + 1);
        uint256 deadline = deal.sealedAtBlock + DEADLINE_BLOCKS;
        rollTo(deadline - 2 * ROUND_BLOCKS - 10);
        vm.expectRevert(
            abi.encodeWithSelector(IPanel.PanelTimeTooShort.selector, idOf(deal, 0), deadline + 1, deadline)
        );
        jury.extend(deal, 0);
        rollTo(deadline - 2 * ROUND_BLOCKS - 11);
        jury.extend(deal, 0);
    }

    function test_theLastRoundCanBeRuledInTime() external {
        (Deal memory deal, Committed[] memory first) = _voted(2, 2);
        revealAll(deal, first);
        seeds.record(deal.sealedAtBlock + 1);
        rollTo(deal.sealedAtBlock + DEADLINE_BLOCKS - 2 * ROUND_BLOCKS - 11);
        jury.extend(deal, 0);
        // Committed and revealed as late as can be, and not by all.
        advance(1 + ROUND_BLOCKS);
        TaskId id = idOf(deal, 0);
        Committed[] memory seals = concat(first, commitVotes(deal, 2, drawnIn(deal, 2), 4, 0));
        advance(ROUND_BLOCKS);
        jury.reveal(deal, 0, seals, ballots(id, seals, 4, 3));
        advance(1);
        jury.rule(deal, 0, seals);
    }

    function test_atAClaimTheSilentAreFined() external {
        (Deal memory deal, Committed[] memory seals) = _voted(2, 2);
        TaskId id = idOf(deal, 0);
        seeds.record(deal.sealedAtBlock + 1);
        jury.reveal(deal, 0, seals, ballots(id, seals, 0, 2));
        advance(DEADLINE_BLOCKS);
        vm.expectEmit(true, true, true, true, address(jury));
        emit IPanel.PlaceMissed(id, workerOf(seals[2].by.seatOf()), 5 * HANSE);
        vm.expectEmit(true, true, true, true, address(jury));
        emit IPanel.TaskClaimed(id, 3 * HANSE);
        jury.claim(deal, 0, seals);
        equal(freeOf(requester), FUNDS + (3 * HANSE) / 10, "requester");
        equal(freeOf(workerOf(seals[0].by.seatOf())), (27 * HANSE) / 20, "half of the rest");
        equal(freeOf(workerOf(seals[3].by.seatOf())), 0, "who did not reveal");
        equal(seatOf(seals[3].by.seatOf()).stake, 95 * HANSE, "fined");
        equal(freeOf(TREASURY), 10 * HANSE, "treasury");
    }

    function test_disagreementIsNotSlashed() external {
        (Deal memory deal, Committed[] memory seals) = _voted(2, 2);
        revealAll(deal, seals);
        advance(DEADLINE_BLOCKS);
        jury.claim(deal, 0, seals);
        equal(freeOf(requester), FUNDS, "requester");
        equal(freeOf(poolOwner), FUNDS, "pool");
        equal(freeOf(TREASURY), 0, "treasury");
    }

    function test_longAfterwardsNobodyIsFined() external {
        (Deal memory deal, Committed[] memory seals) = _voted(4, 0);
        advance(120_961);
        jury.claim(deal, 0, seals);
        equal(seatOf(0).stake, SEAT_STAKE, "its number may be somebody else's");
        equal(freeOf(requester), FUNDS, "nothing for the payer");
        equal(freeOf(TREASURY), 3 * HANSE, "treasury");
    }

    function _voted(uint256 yes, uint256 no) private returns (Deal memory deal, Committed[] memory seals) {
        enrol(0, 12);
        uint32[] memory drawn;
        (deal, drawn) = sealAndDraw(aWish());
        seals = commitVotes(deal, 1, drawn, yes, no);
    }
}
