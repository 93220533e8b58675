// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Operator, POWER_CONTRIBUTION, POWER_RESULT} from "../../../../contracts/interfaces/IKeyring.sol";
import {
    Committed,
    Contribution,
    IPanel,
    Seat,
    Task,
    TaskClaim,
    TaskStatus
} from "../../../../contracts/interfaces/IPanel.sol";
import {Deal} from "../../../../contracts/types/Deals.sol";
import {TaskId} from "../../../../contracts/types/Ids.sol";
import {Wish} from "../support/Market.sol";
import {vm} from "../../support/Vm.sol";
import {PanelModel} from "./PanelModel.sol";
import {PlantedPanel} from "./PlantedPanel.sol";

/// Does anything that anybody can do to a certifier's seats and tasks, and keeps what the laws are about.
abstract contract PanelHandler is PanelModel {
    uint256 internal constant WORKERS = 14;
    uint256 internal constant OPERATOR_KEYS = 0x40000;

    struct Job {
        Deal deal;
        uint32 index;
        TaskStatus status;
        uint256 settledTimes;
        uint256 rounds;
    }

    struct Before {
        uint32[] absent;
        bool[] convicted;
        uint256 free;
    }

    Job[] internal _jobs;
    mapping(uint256 job => Committed[]) internal _seals;
    address private _verifier;
    /// What laws found while an act was done, since it is over when they are asked.
    string private _found;

    /// How often each act came off, so that a run which tries nothing is noticed.
    mapping(string act => uint256) public done;

    /// @param certifier By the name of its artifact.
    /// @param twin With a fault; zero: the certifier as it is.
    function begin(string memory certifier, PlantedPanel twin) internal {
        setUpMarket(certifier);
        _verifier = address(panel);
        if (address(twin) != address(0)) {
            twin.plant(address(panel), clerk, GOVERNANCE, TREASURY);
            usePanel(IPanel(address(twin)));
        }
        vm.prank(poolOwner);
        keyring.setOperator(vm.addr(OPERATOR_KEYS), Operator(POWER_RESULT, 0, type(uint40).max));
        for (uint256 i = 0; i < WORKERS; ++i) {
            clerk.depositFor(worker(i), 10 * SEAT_STAKE);
            vm.startPrank(worker(i));
            clerk.allowCertifier(address(panel), type(uint64).max);
            keyring.setOperator(vm.addr(OPERATOR_KEYS + i), Operator(POWER_CONTRIBUTION, 0, type(uint40).max));
            vm.stopPrank();
            if (i < 8) enrolAgain(i);
        }
        advance(1);
    }

    /// What is signed is signed for the real one, whose domain a twin has.
    function verifier() internal view virtual override returns (address) {
        return _verifier;
    }

    // ── Seats ────────────────────────────────────────────────────────────────────────────────────────────────────────

    function enrolAgain(uint256 who) public {
        _restoreBlock();
        who %= WORKERS;
        vm.prank(worker(who));
        uint32 seat = panel.enrol(pool);
        keyOf[seat] = workerKey(who);
        modelTaken(seat);
        ++done["enrol"];
    }

    function leave(uint256 which) external {
        _restoreBlock();
        uint32 seat = uint32(which % panel.pool(pool).seats);
        address who = seatOf(seat).worker;
        // A free seat is nobody's, and nobody sends no transactions.
        if (which % 3 != 0 || who == address(0)) return;
        vm.prank(who);
        panel.leave(pool, seat);
        ++done["leave"];
    }

    function release(uint256 which) external {
        _restoreBlock();
        // The next one that was left, or convicted.
        uint32 seats = panel.pool(pool).seats;
        uint32 seat = uint32(which % seats);
        for (uint256 tries = 0; tries < seats; ++tries) {
            if (which % 2 == 0 ? seatOf(seat).convicted : seatOf(seat).leftAt != 0) break;
            seat = (seat + 1) % seats;
        }
        Seat memory before = seatOf(seat);
        if ((which >> 8) % 2 == 0 && currentBlock <= before.leftAt + 120_960) rollTo(before.leftAt + 120_961);
        uint256 treasuryBefore = freeOf(TREASURY);
        uint256 workerBefore = freeOf(before.worker);
        panel.release(pool, seat);
        (uint256 toTreasury, uint256 toWorker) = before.convicted
            ? (before.stake, before.earned)
            : (uint256(0), uint256(before.stake) + before.earned);
        _find(freeOf(TREASURY) - treasuryBefore == toTreasury, "law 9: what is forfeited is the treasury's");
        _find(freeOf(before.worker) - workerBefore == toWorker, "law 9: what is not is the worker's");
        ++done[before.convicted ? "forfeit" : "release"];
    }

    function collect(uint256 which) external {
        _restoreBlock();
        uint32[] memory numbers = new uint32[](1 + (which % 4));
        for (uint256 i = 0; i < numbers.length; ++i) {
            numbers[i] = uint32((which >> (8 * i + 2)) % panel.pool(pool).seats);
        }
        vm.prank(STRANGER);
        panel.collect(pool, numbers);
        for (uint256 i = 0; i < numbers.length; ++i) {
            modelPaid(numbers[i]);
        }
        ++done["collect"];
    }

    // ── Tasks ────────────────────────────────────────────────────────────────────────────────────────────────────────

    function sealJobs(Wish memory wish) internal {
        Deal memory deal = seal(wish);
        for (uint32 i = 0; i < wish.volume; ++i) {
            _jobs.push().deal = deal;
            _jobs[_jobs.length - 1].index = i;
        }
        ++done["seal"];
        advance(2);
    }

    function addSeals(uint256 which, Committed[] memory added) internal {
        uint256 at = _place(which);
        for (uint256 i = 0; i < added.length; ++i) {
            _seals[at].push(added[i]);
        }
        ++done["commit"];
    }

    /// Not by the seat's own key.
    function signedByOperator(
        uint32 seat,
        TaskId id,
        uint8 round,
        bytes32 sealed_
    ) internal view returns (Contribution memory) {
        return signedBy(OPERATOR_KEYS + keyOf[seat] - WORKER_KEYS, id, round, seat, sealed_);
    }

    /// Those of a claim who gave no answer though they committed; nobody in most certifiers.
    function silentOf(Job storage job, Committed[] memory seals) internal view virtual returns (uint32[] memory);

    function extend(uint256 which) external {
        _restoreBlock();
        Job storage job = _job(which);
        panel.extend(job.deal, job.index);
        advance(2);
        ++done["extend"];
    }

    function claim(uint256 which) external {
        _restoreBlock();
        _late(which);
        Job storage job = _job(which);
        Committed[] memory seals = _seals[_place(which)];
        Before memory before = _before(job, seals);
        panel.claim(job.deal, job.index, seals);
        _claimed(job, before);
        ++done["claim"];
    }

    function claimBatch(uint256 which) external {
        _restoreBlock();
        _late(which);
        TaskClaim[] memory claims = new TaskClaim[](3);
        bool[] memory open = new bool[](3);
        for (uint256 i = 0; i < 3; ++i) {
            Job storage job = _jobs[(_place(which) + i) % _jobs.length];
            claims[i] = TaskClaim(job.deal, job.index, _seals[(_place(which) + i) % _jobs.length]);
            // Where there are few, one comes twice.
            open[i] = i < _jobs.length && panel.task(idOf(job.deal, job.index)).status == TaskStatus.Open;
        }
        uint32[][] memory absent = new uint32[][](3);
        bool[][] memory convicted = new bool[][](3);
        for (uint256 i = 0; i < 3; ++i) {
            absent[i] = _missing(_jobs[(_place(which) + i) % _jobs.length], claims[i].seals);
            convicted[i] = convictedOf(absent[i]);
        }
        panel.claimBatch(claims);
        for (uint256 i = 0; i < 3; ++i) {
            if (!open[i]) continue;
            modelAbsent(absent[i], convicted[i]);
            ++_jobs[(_place(which) + i) % _jobs.length].settledTimes;
        }
        ++done["claimBatch"];
    }

    function record(uint256 which) public {
        _restoreBlock();
        seeds.record(_job(which).deal.sealedAtBlock + 1);
    }

    function pass(uint16 blocks) external {
        _restoreBlock();
        advance(blocks % 16 == 0 ? 1 + (blocks % 2_000) : 1 + (blocks % 70));
    }

    // ── Laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    function checkMoney() external view {
        uint256 sum = freeOf(TREASURY) + lockedOf(TREASURY) + freeOf(address(panel));
        address[4] memory owners = [requester, appOwner, datasetOwner, poolOwner];
        for (uint256 i = 0; i < 4; ++i) {
            sum += freeOf(owners[i]) + lockedOf(owners[i]);
        }
        for (uint256 i = 0; i < WORKERS; ++i) {
            sum += freeOf(worker(i)) + lockedOf(worker(i));
        }
        equal(sum, token.balanceOf(clerk.TILL()), "law 1: free and locked money is what the Clerk holds");
    }

    function checkBonds() external view {
        uint256 stakes = 0;
        uint256 live = 0;
        uint256 seats = panel.pool(pool).seats;
        for (uint256 i = 0; i < seats; ++i) {
            Seat memory seat = seatOf(i);
            stakes += seat.stake;
            if (seat.worker != address(0) && seat.leftAt == 0) ++live;
        }
        uint256 bonded = 0;
        for (uint256 i = 0; i < WORKERS; ++i) {
            bonded += bondedOf(worker(i));
            equal(lockedOf(worker(i)), bondedOf(worker(i)), "law 2: a worker's locked money is its bonds");
        }
        equal(bonded, stakes, "law 2: what is bonded is the stakes of all seats");
        equal(panel.pool(pool).liveSeats, live, "law 2: live seats");
    }

    function checkEarnings() external view {
        uint256 earned = 0;
        uint256 seats = panel.pool(pool).seats;
        for (uint256 i = 0; i < seats; ++i) {
            earned += earnedBy(i);
        }
        equal(freeOf(address(panel)), earned, "law 3: the certifier holds what its seats have earned");
    }

    function checkTasks() external {
        uint256 open = 0;
        uint256 stake = 0;
        for (uint256 i = 0; i < _jobs.length; ++i) {
            Job storage job = _jobs[i];
            Task memory task = panel.task(idOf(job.deal, job.index));
            isTrue(job.status == TaskStatus.Open || job.status == task.status, "law 4: a settled task stays as it is");
            equal(task.status == TaskStatus.Open ? 0 : 1, job.settledTimes, "law 4: a task is settled once");
            isTrue(task.round >= job.rounds, "law 4: rounds only rise");
            equal(_bits(task.places), _seals[i].length, "law 4: as many seals as places that committed");
            isTrue(_seals[i].length <= 64, "law 4: 64 places at most");
            (job.status, job.rounds) = (task.status, task.round);
            if (task.status == TaskStatus.Open) {
                open += uint256(job.deal.appPrice) + job.deal.datasetPrice + job.deal.poolPrice;
                stake += job.deal.poolStake;
            }
        }
        equal(lockedOf(requester), open, "law 4: what the requester has locked is its open tasks");
        equal(lockedOf(poolOwner), stake, "law 4: what the pool has locked is its open tasks");
    }

    function checkSeats() external view {
        uint256 seats = panel.pool(pool).seats;
        for (uint256 i = 0; i < seats; ++i) {
            checkSeat(i);
        }
    }

    function checkActs() external view {
        isTrue(bytes(_found).length == 0, _found);
    }

    // ── Helpers ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function _before(Job storage job, Committed[] memory seals) internal view returns (Before memory before) {
        before.absent = _missing(job, seals);
        before.convicted = convictedOf(before.absent);
        before.free = _freeOfPayerAndWorkers();
    }

    function _claimed(Job storage job, Before memory before) internal {
        (, uint256 felt) = modelAbsent(before.absent, before.convicted);
        ++job.settledTimes;
        if (job.deal.trust <= 1) return;
        uint256 unit = uint256(job.deal.appPrice) + job.deal.datasetPrice + job.deal.poolPrice;
        _find(
            _freeOfPayerAndWorkers() <= before.free + unit + felt,
            "law 10: nobody gains by a failure more than was fined for it"
        );
    }

    /// All who are fined at a claim: first who did not commit, then who did not answer.
    function _missing(Job storage job, Committed[] memory seals) private view returns (uint32[] memory all) {
        uint32[] memory absent = absentOf(job.deal, job.index, seals);
        uint32[] memory silent = silentOf(job, seals);
        all = new uint32[](absent.length + silent.length);
        for (uint256 i = 0; i < all.length; ++i) {
            all[i] = i < absent.length ? absent[i] : silent[i - absent.length];
        }
    }

    function _freeOfPayerAndWorkers() private view returns (uint256 sum) {
        sum = freeOf(requester);
        for (uint256 i = 0; i < WORKERS; ++i) {
            sum += freeOf(worker(i));
        }
    }

    /// Half of the claims come when they can.
    function _late(uint256 which) internal {
        if ((which >> 16) % 2 == 0) return;
        Deal storage deal = _job(which).deal;
        if (currentBlock < deal.sealedAtBlock + 200) seeds.record(deal.sealedAtBlock + 1);
        uint256 deadline = deal.sealedAtBlock + DEADLINE_BLOCKS;
        if (currentBlock <= deadline) rollTo(deadline + 1);
    }

    /// Until its round is closed.
    function _awaitClose(uint256 which) internal {
        Job storage job = _job(which);
        if (panel.task(idOf(job.deal, job.index)).completedAfter == 0) advance(ROUND_BLOCKS + 1);
    }

    /// The first thing found.
    function _find(bool kept, string memory law) internal {
        if (!kept && bytes(_found).length == 0) _found = law;
    }

    /// A run may set the block back to what it was at the start.
    function _restoreBlock() internal {
        vm.roll(currentBlock);
    }

    function _place(uint256 which) internal view returns (uint256) {
        // Mostly one of the last few, so that something comes of it.
        uint256 last = _jobs.length;
        return which % 8 == 0 || last < 4 ? (which >> 3) % last : last - 1 - ((which >> 3) % 4);
    }

    function _job(uint256 which) internal view returns (Job storage) {
        return _jobs[_place(which)];
    }

    function _now(Job storage job) internal view returns (TaskId id, uint8 round) {
        id = idOf(job.deal, job.index);
        round = panel.task(id).round;
        if (round == 0) round = 1;
    }

    function _bits(uint256 word) private pure returns (uint256 count) {
        for (; word != 0; word &= word - 1) {
            ++count;
        }
    }
}
