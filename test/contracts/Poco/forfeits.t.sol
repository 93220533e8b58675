// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Committed, Contribution, IPanel, Seat} from "../../../contracts/interfaces/IPanel.sol";
import {IPoco, Result} from "../../../contracts/interfaces/IPoco.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {TaskId} from "../../../contracts/types/Ids.sol";
import {Wish} from "../Panel/support/Market.sol";
import {vm} from "../support/Vm.sol";
import {PocoTest} from "./support/PocoTest.sol";

// Conviction
// ├── takes up to what the pool is paid, out of all wrong seats of a task together, in the order of their seals
// ├── of a certified failure: up to the fee
// ├── a further task in which the seat was wrong takes from it again, until nothing is left
// ├── a fine of a convicted seat falls on what is left, and pays nobody's compensation
// ├── the seat's earnings stay its worker's
// ├── what nobody took goes to the treasury at the release, and nothing to the worker
// └── over any number of tasks and prices: never more than the stake, never more than the prices
contract ForfeitsTest is PocoTest {
    uint256 private constant UNBONDING = 120_960;
    /// All are drawn at trust 257.
    uint32 private constant SEATS = 9;

    function setUp() public override {
        super.setUp();
        enrol(0, SEATS);
    }

    function test_theWrongOnesPayTogetherWhatThePoolIsPaid() external {
        (Deal memory deal, Committed[] memory seals, uint32[] memory liars) = _lie(aWishOf(100 * HANSE), 2, success());
        _setStake(liars[0], 4 * HANSE);
        TaskId id = idOf(deal, 0);
        vm.expectEmit(true, true, true, true, address(poco));
        emit IPoco.WorkerSlashed(id, workerOf(liars[0]), 4 * HANSE, 0, 0);
        vm.expectEmit(true, true, true, true, address(poco));
        emit IPoco.WorkerSlashed(id, workerOf(liars[1]), 96 * HANSE, 4 * HANSE, 0);
        poco.finalize(deal, 0, seals, success());
        equal(seatOf(liars[0]).stake, 0, "the first");
        equal(seatOf(liars[1]).stake, 4 * HANSE, "the second");
    }

    function test_ofAFailureTheyPayTheFee() external {
        (Deal memory deal, Committed[] memory seals, uint32[] memory liars) = _lie(aWishOf(10 * HANSE), 1, failure());
        poco.finalize(deal, 0, seals, failure());
        equal(seatOf(liars[0]).stake, SEAT_STAKE - HANSE, "the fee");
        isTrue(seatOf(liars[0]).convicted, "convicted");
    }

    function test_aFurtherTaskTakesFromItAgain() external {
        Wish memory wish = aWishOf(60 * HANSE);
        (Deal memory first, Committed[] memory seals, uint32[] memory liars) = _lie(wish, 2, success());
        (Deal memory second, Committed[] memory others, uint32[] memory liarsThere) = _lie(wish, 2, success());
        equal(liars[0], liarsThere[0], "all nine are drawn, and the same two lie");
        poco.finalize(first, 0, seals, success());
        equal(seatOf(liars[0]).stake, 40 * HANSE, "60 less");
        equal(seatOf(liars[1]).stake, SEAT_STAKE, "the other owes nothing yet");
        uint256 earnedBefore = _earnedByAll();
        poco.finalize(second, 0, others, success());
        equal(seatOf(liars[0]).stake, 0, "the rest of it");
        equal(seatOf(liars[1]).stake, 80 * HANSE, "what the first could not pay");
        // What is not the scheduler's: nine tenths of the price and the stakes.
        isTrue(_earnedByAll() - earnedBefore >= 114 * uint256(HANSE) - 7, "the winners of the second are paid too");
        equal(freeOf(TREASURY), 0, "treasury: not yet");
    }

    function test_aFineOfAConvictFallsOnWhatIsLeft() external {
        Wish memory wish = aWishOf(10 * HANSE);
        (Deal memory first, Committed[] memory seals, uint32[] memory liars) = _lie(wish, 1, success());
        // Sealed before the conviction, and nobody but the convict is absent.
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(wish);
        seeds.record(deal.sealedAtBlock + 1);
        poco.finalize(first, 0, seals, success());
        Committed[] memory present = commit(deal, _allBut(deal, drawn, liars[0]));
        advance(DEADLINE_BLOCKS);
        uint256 poolBefore = freeOf(poolOwner);
        vm.expectEmit(true, true, true, true, address(poco));
        emit IPanel.PlaceMissed(idOf(deal, 0), workerOf(liars[0]), (90 * HANSE) / 20);
        poco.claim(deal, 0, present);
        equal(seatOf(liars[0]).stake, 90 * HANSE - (90 * HANSE) / 20, "what is left");
        equal(freeOf(poolOwner), poolBefore, "the pool loses its stake");
        // The fine costs the convict nothing that was not lost: it does not finance anybody.
        equal(freeOf(requester), FUNDS - 11 * HANSE, "payer: the refund, no more");
        equal(freeOf(TREASURY), 3 * HANSE + (90 * HANSE) / 20, "treasury");
    }

    function test_whatNobodyTookIsTheTreasurys() external {
        // Has earned before.
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWishOf(90 * HANSE));
        poco.finalize(deal, 0, commitAll(deal, 1, drawn, success()), success());
        Committed[] memory seals;
        uint32[] memory liars;
        (deal, seals, liars) = _lie(aWishOf(10 * HANSE), 1, success());
        poco.finalize(deal, 0, seals, success());
        uint32 liar = liars[0];
        Seat memory seat = seatOf(liar);
        equal(seat.stake, 90 * HANSE, "forfeited");
        equal(seat.earned, 9 * HANSE, "earned before");
        advance(UNBONDING);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelSeatUnbonding.selector, pool, liar, currentBlock));
        poco.release(pool, liar);
        advance(1);
        vm.expectEmit(true, true, true, true, address(poco));
        emit IPanel.SeatForfeited(pool, liar, workerOf(liar), 90 * HANSE);
        vm.expectEmit(true, true, true, true, address(poco));
        emit IPanel.SeatReleased(pool, liar, workerOf(liar), 0);
        vm.prank(STRANGER);
        poco.release(pool, liar);
        equal(freeOf(TREASURY), 90 * HANSE, "treasury");
        equal(freeOf(workerOf(liar)), 9 * HANSE, "its earnings, nothing of its stake");
        equal(bondedOf(workerOf(liar)), 0, "bonded");
    }

    function testFuzz_neverMoreThanTheStakeOrThePrice(uint64[4] memory prices, uint8 liarCount) external {
        liarCount = 1 + (liarCount % 2);
        Deal[] memory deals = new Deal[](4);
        Committed[][] memory seals = new Committed[][](4);
        uint32[] memory liars;
        for (uint256 i = 0; i < 4; ++i) {
            prices[i] = (prices[i] % 200) * (HANSE / 3);
            (deals[i], seals[i], liars) = _lie(aWishOf(prices[i]), liarCount, success());
        }
        uint256 stakes = uint256(liarCount) * SEAT_STAKE;
        for (uint256 i = 0; i < 4; ++i) {
            poco.finalize(deals[i], 0, seals[i], success());
            stakes -= prices[i] < stakes ? prices[i] : stakes;
            equal(_stakesOf(liars), stakes, "each task takes its price while there is something");
        }
        advance(UNBONDING + 1);
        for (uint256 i = 0; i < liars.length; ++i) {
            poco.release(pool, liars[i]);
        }
        equal(freeOf(TREASURY), stakes, "the treasury the rest");
    }

    // ── Helpers ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// All nine seats are drawn, and seven who agree suffice against two.
    function aWishOf(uint64 price) private view returns (Wish memory wish) {
        wish = aWish();
        (wish.poolPrice, wish.trust) = (price, 257);
    }

    /// A task in which seats 0 to `count − 1` lie.
    function _lie(
        Wish memory wish,
        uint32 count,
        Result memory truth
    ) private returns (Deal memory deal, Committed[] memory seals, uint32[] memory liars) {
        for (uint32 i = 0; i < SEATS; ++i) {
            if (seatOf(i).score < 30 && i >= count) poolScore(i, 30);
        }
        uint32[] memory drawn;
        (deal, drawn) = sealAndDraw(wish);
        equal(drawn.length, SEATS, "places");
        TaskId id = idOf(deal, 0);
        Contribution[] memory all = new Contribution[](SEATS);
        liars = new uint32[](count);
        for (uint32 i = 0; i < SEATS; ++i) {
            all[i] = contribution(id, 1, i, i < count ? otherResult() : truth);
            if (i < count) liars[i] = i;
        }
        seals = commit(deal, all);
    }

    function _allBut(
        Deal memory deal,
        uint32[] memory drawn,
        uint32 absent
    ) private view returns (Contribution[] memory some) {
        some = new Contribution[](drawn.length - 1);
        uint256 count = 0;
        for (uint256 i = 0; i < drawn.length; ++i) {
            if (drawn[i] != absent) some[count++] = contribution(idOf(deal, 0), 1, drawn[i], success());
        }
    }

    /// Less than is bonded: nobody releases it in these tests.
    function _setStake(uint32 number, uint64 stake) private {
        bytes32 slot = recordSlot(number);
        uint256 others = (uint256(vm.load(address(poco), slot)) >> 64) << 64;
        vm.store(address(poco), slot, bytes32(others | stake));
    }

    function _stakesOf(uint32[] memory numbers) private view returns (uint256 sum) {
        for (uint256 i = 0; i < numbers.length; ++i) {
            sum += seatOf(numbers[i]).stake;
        }
    }

    function _earnedByAll() private view returns (uint256 sum) {
        for (uint32 i = 0; i < SEATS; ++i) {
            sum += earnedBy(i);
        }
    }
}
