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
import {IPoco, Result} from "../../../../contracts/interfaces/IPoco.sol";
import {Deal} from "../../../../contracts/types/Deals.sol";
import {RequestId, Restriction, TaskId} from "../../../../contracts/types/Ids.sol";
import {Wish} from "../../Panel/support/Market.sol";
import {vm} from "../../Panel/support/Vm.sol";
import {EnclaveTest} from "../support/EnclaveTest.sol";
import {PocoModel} from "../support/PocoModel.sol";
import {PlantedPoco} from "./PlantedPoco.sol";

/// Does anything that anybody can do to Poco, and keeps what the laws are about.
contract PocoHandler is PocoModel, EnclaveTest {
    uint256 private constant WORKERS = 14;
    uint256 private constant OPERATOR_KEYS = 0x40000;

    struct Job {
        Deal deal;
        uint32 index;
        TaskStatus status;
        uint256 settledTimes;
        uint256 rounds;
    }

    Job[] private _jobs;
    mapping(uint256 job => Committed[]) private _seals;
    address private immutable VERIFIER;
    /// What laws found while an act was done, since it is over when they are asked.
    string private _found;

    /// How often each act came off, so that a run which tries nothing is noticed.
    mapping(string act => uint256) public done;

    /// @param twin With a fault; zero: Poco as it is.
    constructor(PlantedPoco twin) {
        super.setUp();
        VERIFIER = address(panel);
        if (address(twin) != address(0)) {
            twin.plant(address(panel), clerk, GOVERNANCE, TREASURY);
            usePanel(IPanel(address(twin)));
            poco = IPoco(address(twin));
        }
        vm.prank(poolOwner);
        keyring.setOperator(vm.addr(OPERATOR_KEYS), Operator(POWER_RESULT, 0, type(uint40).max));
        for (uint256 i = 0; i < WORKERS; ++i) {
            clerk.depositFor(worker(i), 10 * SEAT_STAKE);
            vm.startPrank(worker(i));
            clerk.allowCertifier(address(poco), type(uint64).max);
            keyring.setOperator(vm.addr(OPERATOR_KEYS + i), Operator(POWER_CONTRIBUTION, 0, type(uint40).max));
            vm.stopPrank();
            if (i < 8) enrolAgain(i);
            // Weights of 2 to 16 from the start.
            if (i < 8) poolScore(uint32(i), uint32(i * 8));
            if (i < 8) expected[i].score = i * 8;
        }
        advance(1);
    }

    /// Not an act.
    function setUp() public pure override {
        revert("only once");
    }

    function verifier() internal view override returns (address) {
        return VERIFIER;
    }

    /// One act, chosen at random. What is refused is undone.
    function act(uint256 action, uint256 seed) external {
        bytes memory data;
        action %= 17;
        if (action < 4) data = abi.encodeCall(this.play, (seed));
        else if (action == 4) data = abi.encodeCall(this.sealOne, (seed, uint8(seed >> 64), uint8(seed >> 72)));
        else if (action == 5) data = abi.encodeCall(this.commit, (seed, seed >> 64, seed >> 128));
        else if (action == 6) data = abi.encodeCall(this.extend, (seed));
        else if (action == 7) data = abi.encodeCall(this.finalize, (seed, seed % 5 == 0));
        else if (action == 8) data = abi.encodeCall(this.complete, (seed, seed >> 64));
        else if (action == 9) data = abi.encodeCall(this.attest, (seed, seed >> 64));
        else if (action == 10) data = abi.encodeCall(this.claim, (seed));
        else if (action == 11) data = abi.encodeCall(this.claimBatch, (seed));
        else if (action == 12) data = abi.encodeCall(this.collect, (seed));
        else if (action == 13) data = abi.encodeCall(this.enrolAgain, (seed));
        else if (action == 14) data = abi.encodeCall(this.leave, (seed));
        else if (action == 15) data = abi.encodeCall(this.release, (seed));
        else data = abi.encodeCall(this.pass, (uint16(seed)));
        (bool success, ) = address(this).call(data);
        success;
    }

    // ── Seats ────────────────────────────────────────────────────────────────────────────────────────────────────────

    function enrolAgain(uint256 who) public {
        _restoreBlock();
        who %= WORKERS;
        vm.prank(worker(who));
        uint32 seat = poco.enrol(pool);
        keyOf[seat] = workerKey(who);
        modelTaken(seat);
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
        // The next one that was left, or convicted.
        uint32 seats = poco.pool(pool).seats;
        uint32 seat = uint32(which % seats);
        for (uint256 tries = 0; tries < seats; ++tries) {
            if (which % 2 == 0 ? seatOf(seat).convicted : seatOf(seat).leftAt != 0) break;
            seat = (seat + 1) % seats;
        }
        Seat memory before = seatOf(seat);
        if ((which >> 8) % 2 == 0 && currentBlock <= before.leftAt + 120_960) rollTo(before.leftAt + 120_961);
        uint256 treasuryBefore = freeOf(TREASURY);
        uint256 workerBefore = freeOf(before.worker);
        poco.release(pool, seat);
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
            numbers[i] = uint32((which >> (8 * i + 2)) % poco.pool(pool).seats);
        }
        vm.prank(STRANGER);
        poco.collect(pool, numbers);
        for (uint256 i = 0; i < numbers.length; ++i) {
            modelPaid(numbers[i]);
        }
        ++done["collect"];
    }

    // ── Tasks ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// A task from its seal to its end, which acts drawn one by one seldom come to; and another under way meanwhile.
    function play(uint256 seed) external {
        uint256 other = _jobs.length << 3;
        if (seed % 4 == 1) sealOne(seed >> 8, 23, 0);
        sealOne(seed, uint8(seed >> 64), 0);
        uint256 which = (_jobs.length - 1) << 3;
        if (_job(which).deal.trust <= 1) return this.complete(which, seed);
        if (seed % 6 == 0) return this.attest(which, seed);
        // Where another is under way there should be liars.
        commit(which, seed >> 72, seed % 4 == 1 ? (seed >> 136) * 3 : seed >> 136);
        _close(which);
        try this.finalize(which, false) {} catch {
            advance(11);
            poco.extend(_job(which).deal, 0);
            ++done["extend"];
            advance(2);
            commit(which, seed >> 104, 1);
            _close(which);
            try this.finalize(which, false) {} catch {}
        }
        // All who were drawn, whatever became of them.
        if (seed % 4 == 1) try this.commit(other, 0, 1) {} catch {}
    }

    function sealOne(uint256 seed, uint8 trust, uint8 volume) public {
        _restoreBlock();
        Wish memory wish = aWish();
        wish.poolPrice = uint64(seed) % (20 * HANSE);
        // Some below the price from which on scores rise.
        if (seed % 7 == 0) wish.poolPrice %= HANSE / 500;
        wish.datasetPrice = uint64(seed) % HANSE;
        wish.withDataset = seed % 2 == 0;
        wish.trust = trust % 24;
        wish.volume = 1 + (volume % 3);
        if (seed % 3 == 0) wish.attesters = Restriction.wrap(bytes32(uint256(uint160(attester))));
        Deal memory deal = seal(wish);
        for (uint32 i = 0; i < wish.volume; ++i) {
            _jobs.push().deal = deal;
            _jobs[_jobs.length - 1].index = i;
        }
        ++done["seal"];
        advance(2);
    }

    /// Some of those drawn commit, some of them to a lie or to a failure, by their own keys, their operators' or by
    /// themselves.
    function commit(uint256 which, uint256 present, uint256 liars) public {
        _restoreBlock();
        Job storage job = _job(which);
        (TaskId id, uint8 round) = _now(job);
        uint32[] memory drawn = drawnIn(job.deal, job.index, round);
        bool[] memory convicted = convictedOf(drawn);
        Contribution[] memory some = new Contribution[](drawn.length);
        uint256 count = 0;
        for (uint256 i = 0; i < drawn.length; ++i) {
            if (present % 4 != 0 && (present >> (i + 2)) % 8 == 0) continue;
            // It should be refused.
            if (convicted[i] && present % 3 != 0) continue;
            bool lies = liars % 3 == 0 && (liars >> (2 * i)) % 4 == 0;
            some[count] = contribution(id, round, drawn[i], lies ? otherResult() : _truth(job));
            if ((present >> i) % 2 == 0) {
                uint256 operator = OPERATOR_KEYS + keyOf[drawn[i]] - WORKER_KEYS;
                some[count] = signedBy(operator, id, round, drawn[i], some[count].seal);
            }
            ++count;
        }
        assembly ("memory-safe") {
            mstore(some, count)
        }
        Committed[] memory added = commit(job.deal, job.index, some);
        uint256 at = _place(which);
        for (uint256 i = 0; i < added.length; ++i) {
            _seals[at].push(added[i]);
            for (uint256 k = 0; k < drawn.length; ++k) {
                if (drawn[k] != added[i].by.seatOf()) continue;
                _find(!convicted[k], "law 8: a convicted seat commits nothing");
            }
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
        Committed[] memory seals = _seals[_place(which)];
        Result memory result = lie ? otherResult() : _truth(job);
        uint32[] memory absent = absentOf(job.deal, job.index, seals);
        bool[] memory convicted = convictedOf(absent);
        poco.finalize(job.deal, job.index, seals, result);
        modelFinalized(job.deal, idOf(job.deal, job.index), seals, result);
        modelAbsent(absent, convicted);
        ++job.settledTimes;
        ++done["finalize"];
    }

    function complete(uint256 which, uint256 who) external {
        _restoreBlock();
        Job storage job = _job(which);
        vm.prank(who % 2 == 0 ? poolOwner : vm.addr(OPERATOR_KEYS));
        poco.complete(job.deal, job.index, worker(who % WORKERS), _truth(job));
        ++job.settledTimes;
        ++done["complete"];
    }

    function attest(uint256 which, uint256 who) external {
        _restoreBlock();
        Job storage job = _job(which);
        attest(job.deal, job.index, worker(who % WORKERS), _truth(job));
        ++job.settledTimes;
        ++done["attest"];
    }

    function claim(uint256 which) external {
        _restoreBlock();
        _late(which);
        Job storage job = _job(which);
        Committed[] memory seals = _seals[_place(which)];
        Before memory before = _before(job, seals);
        poco.claim(job.deal, job.index, seals);
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
            open[i] = i < _jobs.length && poco.task(idOf(job.deal, job.index)).status == TaskStatus.Open;
        }
        uint32[][] memory absent = new uint32[][](3);
        bool[][] memory convicted = new bool[][](3);
        for (uint256 i = 0; i < 3; ++i) {
            absent[i] = absentOf(claims[i].deal, claims[i].index, claims[i].seals);
            convicted[i] = convictedOf(absent[i]);
        }
        poco.claimBatch(claims);
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
        uint256 sum = freeOf(TREASURY) + lockedOf(TREASURY) + freeOf(address(poco));
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
        uint256 seats = poco.pool(pool).seats;
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
        equal(poco.pool(pool).liveSeats, live, "law 2: live seats");
    }

    function checkEarnings() external view {
        uint256 earned = 0;
        uint256 seats = poco.pool(pool).seats;
        for (uint256 i = 0; i < seats; ++i) {
            earned += earnedBy(i);
        }
        equal(freeOf(address(poco)), earned, "law 3: the certifier holds what its seats have earned");
    }

    function checkTasks() external {
        uint256 open = 0;
        uint256 stake = 0;
        for (uint256 i = 0; i < _jobs.length; ++i) {
            Job storage job = _jobs[i];
            Task memory task = poco.task(idOf(job.deal, job.index));
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
        uint256 seats = poco.pool(pool).seats;
        for (uint256 i = 0; i < seats; ++i) {
            checkSeat(i);
        }
    }

    function checkActs() external view {
        isTrue(bytes(_found).length == 0, _found);
    }

    // ── Helpers ──────────────────────────────────────────────────────────────────────────────────────────────────────

    struct Before {
        uint32[] absent;
        bool[] convicted;
        uint256 free;
    }

    function _before(Job storage job, Committed[] memory seals) private view returns (Before memory before) {
        before.absent = absentOf(job.deal, job.index, seals);
        before.convicted = convictedOf(before.absent);
        before.free = _freeOfPayerAndWorkers();
    }

    function _claimed(Job storage job, Before memory before) private {
        (, uint256 felt) = modelAbsent(before.absent, before.convicted);
        ++job.settledTimes;
        if (job.deal.trust <= 1) return;
        uint256 unit = uint256(job.deal.appPrice) + job.deal.datasetPrice + job.deal.poolPrice;
        _find(
            _freeOfPayerAndWorkers() <= before.free + unit + felt,
            "law 10: nobody gains by a failure more than was fined for it"
        );
    }

    function _freeOfPayerAndWorkers() private view returns (uint256 sum) {
        sum = freeOf(requester);
        for (uint256 i = 0; i < WORKERS; ++i) {
            sum += freeOf(worker(i));
        }
    }

    /// Half of the claims come when they can.
    function _late(uint256 which) private {
        if ((which >> 16) % 2 == 0) return;
        Deal storage deal = _job(which).deal;
        if (currentBlock < deal.sealedAtBlock + 200) seeds.record(deal.sealedAtBlock + 1);
        uint256 deadline = deal.sealedAtBlock + DEADLINE_BLOCKS;
        if (currentBlock <= deadline) rollTo(deadline + 1);
    }

    /// Until its round is closed.
    function _close(uint256 which) private {
        Job storage job = _job(which);
        if (poco.task(idOf(job.deal, job.index)).completedAfter == 0) advance(ROUND_BLOCKS + 1);
    }

    /// The first thing found.
    function _find(bool kept, string memory law) private {
        if (!kept && bytes(_found).length == 0) _found = law;
    }

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
        return uint256(RequestId.unwrap(job.deal.requestId)) % 5 == 0 ? failure() : success();
    }

    function _bits(uint256 word) private pure returns (uint256 count) {
        for (; word != 0; word &= word - 1) {
            ++count;
        }
    }
}
