// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ballot, IJury, Poll} from "../../../../contracts/interfaces/IJury.sol";
import {Committed, Contribution} from "../../../../contracts/interfaces/IPanel.sol";
import {Deal} from "../../../../contracts/types/Deals.sol";
import {TaskId} from "../../../../contracts/types/Ids.sol";
import {PanelHandler} from "../../Panel/invariants/PanelHandler.sol";
import {PlantedPanel} from "../../Panel/invariants/PlantedPanel.sol";
import {Wish} from "../../Panel/support/Market.sol";
import {PanelTest} from "../../Panel/support/PanelTest.sol";
import {JuryTest} from "../support/JuryTest.sol";

/// Does anything that anybody can do to a jury.
contract JuryHandler is PanelHandler, JuryTest {
    constructor(PlantedPanel twin) {
        begin("Jury", twin);
        jury = IJury(address(panel));
    }

    /// Not an act.
    function setUp() public pure override {
        revert("only once");
    }

    function verifier() internal view override(PanelHandler, PanelTest) returns (address) {
        return super.verifier();
    }

    function silentOf(
        Job storage job,
        Committed[] memory seals
    ) internal view override returns (uint32[] memory silent) {
        silent = new uint32[](seals.length);
        uint256 count = 0;
        if (currentBlock <= job.deal.sealedAtBlock + 120_960) {
            uint256 revealed = jury.poll(idOf(job.deal, job.index)).revealed;
            for (uint256 i = 0; i < seals.length; ++i) {
                if ((revealed >> i) % 2 == 0) silent[count++] = seals[i].by.seatOf();
            }
        }
        assembly ("memory-safe") {
            mstore(silent, count)
        }
    }

    /// One act, chosen at random. What is refused is undone.
    function act(uint256 action, uint256 seed) external {
        bytes memory data;
        action %= 20;
        if (action < 5) data = abi.encodeCall(this.play, (seed));
        else if (action == 5) data = abi.encodeCall(this.sealOne, (seed, uint8(seed >> 64)));
        else if (action == 6) data = abi.encodeCall(this.commit, (seed, seed >> 64));
        else if (action == 7) data = abi.encodeCall(this.reveal, (seed, seed >> 64));
        else if (action == 8) data = abi.encodeCall(this.rule, (seed));
        else if (action == 9) data = abi.encodeCall(this.extend, (seed));
        else if (action == 10 || action == 16) data = abi.encodeCall(this.claim, (seed));
        else if (action == 11) data = abi.encodeCall(this.claimBatch, (seed));
        else if (action == 12) data = abi.encodeCall(this.collect, (seed));
        else if (action == 13) data = abi.encodeCall(this.pass, (uint16(seed)));
        else if (action == 14)
            data = abi.encodeCall(this.leave, (seed));
            // Nobody is convicted.
        else if (action == 15)
            data = abi.encodeCall(this.release, (seed | 1));
            // Seats are lost all the time.
        else data = abi.encodeCall(this.enrolAgain, (seed));
        (bool success, ) = address(this).call(data);
        success;
    }

    /// A task from its seal to its ruling, in one round or two.
    function play(uint256 seed) external {
        sealOne(seed, uint8(seed >> 64));
        uint256 which = (_jobs.length - 1) << 3;
        for (uint256 round = 1; round <= 2; ++round) {
            commit(which, seed >> (round * 50));
            _awaitClose(which);
            reveal(which, seed >> (round * 60));
            advance(ROUND_BLOCKS + 1);
            try this.rule(which) {
                return;
            } catch {
                if (round == 2) return;
                advance(11);
                // Nobody may be left to be drawn.
                try this.extend(which) {} catch {
                    return;
                }
            }
        }
    }

    function sealOne(uint256 seed, uint8 trust) public {
        _restoreBlock();
        Wish memory wish = aWish();
        wish.poolPrice = uint64(seed) % (20 * HANSE);
        wish.trust = 2 + (trust % 9);
        wish.volume = 1;
        sealJobs(wish);
    }

    /// Some of those drawn, most of them to one answer.
    function commit(uint256 which, uint256 seed) public {
        _restoreBlock();
        Job storage job = _job(which);
        (TaskId id, uint8 round) = _now(job);
        uint32[] memory drawn = drawnIn(job.deal, job.index, round);
        Contribution[] memory some = new Contribution[](drawn.length);
        uint256 count = 0;
        for (uint256 i = 0; i < drawn.length; ++i) {
            if ((seed >> (4 * i)) % 9 == 0) continue;
            some[count] = vote(id, round, drawn[i], (seed >> (4 * i + 1)) % 4 == 0 ? NO : YES);
            if (seed % 2 == 0) some[count] = signedByOperator(drawn[i], id, round, some[count].seal);
            ++count;
        }
        assembly ("memory-safe") {
            mstore(some, count)
        }
        addSeals(which, commit(job.deal, job.index, some));
    }

    /// Most of the seals of the running round.
    function reveal(uint256 which, uint256 seed) public {
        _restoreBlock();
        Job storage job = _job(which);
        (TaskId id, uint8 round) = _now(job);
        Committed[] memory seals = _seals[_place(which)];
        Ballot[] memory some = new Ballot[](seals.length);
        uint256 count = 0;
        for (uint256 i = 0; i < seals.length; ++i) {
            if (seals[i].by.roundOf() == round && (seed >> i) % 7 != 0) some[count++] = ballot(id, seals, i);
        }
        assembly ("memory-safe") {
            mstore(some, count)
        }
        jury.reveal(job.deal, job.index, seals, some);
        ++done["reveal"];
    }

    function rule(uint256 which) external {
        _restoreBlock();
        Job storage job = _job(which);
        Committed[] memory seals = _seals[_place(which)];
        TaskId id = idOf(job.deal, job.index);
        Poll memory poll = jury.poll(id);
        uint32[] memory absent = absentOf(job.deal, job.index, seals);
        jury.rule(job.deal, job.index, seals);
        _find(uint256(poll.votes) * 2 > seals.length + absent.length, "law 8: more than half of all places ruled");
        _modelRuled(job.deal, id, seals, poll);
        modelAbsent(absent, new bool[](absent.length));
        ++job.settledTimes;
        ++done["rule"];
    }

    function _modelRuled(Deal memory deal, TaskId id, Committed[] memory seals, Poll memory poll) private {
        uint256 pot = deal.poolPrice - (uint256(deal.poolPrice) * SCHEDULER_SHARE) / 10_000;
        uint256 lost = 0;
        uint256 votes = 0;
        for (uint256 i = 0; i < seals.length; ++i) {
            if (_gave(id, seals, i, poll)) {
                ++votes;
                continue;
            }
            Expected storage other = expected[seals[i].by.seatOf()];
            lost += other.stake / 10;
            other.stake -= other.stake / 10;
        }
        _find(votes == poll.votes, "law 8: each vote counts once");
        pot += lost < deal.poolPrice ? lost : deal.poolPrice;
        for (uint256 i = 0; i < seals.length; ++i) {
            if (_gave(id, seals, i, poll)) expected[seals[i].by.seatOf()].earned += pot / votes;
        }
    }

    function _gave(TaskId id, Committed[] memory seals, uint256 i, Poll memory poll) private view returns (bool) {
        return (poll.revealed >> i) % 2 == 1 && answerOf[id][seals[i].by.seatOf()] == poll.leading;
    }
}
