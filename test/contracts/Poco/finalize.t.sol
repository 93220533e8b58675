// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {
    Committed,
    Contribution,
    IPanel,
    Reward,
    Seat,
    TaskStatus,
    toReward
} from "../../../contracts/interfaces/IPanel.sol";
import {IPoco, Result} from "../../../contracts/interfaces/IPoco.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {TaskId} from "../../../contracts/types/Ids.sol";
import {Wish} from "../Panel/support/Market.sol";
import {PocoTest} from "./support/PocoTest.sol";
import {vm} from "../support/Vm.sol";

// finalize
// ├── while the round runs: refused; when the deadline is over: refused; when settled: refused
// ├── when trust is at most 1: refused
// ├── when other seals are brought back, fewer, more, or in another order: refused
// ├── when the result is not what they sealed, or too few agree: refused
// │   ├── another worker's seal, copied, is no agreement
// │   └── a seal of an earlier round is none in a later one
// ├── when 2/3 of the places are not met: refused, however heavy those who agree
// │   └── those of a round whose seed was lost count too: as many as could have been drawn, 64 at most
// ├── by anyone: everybody is paid, scores rise
// ├── who was wrong loses stake and seat, winners get a capped part
// ├── who was absent is fined, and loses its seat at the third time
// └── a certified failure costs a tenth, and nobody is slashed for it
contract FinalizeTest is PocoTest {
    function test_refusesWhileTheRoundRuns() external {
        enrol(0, 8);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        Committed[] memory seals = commitAll(deal, 1, firstOf(drawn, 3), success());
        uint256 last = deal.sealedAtBlock + 1 + ROUND_BLOCKS;
        rollTo(last);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelRoundRunning.selector, idOf(deal, 0), uint8(1), last));
        poco.finalize(deal, 0, seals, success());
    }

    function test_refusesAfterTheDeadline() external {
        enrol(0, 8);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        Committed[] memory seals = commitAll(deal, 1, drawn, success());
        uint256 deadline = deal.sealedAtBlock + DEADLINE_BLOCKS;
        rollTo(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelDeadlineOver.selector, idOf(deal, 0), deadline));
        poco.finalize(deal, 0, seals, success());
        rollTo(deadline);
        poco.finalize(deal, 0, seals, success());
    }

    function test_refusesTwice() external {
        enrol(0, 8);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        Committed[] memory seals = commitAll(deal, 1, drawn, success());
        poco.finalize(deal, 0, seals, success());
        vm.expectRevert(
            abi.encodeWithSelector(IPanel.PanelAlreadySettled.selector, idOf(deal, 0), TaskStatus.Certified)
        );
        poco.finalize(deal, 0, seals, success());
    }

    function test_refusesTrustOne() external {
        Wish memory wish = aWish();
        wish.trust = 1;
        Deal memory deal = seal(wish);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelNotReplicated.selector, uint32(1)));
        poco.finalize(deal, 0, none(), success());
    }

    function test_refusesOtherSeals() external {
        enrol(0, 8);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        Committed[] memory seals = commitAll(deal, 1, drawn, success());
        bytes19 chain = taskOf(deal).seals;
        _refusesSeals(deal, chain, none(), 0);
        Committed[] memory fewer = new Committed[](3);
        (fewer[0], fewer[1], fewer[2]) = (seals[0], seals[1], seals[2]);
        _refusesSeals(deal, chain, fewer, _chainOf(fewer));
        Committed[] memory more = concat(seals, fewer);
        _refusesSeals(deal, chain, more, _chainOf(more));
        (seals[0], seals[1]) = (seals[1], seals[0]);
        _refusesSeals(deal, chain, seals, _chainOf(seals));
    }

    function test_refusesAnotherResult() external {
        enrol(0, 8);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        Committed[] memory seals = commitAll(deal, 1, drawn, success());
        _refusesResult(deal, seals, otherResult(), 0, 4, 0, 16);
        Result memory forged = success();
        forged.callbackData = "for somebody";
        _refusesResult(deal, seals, forged, 0, 4, 0, 16);
        forged = success();
        forged.outcome = 1;
        _refusesResult(deal, seals, forged, 0, 4, 0, 16);
    }

    function test_refusesBeforeAnybodyCommitted() external {
        enrol(0, 8);
        (Deal memory deal, ) = sealAndDraw(aWish());
        advance(100);
        _refusesResult(deal, none(), success(), 0, 4, 0, 0);
    }

    function test_missesThePlacesOfARoundWhoseSeedWasLost() external {
        enrol(0, 12);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        Committed[] memory seals = commitAll(deal, 1, drawn, otherResult());
        _extendUntil(deal, 2);
        advance(300);
        _refusesResult(deal, seals, otherResult(), 4, 8, 16, 0);
    }

    /// Five places, ten, twenty, forty, and then no more than 64.
    function test_countsNoMorePlacesThanThereCanBe() external {
        enrol(0, 48);
        Wish memory wish = aWish();
        wish.trust = 17;
        Deal memory deal = seal(wish);
        _extendUntil(deal, 4);
        uint256 snapshot = vm.snapshotState();
        advance(300);
        _refusesResult(deal, none(), success(), 0, 40, 0, 0);
        vm.revertToState(snapshot);
        _extendUntil(deal, 5);
        advance(300);
        _refusesResult(deal, none(), success(), 0, 64, 0, 0);
    }

    function test_aCopiedSealDoesNotMatch() external {
        enrol(0, 8);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        TaskId id = idOf(deal, 0);
        Contribution[] memory all = contributions(id, 1, drawn, success());
        all[3] = signed(id, 1, drawn[3], all[2].seal);
        Committed[] memory seals = commit(deal, all);
        _refusesResult(deal, seals, success(), 3, 4, 8, 2);
    }

    function test_aDigestOfAnEarlierRoundDoesNotMatch() external {
        enrol(0, 8);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        TaskId id = idOf(deal, 0);
        Committed[] memory first = commit(deal, split(id, 1, drawn, 3));
        advance(11);
        poco.extend(deal, 0);
        advance(2);
        // The digest of round 1 is known by now: who copies it into round 2 is wrong.
        uint32[] memory second = drawnIn(deal, 2);
        Contribution[] memory all = contributions(id, 2, second, success());
        all[0] = signed(id, 2, second[0], sealOf(workerOf(second[0]), id, 1, success()));
        Committed[] memory seals = concat(first, commit(deal, all));
        poco.finalize(deal, 0, seals, success());
        isTrue(seatOf(second[0]).convicted, "the copier");
    }

    function test_refusesWhereTooManyAreAbsent() external {
        enrol(0, 8);
        Wish memory wish = aWish();
        // Four places; two who agree suffice for the confidence, not for the places.
        wish.trust = 9;
        for (uint256 i = 0; i < 8; ++i) {
            _raiseScore(i);
        }
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(wish);
        Committed[] memory seals = commitAll(deal, 1, firstOf(drawn, 2), success());
        advance(100);
        _refusesResult(deal, seals, success(), 2, 4, 16, 0);
    }

    function test_anyonePaysEverybody() external {
        enrol(0, 8);
        Wish memory wish = aWish();
        wish.withDataset = true;
        wish.datasetPrice = 2 * HANSE;
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(wish);
        Committed[] memory seals = commitAll(deal, 1, drawn, success());
        uint256 poolBefore = freeOf(poolOwner);
        TaskId id = idOf(deal, 0);
        vm.expectEmit(true, true, true, true, address(poco));
        emit IPoco.TaskCertified(id, hashOf(success()), success(), equalRewards(seals, (9 * HANSE) / 4, 1));
        vm.prank(STRANGER);
        poco.finalize(deal, 0, seals, success());

        equal(freeOf(appOwner), HANSE, "app");
        equal(freeOf(datasetOwner), 2 * HANSE, "dataset");
        equal(freeOf(poolOwner) - poolBefore, 4 * HANSE, "scheduler's tenth and the stake");
        equal(freeOf(requester), FUNDS - 13 * HANSE, "requester");
        equal(lockedOf(requester), 0, "nothing locked");
        for (uint256 i = 0; i < 4; ++i) {
            equal(earnedBy(drawn[i]), (9 * HANSE) / 4, "worker");
            equal(freeOf(workerOf(drawn[i])), 0, "not paid out yet");
            equal(seatOf(drawn[i]).score, 1, "score");
            equal(seatOf(drawn[i]).stake, SEAT_STAKE, "stake");
        }
        equal(uint256(taskOf(deal).status), uint256(TaskStatus.Certified), "status");
    }

    function test_noScoreForCheapTasks() external {
        enrol(0, 8);
        Wish memory wish = aWish();
        wish.poolPrice = 999_999;
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(wish);
        poco.finalize(deal, 0, commitAll(deal, 1, drawn, success()), success());
        equal(seatOf(drawn[0]).score, 0, "score");
    }

    function test_noScoreForBeingAlone() external {
        enrol(0, 8);
        Wish memory wish = aWish();
        wish.trust = 2;
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(wish);
        equal(drawn.length, 1, "one place");
        poco.finalize(deal, 0, commitAll(deal, 1, drawn, success()), success());
        equal(seatOf(drawn[0]).score, 0, "score");
    }

    function test_freeTasksSettle() external {
        enrol(0, 8);
        Wish memory wish = aWish();
        (wish.poolPrice, wish.appPrice) = (0, 0);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(wish);
        poco.finalize(deal, 0, commitAll(deal, 1, drawn, success()), success());
        equal(uint256(taskOf(deal).status), uint256(TaskStatus.Certified), "status");
    }

    function test_aLiarIsOutvotedInTheNextRound() external {
        enrol(0, 8);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        TaskId id = idOf(deal, 0);
        Committed[] memory first = commit(deal, split(id, 1, drawn, 3));
        _refusesResult(deal, first, success(), 3, 4, 8, 2);
        advance(11);
        poco.extend(deal, 0);
        advance(2);
        Committed[] memory seals = concat(first, commitAll(deal, 2, drawnIn(deal, 2), success()));
        vm.expectEmit(true, true, true, true, address(poco));
        emit IPoco.WorkerSlashed(id, workerOf(drawn[3]), POOL_PRICE, SEAT_STAKE - POOL_PRICE, 0);
        poco.finalize(deal, 0, seals, success());

        Seat memory liar = seatOf(drawn[3]);
        isTrue(liar.convicted, "convicted");
        equal(liar.stake, SEAT_STAKE - POOL_PRICE, "what it may still owe");
        equal(liar.leftAt, currentBlock, "seat lost");
        equal(bondedOf(workerOf(drawn[3])), SEAT_STAKE - POOL_PRICE, "bonded");
        equal(freeOf(workerOf(drawn[3])) + liar.earned, 0, "no reward");
        equal(poco.pool(pool).liveSeats, 7, "live seats");
        // The pool's price less the tenth, and as much again as the price out of the stake of 100.
        equal(earnedBy(drawn[0]), (19 * uint256(HANSE)) / 7, "winner");
        equal(freeOf(TREASURY), 0, "treasury: not yet");
        // Comes back with another stake and no score.
        clerk.depositFor(workerOf(drawn[3]), SEAT_STAKE);
        vm.prank(workerOf(drawn[3]));
        equal(poco.enrol(pool), 8, "another seat");
    }

    function test_aLiarsScoreFallsByAThird() external {
        enrol(0, 8);
        for (uint256 i = 0; i < 8; ++i) {
            _raiseScore(i);
        }
        Wish memory wish = aWish();
        wish.trust = 2 ** 7;
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(wish);
        Committed[] memory seals = commit(deal, split(idOf(deal, 0), 1, drawn, drawn.length - 1));
        poco.finalize(deal, 0, seals, success());
        equal(seatOf(drawn[drawn.length - 1]).score, 10, "16 less 6");
        equal(seatOf(drawn[0]).score, 17, "16 and one");
    }

    function test_absenceIsFined() external {
        enrol(0, 8);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        Wish memory wish = aWish();
        wish.trust = 4;
        (deal, drawn) = sealAndDraw(wish);
        equal(drawn.length, 2, "places");
        wish.trust = 5;
        (deal, drawn) = sealAndDraw(wish);
        equal(drawn.length, 3, "places");
        for (uint256 i = 0; i < 8; ++i) {
            _raiseScore(i);
        }
        (deal, drawn) = sealAndDraw(wish);
        Committed[] memory seals = commitAll(deal, 1, firstOf(drawn, 2), success());
        advance(100);
        uint256 treasuryBefore = freeOf(TREASURY);
        vm.expectEmit(true, true, true, true, address(poco));
        emit IPanel.PlaceMissed(idOf(deal, 0), workerOf(drawn[2]), 5 * HANSE);
        poco.finalize(deal, 0, seals, success());
        equal(freeOf(TREASURY) - treasuryBefore, 5 * HANSE, "fine");
        equal(seatOf(drawn[2]).stake, 95 * HANSE, "stake");
        equal(seatOf(drawn[2]).misses, 1, "misses");
        equal(seatOf(drawn[2]).leftAt, 0, "still seated");
    }

    function test_theThirdMissCostsTheSeat() external {
        enrol(0, 3);
        for (uint256 i = 0; i < 3; ++i) {
            _raiseScore(i);
        }
        uint64 stake = SEAT_STAKE;
        for (uint256 time = 1; time <= 3; ++time) {
            _finalizeWithout(0);
            stake -= stake / 20;
            equal(seatOf(0).misses, time, "misses");
            equal(seatOf(0).stake, stake, "stake");
        }
        isTrue(seatOf(0).leftAt != 0, "seat lost");
        equal(poco.pool(pool).liveSeats, 2, "live seats");
        equal(bondedOf(worker(0)), stake, "bonded");
    }

    function test_beingRightForgivesMisses() external {
        enrol(0, 3);
        for (uint256 i = 0; i < 3; ++i) {
            _raiseScore(i);
        }
        _finalizeWithout(0);
        _finalizeWithout(0);
        _finalizeWithout(1);
        equal(seatOf(0).misses, 0, "forgiven");
        equal(seatOf(1).misses, 1, "the other's first");
    }

    function test_aFailureIsRefundedButForAFee() external {
        enrol(0, 8);
        Wish memory wish = aWish();
        wish.withDataset = true;
        wish.datasetPrice = 2 * HANSE;
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(wish);
        Committed[] memory seals = commitAll(deal, 1, drawn, failure());
        uint256 poolBefore = freeOf(poolOwner);
        vm.expectEmit(true, true, true, true, address(poco));
        emit IPoco.TaskFailed(idOf(deal, 0), hashOf(failure()), 2, equalRewards(seals, (9 * HANSE) / 40, 1));
        poco.finalize(deal, 0, seals, failure());
        equal(freeOf(requester), FUNDS - HANSE, "a tenth of the pool's price");
        equal(freeOf(appOwner), 0, "app");
        equal(freeOf(datasetOwner), 0, "dataset");
        equal(freeOf(poolOwner) - poolBefore, 3 * HANSE + HANSE / 10, "stake and share");
        equal(earnedBy(drawn[0]), (9 * HANSE) / 40, "worker");
        equal(seatOf(drawn[0]).stake, SEAT_STAKE, "no slash");
        equal(uint256(taskOf(deal).status), uint256(TaskStatus.Failed), "status");
    }

    function test_thePoolsOwnerMayBeTheRequesterAndAWorker() external {
        // The pool's owner takes a seat in its own pool.
        enrol(0, 3);
        vm.startPrank(poolOwner);
        clerk.allowCertifier(address(poco), SEAT_STAKE);
        keyOf[poco.enrol(pool)] = POOL_KEY;
        vm.stopPrank();
        advance(1);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        Committed[] memory seals = commitAll(deal, 1, drawn, success());
        poco.finalize(deal, 0, seals, success());
        equal(freeOf(poolOwner), FUNDS - SEAT_STAKE + HANSE, "as the scheduler");
        equal(earnedBy(3), (9 * HANSE) / 4, "as a worker");
    }

    function test_goesOnWithoutFinesWhereTheSeedWasLost() external {
        enrol(0, 3);
        for (uint256 i = 0; i < 3; ++i) {
            _raiseScore(i);
        }
        Wish memory wish = aWish();
        wish.trust = 5;
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(wish);
        Committed[] memory seals = commitAll(deal, 1, firstOf(drawn, 2), success());
        advance(300);
        poco.finalize(deal, 0, seals, success());
        equal(seatOf(drawn[2]).stake, SEAT_STAKE, "nobody knows");
    }

    // ── Helpers ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function _extendUntil(Deal memory deal, uint8 round) private {
        while (taskOf(deal).round < round) {
            advance(100);
            panel.extend(deal, 0);
        }
    }

    /// Sixteen: a weight of 4. Written to storage: sixteen tasks each would take their time.
    function _raiseScore(uint256 number) private {
        poolScore(uint32(number), 16);
    }

    /// Trust 5 in a pool of three seats: all are drawn, and two heavy ones suffice.
    function _finalizeWithout(uint32 absent) private {
        Wish memory wish = aWish();
        wish.trust = 5;
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(wish);
        uint32[] memory present = new uint32[](2);
        uint256 count = 0;
        for (uint256 i = 0; i < 3; ++i) {
            if (drawn[i] != absent) present[count++] = drawn[i];
        }
        Committed[] memory seals = commitAll(deal, 1, present, success());
        advance(100);
        poco.finalize(deal, 0, seals, success());
    }

    function _chainOf(Committed[] memory seals) private pure returns (bytes19 chain) {
        for (uint256 i = 0; i < seals.length; ++i) {
            chain = bytes19(keccak256(abi.encode(bytes32(chain), seals[i].by, seals[i].seal)));
        }
    }

    function _refusesSeals(Deal memory deal, bytes19 chain, Committed[] memory seals, bytes19 given) private {
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelSealsDiffer.selector, idOf(deal, 0), chain, given));
        poco.finalize(deal, 0, seals, success());
    }

    function _refusesResult(
        Deal memory deal,
        Committed[] memory seals,
        Result memory result,
        uint256 matching,
        uint256 drawn,
        uint256 group,
        uint256 hostile
    ) private {
        vm.expectRevert(
            abi.encodeWithSelector(IPoco.PocoNotReached.selector, idOf(deal, 0), matching, drawn, group, hostile)
        );
        poco.finalize(deal, 0, seals, result);
    }
}
