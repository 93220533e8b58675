// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {AssetId} from "../../../contracts/types/Ids.sol";
import {Leg, Refusal} from "../../../contracts/types/Refusals.sol";
import {Wish} from "./support/Market.sol";
import {PocoTest} from "../Poco/support/PocoTest.sol";
import {vm} from "../support/Vm.sol";

// admit
// ├── when the category is unknown, the pool not open, the trust too high: refused
// ├── when the pool is closed and trust above 1: refused
// ├── when the pool has fewer seats than demanded, or than the trust needs: refused
// ├── when seats have less stake than demanded: refused
// ├── it never reverts
// └── else the pool's stake is 30 % and the terms are frozen
contract AdmitTest is PocoTest {
    function test_refusals() external {
        enrol(0, 4);
        Deal memory draft;
        draft.pool = pool;
        draft.category = 1;
        _refused(draft, 0, 0, Refusal.CategoryUnknown);
        draft.category = 0;
        draft.pool = app;
        _refused(draft, 0, 0, Refusal.PoolNotOpen);
        draft.pool = pool;
        draft.trust = 1_000_001;
        _refused(draft, 0, 0, Refusal.TrustTooHigh);
        draft.trust = 2;
        draft.pool = closedPool;
        _refused(draft, 0, 0, Refusal.PoolClosed);
        draft.pool = pool;
        draft.trust = 17;
        _refused(draft, 0, 0, Refusal.SeatsTooFew);
        draft.trust = 0;
        _refused(draft, 5, 0, Refusal.SeatsTooFew);
        _refused(draft, 0, SEAT_STAKE + 1, Refusal.SeatStakeTooLow);
        draft.trust = 16;
        _refused(draft, 4, SEAT_STAKE, Refusal.None);
        draft.pool = closedPool;
        draft.trust = 1;
        _refused(draft, 0, 0, Refusal.None);
    }

    function test_theClerkSkipsWhatIsRefused() external {
        enrol(0, 3);
        Wish memory wish = aWish();
        vm.expectRevert(
            abi.encodeWithSelector(IClerk.ClerkMatchRefused.selector, uint256(0), Leg.Pool, Refusal.SeatsTooFew)
        );
        this.sealOutside(wish);
    }

    function sealOutside(Wish memory wish) external {
        clerk.seal(batchOf(wish), true);
    }

    /// A draw takes 256 numbers at most: where most are free again, it would not find its places, and money would be locked
    /// for a task that nobody can be drawn for.
    function testFuzz_refusesWhatCannotBeDrawn(uint32 seats, uint32 liveSeats) external {
        seats = 257 + (seats % 100_000);
        liveSeats = 4 + (liveSeats % (seats - 3));
        bytes32 slot = keccak256(abi.encode(pool, uint256(0)));
        uint256 others = uint256(vm.load(address(poco), slot)) & ((1 << 96) - 1);
        vm.store(address(poco), slot, bytes32(others | (uint256(seats) << 96) | (uint256(liveSeats) << 128)));
        equal(poco.pool(pool).liveSeats, liveSeats, "as stored");
        Deal memory draft;
        (draft.pool, draft.trust) = (pool, 10);
        bool isEnough = uint256(liveSeats) * 256 >= 2 * 4 * uint256(seats);
        _refused(draft, 0, 0, isEnough ? Refusal.None : Refusal.SeatsTooFew);
        draft.trust = 1;
        _refused(draft, 0, 0, Refusal.None);
    }

    function test_freezesTheTerms() external {
        enrol(0, 4);
        Deal memory deal = seal(aWish());
        equal(deal.poolStake, 3 * HANSE, "pool stake");
        bytes memory packed = abi.encodePacked(
            uint32(4),
            SEAT_STAKE,
            SCHEDULER_SHARE,
            ROUND_BLOCKS,
            DEADLINE_BLOCKS,
            uint80(0)
        );
        equal(deal.frozen, bytes32(packed), "frozen");
    }

    function testFuzz_neverReverts(Deal calldata draft, uint32 minSeats, uint64 minSeatStake) external view {
        poco.admit(draft, minSeats, minSeatStake);
    }

    function testFuzz_neverRevertsOnThePool(Deal memory draft, uint32 minSeats, uint64 minSeatStake) external view {
        (draft.pool, draft.category) = (draft.trust % 2 == 0 ? pool : closedPool, 0);
        poco.admit(draft, minSeats, minSeatStake);
    }

    function _refused(Deal memory draft, uint32 minSeats, uint64 minSeatStake, Refusal expected) private view {
        (Refusal refusal, , ) = poco.admit(draft, minSeats, minSeatStake);
        equal(uint256(refusal), uint256(expected), "refusal");
    }
}
