// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Committed, IPanel, TaskStatus} from "../../../contracts/interfaces/IPanel.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {Wish} from "./support/Market.sol";
import {PocoTest} from "../Poco/support/PocoTest.sol";
import {vm} from "../support/Vm.sol";

// claim
// ├── before the deadline is over: refused; when settled or claimed: refused; with other seals: refused
// ├── nobody was silent, they disagreed: refunded, nobody is slashed
// ├── somebody was silent: the pool's stake goes to the payer (a tenth) and to who committed; the absent are fined
// ├── the fines are less than the stake: payer and workers share no more than the fines, the treasury gets the rest
// ├── whoever conspires, with the payer or without: never gets more out of it than it was fined
// ├── everybody was silent: the rest of the stake goes to the treasury
// ├── the seed was lost: the pool is slashed all the same, nobody is fined
// ├── nobody was seated: refunded, nobody is slashed
// ├── so long after that seat numbers may be others': nobody is fined
// └── of a task of trust 1: the pool is slashed, of which the payer gets a tenth
contract ClaimTest is PocoTest {
    function test_refusesBeforeTheDeadline() external {
        enrol(0, 4);
        (Deal memory deal, ) = sealAndDraw(aWish());
        uint256 deadline = deal.sealedAtBlock + DEADLINE_BLOCKS;
        rollTo(deadline);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelDeadlineNotOver.selector, idOf(deal, 0), deadline));
        poco.claim(deal, 0, none());
    }

    function test_refusesTwice() external {
        enrol(0, 4);
        (Deal memory deal, ) = sealAndDraw(aWish());
        advance(DEADLINE_BLOCKS);
        poco.claim(deal, 0, none());
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelAlreadySettled.selector, idOf(deal, 0), TaskStatus.Claimed));
        poco.claim(deal, 0, none());
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelAlreadySettled.selector, idOf(deal, 0), TaskStatus.Claimed));
        poco.finalize(deal, 0, none(), success());
    }

    function test_refusesWhatIsCertified() external {
        enrol(0, 4);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        Committed[] memory seals = commitAll(deal, 1, drawn, success());
        poco.finalize(deal, 0, seals, success());
        advance(DEADLINE_BLOCKS);
        vm.expectRevert(
            abi.encodeWithSelector(IPanel.PanelAlreadySettled.selector, idOf(deal, 0), TaskStatus.Certified)
        );
        poco.claim(deal, 0, seals);
    }

    function test_refusesOtherSeals() external {
        enrol(0, 4);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        commitAll(deal, 1, firstOf(drawn, 3), success());
        advance(DEADLINE_BLOCKS);
        vm.expectRevert(
            abi.encodeWithSelector(IPanel.PanelSealsDiffer.selector, idOf(deal, 0), taskOf(deal).seals, bytes19(0))
        );
        poco.claim(deal, 0, none());
    }

    function test_disagreementIsNotSlashed() external {
        enrol(0, 4);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        Committed[] memory seals = commit(deal, split(idOf(deal, 0), 1, drawn, 2));
        advance(DEADLINE_BLOCKS);
        vm.prank(STRANGER);
        poco.claim(deal, 0, seals);
        equal(freeOf(requester), FUNDS, "requester");
        equal(freeOf(poolOwner), FUNDS, "pool");
        equal(lockedOf(poolOwner), 0, "nothing locked");
        equal(seatOf(drawn[0]).stake, SEAT_STAKE, "stake");
        equal(freeOf(workerOf(drawn[0])), 0, "no pay");
    }

    function test_silenceOfOneSlashesThePool() external {
        enrol(0, 4);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        seeds.record(deal.sealedAtBlock + 1);
        Committed[] memory seals = commitAll(deal, 1, firstOf(drawn, 3), success());
        advance(DEADLINE_BLOCKS);
        vm.expectEmit(true, true, true, true, address(poco));
        emit IPanel.TaskClaimed(idOf(deal, 0), 3 * HANSE);
        poco.claim(deal, 0, seals);
        equal(freeOf(requester), FUNDS + (3 * HANSE) / 10, "a tenth of the pool's stake");
        equal(freeOf(poolOwner), FUNDS - 3 * HANSE, "pool");
        equal(freeOf(workerOf(drawn[0])), (9 * HANSE) / 10, "a third of the rest");
        equal(freeOf(workerOf(drawn[3])), 0, "who was silent");
        equal(seatOf(drawn[3]).stake, 95 * HANSE, "fined");
        equal(seatOf(drawn[3]).misses, 1, "missed");
        equal(freeOf(TREASURY), 5 * HANSE, "treasury");
    }

    function test_sharesNoMoreThanTheFines() external {
        enrol(0, 4);
        Wish memory wish = aWish();
        wish.poolPrice = 1_000 * HANSE;
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(wish);
        seeds.record(deal.sealedAtBlock + 1);
        Committed[] memory seals = commitAll(deal, 1, firstOf(drawn, 3), success());
        advance(DEADLINE_BLOCKS);
        poco.claim(deal, 0, seals);
        // A stake of 300 for a fine of 5.
        equal(freeOf(requester), FUNDS + HANSE / 2, "a tenth of the fine");
        equal(freeOf(workerOf(drawn[0])), (3 * HANSE) / 2, "a third of the rest");
        equal(freeOf(poolOwner), FUNDS - 300 * uint256(HANSE), "pool");
        equal(freeOf(TREASURY), 300 * uint256(HANSE), "treasury");
    }

    function testFuzz_nobodyGainsByAFailure(uint64 price, uint64 stake, uint8 present, uint8 members) external {
        enrol(0, 4);
        Wish memory wish = aWish();
        wish.poolPrice = price % (10_000 * HANSE);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(wish);
        seeds.record(deal.sealedAtBlock + 1);
        // What fines have left of the stakes: less than is bonded.
        for (uint256 i = 0; i < 4; ++i) {
            vm.store(address(poco), recordSlot(drawn[i]), bytes32(uint256(stake % (SEAT_STAKE + 1)) >> (i * 3)));
        }
        uint32[] memory some = new uint32[](4);
        uint256 count = 0;
        for (uint256 i = 0; i < 4; ++i) {
            if ((present >> i) % 2 == 1) some[count++] = drawn[i];
        }
        Committed[] memory seals = count == 0 ? none() : commitAll(deal, 1, firstOf(some, count), otherResult());
        // Whoever is silent is in it, and any of the others; the payer in half of the cases.
        members |= ~present & 0xf;
        bool withPayer = members > 127;
        uint256 before = _wealthOf(drawn, members, withPayer);
        advance(DEADLINE_BLOCKS);
        poco.claim(deal, 0, seals);
        isTrue(_wealthOf(drawn, members, withPayer) <= before, "nobody gains");
    }

    /// Of the seats whose bits are set: free money and bonds; and of the payer, what it has locked included.
    function _wealthOf(uint32[] memory drawn, uint8 members, bool withPayer) private view returns (uint256 sum) {
        for (uint256 i = 0; i < 4; ++i) {
            if ((members >> i) % 2 == 1) sum += freeOf(workerOf(drawn[i])) + bondedOf(workerOf(drawn[i]));
        }
        if (withPayer) sum += freeOf(requester) + lockedOf(requester);
    }

    function test_silenceOfAllSlashesThePool() external {
        enrol(0, 4);
        (Deal memory deal, ) = sealAndDraw(aWish());
        seeds.record(deal.sealedAtBlock + 1);
        advance(DEADLINE_BLOCKS);
        poco.claim(deal, 0, none());
        equal(freeOf(requester), FUNDS + (3 * HANSE) / 10, "requester");
        equal(freeOf(TREASURY), (27 * HANSE) / 10 + 4 * 5 * HANSE, "rest and fines");
        for (uint256 i = 0; i < 4; ++i) {
            equal(seatOf(i).misses, 1, "missed");
        }
    }

    function test_silenceInTheSecondRoundSlashesThePool() external {
        enrol(0, 12);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        Committed[] memory seals = commit(deal, split(idOf(deal, 0), 1, drawn, 2));
        advance(11);
        poco.extend(deal, 0);
        advance(2);
        seeds.record(currentBlock - 1);
        uint32[] memory second = drawnIn(deal, 2);
        advance(DEADLINE_BLOCKS);
        poco.claim(deal, 0, seals);
        equal(freeOf(poolOwner), FUNDS - 3 * HANSE, "pool");
        equal(seatOf(drawn[0]).misses, 0, "who committed");
        for (uint256 i = 0; i < second.length; ++i) {
            equal(seatOf(second[i]).misses, 1, "who did not");
        }
    }

    function test_aLostSeedSavesNoPool() external {
        enrol(0, 4);
        (Deal memory deal, ) = sealAndDraw(aWish());
        advance(DEADLINE_BLOCKS);
        poco.claim(deal, 0, none());
        equal(freeOf(poolOwner), FUNDS - 3 * HANSE, "pool");
        equal(seatOf(0).misses, 0, "nobody knows");
        equal(freeOf(requester), FUNDS, "nobody was fined for the payer");
        equal(freeOf(TREASURY), 3 * HANSE, "treasury");
    }

    function test_aPoolOfNewcomersIsNotSlashed() external {
        // All four come in the block of the seal: none can be drawn.
        for (uint256 i = 0; i < 4; ++i) {
            enrolOne(i);
        }
        Deal memory deal = seal(aWish());
        advance(2);
        equal(poco.drawnSeats(deal, 0, 1).length, 0, "nobody");
        seeds.record(deal.sealedAtBlock + 1);
        advance(DEADLINE_BLOCKS);
        poco.claim(deal, 0, none());
        equal(freeOf(poolOwner), FUNDS, "pool");
        equal(freeOf(requester), FUNDS, "requester");
    }

    function test_nobodyIsFinedForAnothersNumber() external {
        enrol(0, 4);
        (Deal memory deal, ) = sealAndDraw(aWish());
        seeds.record(deal.sealedAtBlock + 1);
        for (uint32 i = 0; i < 4; ++i) {
            vm.prank(worker(i));
            poco.leave(pool, i);
        }
        advance(120_961);
        for (uint32 i = 0; i < 4; ++i) {
            poco.release(pool, i);
        }
        enrol(10, 4);
        poco.claim(deal, 0, none());
        for (uint32 i = 0; i < 4; ++i) {
            equal(seatOf(i).stake, SEAT_STAKE, "the newcomer's stake");
        }
        equal(freeOf(poolOwner), FUNDS - 3 * HANSE, "pool");
    }

    function test_ofTrustOne() external {
        Wish memory wish = aWish();
        wish.trust = 1;
        wish.pool = closedPool;
        Deal memory deal = seal(wish);
        advance(DEADLINE_BLOCKS + 1);
        poco.claim(deal, 0, none());
        equal(freeOf(requester), FUNDS + (3 * HANSE) / 10, "requester");
        equal(freeOf(TREASURY), (27 * HANSE) / 10, "treasury");
    }

    function test_eachTaskOfADealByItself() external {
        enrol(0, 8);
        Wish memory wish = aWish();
        wish.volume = 3;
        (Deal memory deal, ) = sealAndDraw(wish);
        poco.finalize(
            deal,
            1,
            commit(deal, 1, contributions(idOf(deal, 1), 1, drawnIn(deal, 1, 1), success())),
            success()
        );
        advance(DEADLINE_BLOCKS);
        poco.claim(deal, 0, none());
        poco.claim(deal, 2, none());
        equal(lockedOf(requester), 0, "requester");
        equal(lockedOf(poolOwner), 0, "pool");
    }
}
