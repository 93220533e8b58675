// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ballot, IJury} from "../../../contracts/interfaces/IJury.sol";
import {Committed, IPanel, TaskStatus} from "../../../contracts/interfaces/IPanel.sol";
import {IResultReceiver} from "../../../contracts/interfaces/IResultReceiver.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {TaskId} from "../../../contracts/types/Ids.sol";
import {Wish} from "../Panel/support/Market.sol";
import {vm} from "../support/Vm.sol";
import {JuryTest} from "./support/JuryTest.sol";

/// Who asked the jury.
contract Dispute is IResultReceiver {
    bytes32 public task;
    bytes32 public ruling;

    function receiveResult(bytes32 id, bytes calldata result) external {
        (task, ruling) = (id, abi.decode(result, (bytes32)));
    }
}

// rule
// ├── while the round runs, after the deadline, when settled, or with other seals: refused
// ├── when no answer has more than half of all places, absent ones included: refused
// ├── while a seal of the round may still be revealed: refused, however clear it is
// ├── else those who gave the ruling share the reward equally, and nobody's score changes
// ├── who answered otherwise or did not reveal loses a tenth: up to the price to the others, the rest to the treasury
// ├── being wrong counts like a missed place: the third in a row costs the seat
// ├── who did not commit is fined
// ├── over several rounds all of them count
// └── the callback is told the answer
contract RuleTest is JuryTest {
    function test_refusesWhileTheRoundRuns() external {
        (Deal memory deal, Committed[] memory seals) = _voted(3, 0);
        uint256 lastBlock = deal.sealedAtBlock + 1 + ROUND_BLOCKS;
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelRoundRunning.selector, idOf(deal, 0), uint8(1), lastBlock));
        jury.rule(deal, 0, seals);
    }

    function test_refusesWithoutAMajority() external {
        (Deal memory deal, Committed[] memory seals) = _voted(2, 2);
        revealAll(deal, seals);
        vm.expectRevert(abi.encodeWithSelector(IJury.JuryUndecided.selector, idOf(deal, 0), uint256(2), uint256(4)));
        jury.rule(deal, 0, seals);
    }

    function test_theAbsentCountToo() external {
        (Deal memory deal, Committed[] memory seals) = _voted(2, 0);
        advance(ROUND_BLOCKS + 1);
        revealAll(deal, seals);
        vm.expectRevert(abi.encodeWithSelector(IJury.JuryUndecided.selector, idOf(deal, 0), uint256(2), uint256(4)));
        jury.rule(deal, 0, seals);
    }

    function test_refusesBeforeAnybodyCommitted() external {
        enrol(0, 4);
        (Deal memory deal, ) = sealAndDraw(aWish());
        advance(ROUND_BLOCKS + 1);
        vm.expectRevert(abi.encodeWithSelector(IJury.JuryUndecided.selector, idOf(deal, 0), uint256(0), uint256(0)));
        jury.rule(deal, 0, none());
    }

    function test_refusesWhileSomebodyMayReveal() external {
        (Deal memory deal, Committed[] memory seals) = _voted(4, 0);
        uint256 until = currentBlock + ROUND_BLOCKS;
        jury.reveal(deal, 0, seals, ballots(idOf(deal, 0), seals, 0, 3));
        rollTo(until);
        vm.expectRevert(abi.encodeWithSelector(IJury.JuryRevealRunning.selector, idOf(deal, 0), until));
        jury.rule(deal, 0, seals);
        advance(1);
        jury.rule(deal, 0, seals);
    }

    function test_refusesOtherSealsAndTwice() external {
        (Deal memory deal, Committed[] memory seals) = _voted(4, 0);
        revealAll(deal, seals);
        bytes19 chain = taskOf(deal).seals;
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelSealsDiffer.selector, idOf(deal, 0), chain, bytes19(0)));
        jury.rule(deal, 0, none());
        jury.rule(deal, 0, seals);
        vm.expectRevert(
            abi.encodeWithSelector(IPanel.PanelAlreadySettled.selector, idOf(deal, 0), TaskStatus.Certified)
        );
        jury.rule(deal, 0, seals);
    }

    function test_refusesAfterTheDeadline() external {
        (Deal memory deal, Committed[] memory seals) = _voted(4, 0);
        revealAll(deal, seals);
        uint256 deadline = deal.sealedAtBlock + DEADLINE_BLOCKS;
        rollTo(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelDeadlineOver.selector, idOf(deal, 0), deadline));
        jury.rule(deal, 0, seals);
    }

    function test_paysWhoRuled() external {
        (Deal memory deal, Committed[] memory seals) = _voted(4, 0);
        revealAll(deal, seals);
        uint256 poolBefore = freeOf(poolOwner);
        vm.expectEmit(true, true, true, true, address(jury));
        emit IJury.Ruled(idOf(deal, 0), YES, 4, equalRewards(seals, (9 * HANSE) / 4, 0));
        vm.prank(STRANGER);
        jury.rule(deal, 0, seals);
        equal(freeOf(appOwner), HANSE, "app");
        equal(freeOf(poolOwner) - poolBefore, 4 * HANSE, "scheduler's tenth and the stake");
        equal(freeOf(address(jury)), 9 * HANSE, "the certifier keeps what they earned");
        for (uint32 i = 0; i < 4; ++i) {
            equal(earnedBy(i), (9 * HANSE) / 4, "juror");
            equal(seatOf(i).score, 0, "score");
        }
        uint32[] memory all = new uint32[](4);
        (all[1], all[2], all[3]) = (1, 2, 3);
        jury.collect(pool, all);
        equal(freeOf(worker(2)), (9 * HANSE) / 4, "collected");
    }

    function test_whoSaidOtherwisePaysThoseWhoRuled() external {
        (Deal memory deal, Committed[] memory seals) = _voted(3, 1);
        revealAll(deal, seals);
        uint32 other = seals[3].by.seatOf();
        vm.expectEmit(true, true, true, true, address(jury));
        emit IJury.JurorSlashed(idOf(deal, 0), workerOf(other), 10 * HANSE, true);
        jury.rule(deal, 0, seals);
        equal(seatOf(other).stake, 90 * HANSE, "a tenth");
        isTrue(!seatOf(other).convicted && seatOf(other).leftAt == 0, "still seated");
        equal(seatOf(other).misses, 1, "counts like a miss");
        equal(earnedBy(other), 0, "no pay");
        // Nine of the price and ten of the stake, of which the pool is paid as much: all of it.
        equal(earnedBy(seals[0].by.seatOf()), (19 * uint256(HANSE)) / 3, "who ruled");
        equal(freeOf(TREASURY), 0, "treasury");
    }

    function test_theWinnersGetNoMoreThanThePrice() external {
        Wish memory wish = aWish();
        wish.poolPrice = HANSE;
        (Deal memory deal, Committed[] memory seals) = _voted(wish, 3, 1);
        revealAll(deal, seals);
        jury.rule(deal, 0, seals);
        equal(earnedBy(seals[0].by.seatOf()), (19 * uint256(HANSE)) / 30, "who ruled");
        equal(freeOf(TREASURY), 9 * HANSE, "treasury");
    }

    function test_whoDoesNotRevealLosesAsMuch() external {
        (Deal memory deal, Committed[] memory seals) = _voted(4, 0);
        jury.reveal(deal, 0, seals, ballots(idOf(deal, 0), seals, 0, 3));
        advance(ROUND_BLOCKS + 1);
        uint32 silent = seals[3].by.seatOf();
        vm.expectEmit(true, true, true, true, address(jury));
        emit IJury.JurorSlashed(idOf(deal, 0), workerOf(silent), 10 * HANSE, false);
        jury.rule(deal, 0, seals);
        equal(seatOf(silent).stake, 90 * HANSE, "a tenth");
        equal(earnedBy(silent), 0, "no pay");
    }

    function test_whoDidNotCommitIsFined() external {
        (Deal memory deal, Committed[] memory seals) = _voted(3, 0);
        advance(ROUND_BLOCKS);
        revealAll(deal, seals);
        uint32 absent = 0;
        while (_isIn(seals, absent)) ++absent;
        vm.expectEmit(true, true, true, true, address(jury));
        emit IPanel.PlaceMissed(idOf(deal, 0), workerOf(absent), 5 * HANSE);
        jury.rule(deal, 0, seals);
        equal(seatOf(absent).stake, 95 * HANSE, "fined");
        equal(freeOf(TREASURY), 5 * HANSE, "treasury");
        equal(earnedBy(seals[0].by.seatOf()), 3 * HANSE, "who ruled");
    }

    function test_theThirdTimeCostsTheSeat() external {
        enrol(0, 4);
        for (uint256 time = 1; time <= 3; ++time) {
            (Deal memory deal, ) = sealAndDraw(aWish());
            uint32[] memory order = new uint32[](4);
            (order[0], order[1], order[2]) = (1, 2, 3);
            Committed[] memory seals = commitVotes(deal, 1, order, 3, 1);
            revealAll(deal, seals);
            jury.rule(deal, 0, seals);
            equal(seatOf(0).misses, time, "wrong so often");
        }
        isTrue(seatOf(0).leftAt != 0, "seat lost");
        equal(bondedOf(worker(0)), seatOf(0).stake, "bonded");
        advance(120_961);
        jury.release(pool, 0);
        equal(freeOf(worker(0)), 72_900_000_000, "its stake less three tenths");
    }

    function test_allRoundsCount() external {
        enrol(0, 12);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        TaskId id = idOf(deal, 0);
        Committed[] memory first = commitVotes(deal, 1, drawn, 2, 2);
        jury.reveal(deal, 0, first, ballots(id, first, 0, 3));
        advance(ROUND_BLOCKS + 11);
        jury.extend(deal, 0);
        advance(2);
        Committed[] memory second = commitVotes(deal, 2, drawnIn(deal, 2), 3, 1);
        Committed[] memory seals = concat(first, second);
        jury.reveal(deal, 0, seals, ballots(id, seals, 4, 4));
        // Five of eight.
        jury.rule(deal, 0, seals);
        equal(earnedBy(drawn[0]), (19 * uint256(HANSE)) / 5, "of the first round");
        equal(earnedBy(second[0].by.seatOf()), (19 * uint256(HANSE)) / 5, "of the second");
        equal(seatOf(drawn[2]).stake, 90 * HANSE, "said otherwise");
        equal(seatOf(drawn[3]).stake, 90 * HANSE, "did not reveal");
        equal(freeOf(TREASURY), 20 * HANSE, "what exceeds the price");
    }

    function test_tellsTheRuling() external {
        Dispute dispute = new Dispute();
        Wish memory wish = aWish();
        wish.callback = address(dispute);
        (Deal memory deal, Committed[] memory seals) = _voted(wish, 1, 3);
        revealAll(deal, seals);
        jury.rule(deal, 0, seals);
        equal(dispute.task(), keccak256(abi.encode(deal.requestId, uint32(0))), "unit");
        equal(dispute.ruling(), NO, "ruling");
    }

    function testFuzz_conservesToTheUnit(uint64 poolPrice, uint8 yes, uint8 revealed) external {
        Wish memory wish = aWish();
        wish.poolPrice = poolPrice % (1_000 * HANSE);
        yes = 3 + (yes % 2);
        revealed = 3 + (revealed % 2);
        uint256 before = freeOf(requester) + freeOf(poolOwner) + 4 * SEAT_STAKE;
        (Deal memory deal, Committed[] memory seals) = _voted(wish, yes, 4 - yes);
        jury.reveal(deal, 0, seals, ballots(idOf(deal, 0), seals, 0, revealed));
        advance(ROUND_BLOCKS + 1);
        jury.rule(deal, 0, seals);
        uint256 sum = freeOf(requester) + freeOf(poolOwner) + freeOf(appOwner) + freeOf(TREASURY);
        uint256 earned = 0;
        for (uint32 i = 0; i < 4; ++i) {
            sum += bondedOf(worker(i)) + freeOf(worker(i));
            earned += earnedBy(i);
            equal(bondedOf(worker(i)), seatOf(i).stake, "stake");
        }
        equal(freeOf(address(jury)), earned, "earnings");
        equal(sum + earned, before, "to the unit");
    }

    // ── Helpers ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function _voted(uint256 yes, uint256 no) private returns (Deal memory deal, Committed[] memory seals) {
        return _voted(aWish(), yes, no);
    }

    function _voted(
        Wish memory wish,
        uint256 yes,
        uint256 no
    ) private returns (Deal memory deal, Committed[] memory seals) {
        enrol(0, 4);
        uint32[] memory drawn;
        (deal, drawn) = sealAndDraw(wish);
        seals = commitVotes(deal, 1, drawn, yes, no);
    }

    function _isIn(Committed[] memory seals, uint32 seat) private pure returns (bool) {
        for (uint256 i = 0; i < seals.length; ++i) {
            if (seals[i].by.seatOf() == seat) return true;
        }
        return false;
    }
}
