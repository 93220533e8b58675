// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Committed, Contribution, IPanel, TaskStatus} from "../../../contracts/interfaces/IPanel.sol";
import {IPoco, Result} from "../../../contracts/interfaces/IPoco.sol";
import {ResultCallback} from "../../../contracts/libraries/ResultCallback.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {TaskId} from "../../../contracts/types/Ids.sol";
import {Wish} from "../Panel/support/Market.sol";
import {vm} from "../support/Vm.sol";
import {PocoTest} from "../Poco/support/PocoTest.sol";

/// Counts what it is told; uses some gas for it.
contract Listener {
    uint256 public told;

    function receiveResult(bytes32, bytes calldata) external {
        ++told;
    }
}

/// A scheduler that misuses its place. The pool is paid 10: the scheduler's tenth is 1, four workers share 9; it has 3 at
/// stake.
contract SchedulerAttack is PocoTest {
    Deal private _deal;
    TaskId private _id;
    uint32[] private _drawn;

    function setUp() public override {
        super.setUp();
        enrol(0, 12);
        (_deal, _drawn) = sealAndDraw(aWish());
        _id = idOf(_deal, 0);
    }

    /// @dev Two of four are left out of the batch, so that the scheduler's friends would share 9 between two. The places
    /// stay open for the round, and who was left out commits by itself: 9 / 4 each.
    function test_whoIsLeftOutCommitsByItself() external {
        Contribution[] memory all = contributions(_id, 1, _drawn, success());
        Contribution[] memory friends = new Contribution[](2);
        (friends[0], friends[1]) = (all[0], all[1]);
        Committed[] memory seals = commit(_deal, friends);
        for (uint256 i = 2; i < 4; ++i) {
            (all[i].r, all[i].vs) = (0, 0);
            vm.prank(workerOf(_drawn[i]));
            poco.commit(_deal, 0, only(all[i]));
        }
        seals = _asCommitted(4);
        poco.finalize(_deal, 0, seals, success());
        for (uint256 i = 0; i < 4; ++i) {
            equal(earnedBy(_drawn[i]), (9 * HANSE) / 4, "an equal part");
        }
    }

    /// @dev Where only two of four have committed, no result stands, whatever they say: 2 · 3 < 4 · 2, and 2^2 is not
    /// above 9. Nor before the round is over, even with three of four.
    function test_itCannotFinalizeEarly() external {
        Contribution[] memory all = contributions(_id, 1, _drawn, success());
        Contribution[] memory three = new Contribution[](3);
        (three[0], three[1], three[2]) = (all[0], all[1], all[2]);
        Committed[] memory seals = commit(_deal, three);
        vm.expectRevert(
            abi.encodeWithSelector(
                IPanel.PanelRoundRunning.selector,
                _id,
                uint8(1),
                _deal.sealedAtBlock + 1 + ROUND_BLOCKS
            )
        );
        poco.finalize(_deal, 0, seals, success());
        // Nor can it open the next round over their heads.
        vm.expectRevert(
            abi.encodeWithSelector(
                IPanel.PanelGraceRunning.selector,
                _id,
                uint256(_deal.sealedAtBlock) + 1 + ROUND_BLOCKS + 10
            )
        );
        poco.extend(_deal, 0);
    }

    /// @dev It withholds its last transaction, to have the workers work for nothing. Any of them sends it: the scheduler
    /// gets its 1 all the same, and nobody loses.
    function test_silenceChangesNothing() external {
        Contribution[] memory all = contributions(_id, 1, _drawn, success());
        for (uint256 i = 0; i < 4; ++i) {
            (all[i].r, all[i].vs) = (0, 0);
            vm.prank(workerOf(_drawn[i]));
            poco.commit(_deal, 0, only(all[i]));
        }
        Committed[] memory seals = _asCommitted(4);
        vm.prank(workerOf(_drawn[2]));
        poco.finalize(_deal, 0, seals, success());
        equal(uint256(taskOf(_deal).status), uint256(TaskStatus.Certified), "certified");
        equal(earnedBy(_drawn[2]), (9 * HANSE) / 4, "paid");
    }

    /// @dev It attaches another content to the workers' agreement. What they sealed hashes all four parts of the result:
    /// none of its seals matches another, 0 of 4.
    function testFuzz_aFalseResultDoesNotStick(uint8 part, bytes32 falsehood) external {
        Committed[] memory seals = commitAll(_deal, 1, _drawn, success());
        Result memory forged = success();
        part %= 4;
        if (part == 0) forged.outcome = uint8(uint256(falsehood) | 1);
        if (part == 1) forged.content = falsehood;
        if (part == 2) forged.memoryHash = falsehood;
        if (part == 3) forged.callbackData = abi.encode(falsehood);
        vm.expectRevert(
            abi.encodeWithSelector(IPoco.PocoNotReached.selector, _id, uint256(0), uint256(4), uint256(0), uint256(16))
        );
        poco.finalize(_deal, 0, seals, forged);
        // Nor by leaving the seals to be told from the false result: the chain of what was committed differs then.
        for (uint256 i = 0; i < 4; ++i) {
            seals[i].seal = 0;
        }
        bool accepted = _tryFinalize(seals, forged, gasleft());
        isTrue(!accepted, "not by zero seals either");
    }

    /// @dev It brings just enough gas for the settlement, so that the requester's contract is never told. The receiver's
    /// full 200,000 have to be there, or all of it reverts.
    function testFuzz_theCallbackIsNotStarved(uint256 gasGiven) external {
        Listener listener = new Listener();
        Wish memory wish = aWish();
        wish.callback = address(listener);
        (_deal, _drawn) = sealAndDraw(wish);
        Committed[] memory seals = commitAll(_deal, 1, _drawn, success());
        gasGiven = 100_000 + (gasGiven % 900_000);
        bool accepted = _tryFinalize(seals, success(), gasGiven);
        equal(listener.told(), accepted ? 1 : 0, "settled means told");
        equal(taskOf(_deal).status == TaskStatus.Certified ? 1 : 0, accepted ? 1 : 0, "or neither");
    }

    function _tryFinalize(Committed[] memory seals, Result memory result, uint256 gasGiven) private returns (bool) {
        try poco.finalize{gas: gasGiven}(_deal, 0, seals, result) {
            return true;
        } catch {
            return false;
        }
    }

    /// What the first `count` of those drawn have committed, in the order of the draw.
    function _asCommitted(uint256 count) private view returns (Committed[] memory seals) {
        seals = new Committed[](count);
        for (uint256 i = 0; i < count; ++i) {
            seals[i] = committedBy(_id, 1, _drawn[i], success());
        }
    }
}
