// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Committed, Contribution, Seat, Task, TaskStatus} from "../../../../contracts/interfaces/IPanel.sol";
import {Result} from "../../../../contracts/interfaces/IPoco.sol";
import {Deal} from "../../../../contracts/types/Deals.sol";
import {TaskId} from "../../../../contracts/types/Ids.sol";
import {Wish} from "../../Panel/support/Market.sol";
import {PocoTest} from "../support/PocoTest.sol";
import {vm, Vm} from "../../Panel/support/Vm.sol";

/// Does anything that anybody can do to Poco, and keeps what the laws are about.
contract PocoHandler is PocoTest {
    uint256 private constant WORKERS = 14;

    struct Job {
        Deal deal;
        uint32 index;
        TaskStatus status;
        uint256 settledTimes;
        uint256 rounds;
    }

    Job[] private _jobs;
    mapping(uint256 job => Committed[]) private _seals;

    /// How often each act came off, so that a run which tries nothing is noticed.
    mapping(string act => uint256) public done;

    constructor() {
        super.setUp();
        for (uint256 i = 0; i < WORKERS; ++i) {
            clerk.depositFor(worker(i), 10 * SEAT_STAKE);
            vm.prank(worker(i));
            clerk.allowCertifier(address(poco), type(uint64).max);
            if (i < 8) enrolAgain(i);
        }
        advance(1);
    }

    /// Not an act.
    function setUp() public pure override {
        revert("only once");
    }

    // ── Acts ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    function enrolAgain(uint256 who) public {
        _restoreBlock();
        who %= WORKERS;
        vm.prank(worker(who));
        uint32 seat = poco.enrol(pool);
        keyOf[seat] = workerKey(who);
        ++done["enrol"];
    }

    function leave(uint256 which) external {
        _restoreBlock();
        uint32 seat = uint32(which % poco.pool(pool).seats);
        address who = seatOf(seat).worker;
        // A free seat is nobody's, and nobody sends no transactions.
        if (which % 3 != 0 || who == address(0)) return;
        vm.prank(who);
        poco.leave(pool, seat);
        ++done["leave"];
    }

    function release(uint256 which) external {
        _restoreBlock();
        uint32 seat = uint32(which % poco.pool(pool).seats);
        uint256 left = seatOf(seat).leftAt;
        if (left == 0) return;
        if (which % 2 == 0 && currentBlock <= left + 120_960) rollTo(left + 120_961);
        poco.release(pool, seat);
        ++done["release"];
    }

    /// A task from its seal to its end, which acts drawn one by one seldom come to.
    function play(uint64 price, uint8 trust, uint256 present, uint256 liars) external {
        sealOne(price, trust, price % 2 == 0, 0);
        uint256 which = (_jobs.length - 1) << 3;
        commit(which, present, liars);
        advance(ROUND_BLOCKS + 1);
        try this.finalize(which, false) {} catch {
            advance(11);
            poco.extend(_jobs[_jobs.length - 1].deal, 0);
            ++done["extend"];
            advance(2);
            commit(which, present >> 64, 1);
            advance(ROUND_BLOCKS + 1);
            try this.finalize(which, false) {} catch {}
        }
    }

    function sealOne(uint64 price, uint8 trust, bool withDataset, uint8 volume) public {
        _restoreBlock();
        Wish memory wish = aWish();
        wish.poolPrice = price % (20 * HANSE);
        wish.datasetPrice = price % HANSE;
        wish.withDataset = withDataset;
        wish.trust = trust % 24;
        wish.volume = 1 + (volume % 3);
        Deal memory deal = seal(wish);
        for (uint32 i = 0; i < wish.volume; ++i) {
            _jobs.push().deal = deal;
            _jobs[_jobs.length - 1].index = i;
        }
        ++done["seal"];
        advance(2);
    }

    /// Some of those drawn commit, some of them to a lie, to junk, or to a failure.
    function commit(uint256 which, uint256 present, uint256 liars) public {
        _restoreBlock();
        Job storage job = _job(which);
        (TaskId id, uint8 round) = _now(job);
        uint32[] memory drawn = drawnIn(job.deal, job.index, round);
        Contribution[] memory some = new Contribution[](drawn.length);
        uint256 count = 0;
        for (uint256 i = 0; i < drawn.length; ++i) {
            if (present % 4 != 0 && (present >> (i + 2)) % 8 == 0) continue;
            bool lies = liars % 3 == 0 && (liars >> (2 * i)) % 4 == 0;
            some[count++] = contribution(id, round, drawn[i], lies ? otherResult() : _truth(job));
        }
        assembly ("memory-safe") {
            mstore(some, count)
        }
        Committed[] memory added = commit(job.deal, job.index, some);
        uint256 at = _place(which);
        for (uint256 i = 0; i < added.length; ++i) {
            _seals[at].push(added[i]);
        }
        ++done["commit"];
    }

    function extend(uint256 which) external {
        _restoreBlock();
        Job storage job = _job(which);
        poco.extend(job.deal, job.index);
        advance(2);
        ++done["extend"];
    }

    function finalize(uint256 which, bool lie) external {
        _restoreBlock();
        Job storage job = _job(which);
        if (lie && which % 4 != 0) lie = false;
        poco.finalize(job.deal, job.index, _seals[_place(which)], lie ? otherResult() : _truth(job));
        ++job.settledTimes;
        ++done["finalize"];
    }

    function complete(uint256 which, uint256 who) external {
        _restoreBlock();
        Job storage job = _job(which);
        vm.prank(poolOwner);
        poco.complete(job.deal, job.index, worker(who % WORKERS), _truth(job));
        ++job.settledTimes;
        ++done["complete"];
    }

    function claim(uint256 which) external {
        _restoreBlock();
        Job storage job = _job(which);
        poco.claim(job.deal, job.index, _seals[_place(which)]);
        ++job.settledTimes;
        ++done["claim"];
    }

    function record(uint256 which) external {
        _restoreBlock();
        seeds.record(_job(which).deal.sealedAtBlock + 1);
    }

    function pass(uint16 blocks) external {
        _restoreBlock();
        advance(blocks % 16 == 0 ? 1 + (blocks % 2_000) : 1 + (blocks % 70));
    }

    // ── Laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    function checkMoney() external view {
        uint256 sum = freeOf(TREASURY) + lockedOf(TREASURY) + freeOf(address(poco));
        address[4] memory owners = [requester, appOwner, datasetOwner, poolOwner];
        for (uint256 i = 0; i < 4; ++i) {
            sum += freeOf(owners[i]) + lockedOf(owners[i]);
        }
        for (uint256 i = 0; i < WORKERS; ++i) {
            sum += freeOf(worker(i)) + lockedOf(worker(i));
        }
        equal(sum, token.balanceOf(clerk.TILL()), "free and locked money is what the Clerk holds");
    }

    function checkBonds() external view {
        uint256 stakes = 0;
        uint256 live = 0;
        uint256 seats = poco.pool(pool).seats;
        for (uint256 i = 0; i < seats; ++i) {
            Seat memory seat = seatOf(i);
            stakes += seat.stake;
            if (seat.worker != address(0) && seat.leftAt == 0) ++live;
        }
        uint256 bonded = 0;
        for (uint256 i = 0; i < WORKERS; ++i) {
            bonded += bondedOf(worker(i));
            equal(lockedOf(worker(i)), bondedOf(worker(i)), "a worker's locked money is its bonds");
        }
        equal(bonded, stakes, "what is bonded is the stakes of all seats");
        equal(poco.pool(pool).liveSeats, live, "live seats");
    }

    function checkTasks() external {
        uint256 open = 0;
        uint256 stake = 0;
        for (uint256 i = 0; i < _jobs.length; ++i) {
            Job storage job = _jobs[i];
            Task memory task = poco.task(idOf(job.deal, job.index));
            isTrue(job.status == TaskStatus.Open || job.status == task.status, "a settled task stays as it is");
            equal(task.status == TaskStatus.Open ? 0 : 1, job.settledTimes, "a task is settled once");
            isTrue(task.round >= job.rounds, "rounds only rise");
            equal(_bits(task.places), _seals[i].length, "as many seals as places that committed");
            isTrue(_seals[i].length <= 64, "64 places at most");
            (job.status, job.rounds) = (task.status, task.round);
            if (task.status == TaskStatus.Open) {
                open += uint256(job.deal.appPrice) + job.deal.datasetPrice + job.deal.poolPrice;
                stake += job.deal.poolStake;
            }
        }
        equal(lockedOf(requester), open, "what the requester has locked is its open tasks");
        equal(lockedOf(poolOwner), stake, "what the pool has locked is its open tasks");
    }

    function jobs() external view returns (uint256) {
        return _jobs.length;
    }

    // ── Helpers ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// A run may set the block back to what it was at the start.
    function _restoreBlock() private {
        vm.roll(currentBlock);
    }

    function _place(uint256 which) private view returns (uint256) {
        // Mostly one of the last few, so that something comes of it.
        uint256 last = _jobs.length;
        return which % 8 == 0 || last < 4 ? (which >> 3) % last : last - 1 - ((which >> 3) % 4);
    }

    function _job(uint256 which) private view returns (Job storage) {
        return _jobs[_place(which)];
    }

    function _now(Job storage job) private view returns (TaskId id, uint8 round) {
        id = idOf(job.deal, job.index);
        round = poco.task(id).round;
        if (round == 0) round = 1;
    }

    /// Every fifth task cannot succeed.
    function _truth(Job storage job) private view returns (Result memory) {
        return uint256(job.deal.requestId) % 5 == 0 ? failure() : success();
    }

    function _bits(uint256 word) private pure returns (uint256 count) {
        for (; word != 0; word &= word - 1) {
            ++count;
        }
    }
}
