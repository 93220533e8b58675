// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Committed, Contribution, IPanel, TaskStatus} from "../../../contracts/interfaces/IPanel.sol";
import {IPoco, Result} from "../../../contracts/interfaces/IPoco.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {Restriction, TaskId} from "../../../contracts/types/Ids.sol";
import {Wish} from "../Panel/support/Market.sol";
import {vm} from "../support/Vm.sol";
import {PocoTest} from "../Poco/support/PocoTest.sol";

/// Requester, pool and workers in collusion, in whatever combination. What a coalition owns together is compared before
/// and after.
contract CollusionAttack is PocoTest {
    function setUp() public override {
        super.setUp();
        enrol(0, 9);
    }

    /// What an account has in the Clerk, bonds and earnings in the pool included.
    function _worth(uint32 seat) private view returns (uint256) {
        address owner = workerOf(seat);
        return freeOf(owner) + lockedOf(owner) + earnedBy(seat);
    }

    /// @dev Free work: the requester has seen the result, which workers disclose before it is paid, and the pool's owner
    /// stays silent so that the deadline passes and the price comes back. Until the very last block any worker
    /// finalizes, and nobody claims before.
    function test_aDisclosedResultIsPaid() external {
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        Committed[] memory seals = commitAll(deal, 1, drawn, success());
        uint256 deadline = deal.sealedAtBlock + DEADLINE_BLOCKS;
        rollTo(deadline);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelDeadlineNotOver.selector, idOf(deal, 0), deadline));
        poco.claim(deal, 0, seals);
        vm.prank(workerOf(drawn[3]));
        poco.finalize(deal, 0, seals, success());
        equal(earnedBy(drawn[3]), (9 * HANSE) / 4, "paid");
    }

    /// @dev Slash circling: the requester has a seat of its own, is drawn and stays silent; the deal fails, 11 come back,
    /// and the pool's stake of 3 is slashed. Were a tenth of that the payer's and nine tenths the workers', with eight
    /// seats of the coalition at work, it would gain 3 for a fine of 5. With a price of 1,000 it would be 300 for 5.
    /// Now payer and workers together get no more out of it than the fines: at whatever price, and whoever is silent,
    /// the coalition of requester and all workers ends with no more than it had.
    function testFuzz_slashCirclingGainsNothing(uint64 price, uint16 silent) external {
        Wish memory wish = aWish();
        wish.poolPrice = (price % (9_000 * HANSE)) + 1;
        wish.trust = 257;
        uint256 before = _coalition();
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(wish);
        Committed[] memory seals = _junkFromAllBut(deal, drawn, silent);
        seeds.record(deal.sealedAtBlock + 1);
        rollTo(deal.sealedAtBlock + DEADLINE_BLOCKS + 1);
        poco.claim(deal, 0, seals);
        isTrue(_coalition() <= before, "no gain");
    }

    function _coalition() private view returns (uint256 sum) {
        sum = freeOf(requester) + lockedOf(requester);
        for (uint32 i = 0; i < 9; ++i) {
            sum += _worth(i);
        }
    }

    function _junkFromAllBut(
        Deal memory deal,
        uint32[] memory drawn,
        uint16 silent
    ) private returns (Committed[] memory) {
        Contribution[] memory some = new Contribution[](drawn.length);
        uint256 count = 0;
        for (uint256 i = 0; i < drawn.length; ++i) {
            if ((silent >> i) & 1 == 1) continue;
            some[count++] = signed(idOf(deal, 0), 1, drawn[i], keccak256(abi.encode("junk", i)));
        }
        if (count == 0) return none();
        assembly {
            mstore(some, count)
        }
        return commit(deal, some);
    }

    /// @dev Impossible tasks: the requester asks for what cannot be done, to have workers slashed for not doing it. That
    /// it fails is a result like any other: the workers agree on it and share nine tenths of the fee of 1, the
    /// requester has 10 of its 11 back, and nobody is slashed.
    function testFuzz_impossibleTasksCollectNothing(uint64 price, uint8 outcome) external {
        Wish memory wish = aWish();
        wish.poolPrice = (price % (9_000 * HANSE)) + 1;
        uint256 before = freeOf(requester);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(wish);
        Result memory failed = Result({outcome: outcome | 1, content: 0, memoryHash: 0, callbackData: ""});
        Committed[] memory seals = commitAll(deal, 1, drawn, failed);
        poco.finalize(deal, 0, seals, failed);
        equal(uint256(taskOf(deal).status), uint256(TaskStatus.Failed), "certified to fail");
        equal(freeOf(requester), before - wish.poolPrice / 10, "the fee");
        for (uint256 i = 0; i < drawn.length; ++i) {
            equal(seatOf(drawn[i]).stake, SEAT_STAKE, "no stake is touched");
        }
    }

    /// @dev Score farming: a coalition buys its own tasks until its seats weigh 16 each: a score of 51, in 51 tasks at
    /// least. What that buys is confidence (16^4 against 2^3), not places: at trust 100 seven are drawn whatever the
    /// scores, and 2/3 of them have to agree: five. With four of seven its false result does not stand.
    function test_farmedScoresBuyNoPlaces() external {
        Wish memory wish = aWish();
        wish.trust = 100;
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(wish);
        equal(drawn.length, 7, "seven, though two of weight 16 would be sure");
        for (uint256 i = 0; i < 4; ++i) {
            poolScore(drawn[i], 51);
        }
        Contribution[] memory all = contributions(idOf(deal, 0), 1, drawn, otherResult());
        for (uint256 i = 4; i < 7; ++i) {
            all[i] = contribution(idOf(deal, 0), 1, drawn[i], success());
        }
        Committed[] memory seals = commit(deal, all);
        vm.expectRevert(
            abi.encodeWithSelector(
                IPoco.PocoNotReached.selector,
                idOf(deal, 0),
                uint256(4),
                uint256(7),
                uint256(16 ** 4),
                uint256(8)
            )
        );
        poco.finalize(deal, 0, seals, otherResult());
    }

    /// @dev Nor do tasks for less than 0.001 raise a score, and one right answer raises it by one: 51 cost at least 0.051
    /// of the pool's price, of which honest workers who are drawn too take their part.
    function testFuzz_scoresHaveAFloorPrice(uint64 price) external {
        Wish memory wish = aWish();
        wish.poolPrice = price % 2_000_000;
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(wish);
        poco.finalize(deal, 0, commitAll(deal, 1, drawn, success()), success());
        equal(seatOf(drawn[0]).score, wish.poolPrice >= 1_000_000 ? 1 : 0, "one, or none");
    }

    /// @dev Saving a stake: a liar about to be judged in a dear task has its accomplices win a cheap one from it, before.
    /// They get the cheap task's price out of the stake, here 10 of 100, and no more: the other 90 stay for those to
    /// whom it owes them.
    function test_aStakeIsNotSavedInACheapTask() external {
        for (uint32 i = 0; i < 9; ++i) {
            // They weigh 3, so that eight of nine are sure: 3^8 > (1 + 3) · 256.
            poolScore(i, 12);
        }
        Wish memory cheap = aWish();
        cheap.trust = 257;
        Wish memory dear = cheap;
        (Deal memory small, uint32[] memory drawn) = sealAndDraw(cheap);
        dear.poolPrice = 500 * HANSE;
        (Deal memory large, ) = sealAndDraw(dear);
        uint32 liar = drawn[8];
        Committed[] memory smallSeals = _onlyLies(small, liar);
        Committed[] memory largeSeals = _onlyLies(large, liar);
        poco.finalize(small, 0, smallSeals, success());
        equal(seatOf(liar).stake, 90 * HANSE, "10 for the cheap task");
        poco.finalize(large, 0, largeSeals, success());
        equal(seatOf(liar).stake, 0, "90 for the dear one");
    }

    function _onlyLies(Deal memory deal, uint32 liar) private returns (Committed[] memory) {
        uint32[] memory drawn = drawnIn(deal, 1);
        TaskId id = idOf(deal, 0);
        Contribution[] memory all = contributions(id, 1, drawn, success());
        for (uint256 i = 0; i < drawn.length; ++i) {
            if (drawn[i] == liar) all[i] = contribution(id, 1, liar, otherResult());
        }
        return commit(deal, all);
    }

    /// @dev Choosing among draws: a requester that names itself attester ends every task whose draw it does not like, at the
    /// price of a seal, and plays only those in which its two of three outvote an honest seat for its stake of 100. What it
    /// would play for is not there: in a deal that names attesters the wrong one's stake is the treasury's, and no score
    /// rises. Nor does it end a task by a failure, which would refund app and dataset.
    function test_choosingAmongDrawsWinsNothing() external {
        for (uint32 i = 0; i < 9; ++i) {
            // They weigh 4: 4^2 > (1 + 2) · 4, if the honest one were fresh.
            poolScore(i, 15);
        }
        Wish memory wish = aWish();
        wish.trust = 5;
        wish.attesters = Restriction.wrap(bytes32(uint256(uint160(requester))));
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(wish);
        poolScore(drawn[2], 0);
        Contribution[] memory all = contributions(idOf(deal, 0), 1, drawn, otherResult());
        all[2] = contribution(idOf(deal, 0), 1, drawn[2], success());
        Committed[] memory seals = commit(deal, all);
        poco.finalize(deal, 0, seals, otherResult());
        equal(seatOf(drawn[2]).stake, SEAT_STAKE, "forfeited to nobody who was there");
        equal(earnedBy(drawn[0]), (9 * HANSE) / 2, "the price they paid themselves, and no more");
        equal(seatOf(drawn[0]).score, 15, "no score");
    }
}
