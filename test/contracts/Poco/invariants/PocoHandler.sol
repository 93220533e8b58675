// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Committed, Contribution} from "../../../../contracts/interfaces/IPanel.sol";
import {IPoco, Result} from "../../../../contracts/interfaces/IPoco.sol";
import {RequestId, Restriction, TaskId} from "../../../../contracts/types/Ids.sol";
import {PanelHandler} from "../../Panel/invariants/PanelHandler.sol";
import {PlantedPanel} from "../../Panel/invariants/PlantedPanel.sol";
import {PanelTest} from "../../Panel/support/PanelTest.sol";
import {Wish} from "../../Panel/support/Market.sol";
import {vm} from "../../support/Vm.sol";
import {EnclaveTest} from "../support/EnclaveTest.sol";
import {PocoModel} from "./PocoModel.sol";

/// Does anything that anybody can do to Poco.
contract PocoHandler is PanelHandler, PocoModel, EnclaveTest {
    constructor(PlantedPanel twin) {
        begin("Poco", twin);
        poco = IPoco(address(panel));
        // Weights of 2 to 16 from the start.
        for (uint32 i = 0; i < 8; ++i) {
            poolScore(i, i * 8);
            expected[i].score = i * 8;
        }
    }

    /// Not an act.
    function setUp() public pure override {
        revert("only once");
    }

    function verifier() internal view override(PanelHandler, PanelTest) returns (address) {
        return super.verifier();
    }

    function silentOf(Job storage, Committed[] memory) internal pure override returns (uint32[] memory) {}

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
        _awaitClose(which);
        try this.finalize(which, false) {} catch {
            advance(11);
            poco.extend(_job(which).deal, 0);
            ++done["extend"];
            advance(2);
            commit(which, seed >> 104, 1);
            _awaitClose(which);
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
        sealJobs(wish);
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
                some[count] = signedByOperator(drawn[i], id, round, some[count].seal);
            }
            ++count;
        }
        assembly ("memory-safe") {
            mstore(some, count)
        }
        Committed[] memory added = commit(job.deal, job.index, some);
        addSeals(which, added);
        for (uint256 i = 0; i < added.length; ++i) {
            for (uint256 k = 0; k < drawn.length; ++k) {
                if (drawn[k] != added[i].by.seatOf()) continue;
                _find(!convicted[k], "law 8: a convicted seat commits nothing");
            }
        }
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
        // No failure is attested above trust 1.
        Result memory result = job.deal.trust > 1 ? success() : _truth(job);
        attest(job.deal, job.index, worker(who % WORKERS), result);
        ++job.settledTimes;
        ++done["attest"];
    }

    /// Every fifth task cannot succeed.
    function _truth(Job storage job) private view returns (Result memory) {
        return uint256(RequestId.unwrap(job.deal.requestId)) % 5 == 0 ? failure() : success();
    }
}
