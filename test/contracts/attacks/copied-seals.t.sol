// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Committed, Contribution, IPanel} from "../../../contracts/interfaces/IPanel.sol";
import {Result} from "../../../contracts/interfaces/IPoco.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {TaskId} from "../../../contracts/types/Ids.sol";
import {Wish} from "../Panel/support/Market.sol";
import {vm} from "../support/Vm.sol";
import {PocoTest} from "../Poco/support/PocoTest.sol";

/// Workers who want to be paid without computing. A seat stakes 100; the pool is paid 10, of which four workers share 9:
/// 2.25 each. Whoever is wrong loses the 100.
contract CopiedSealsAttack is PocoTest {
    Deal private _deal;
    TaskId private _id;

    function setUp() public override {
        super.setUp();
        enrol(0, 20);
    }

    /// Nine are drawn, with twelve right answers behind each: with one who is wrong, the group of 3^8 = 6561 against the
    /// hostile 3 still reaches 257, since 6561 > (1 + 3) · 256.
    function _nine() private returns (uint32[] memory drawn) {
        for (uint32 i = 0; i < 20; ++i) {
            poolScore(i, 12);
        }
        Wish memory wish = aWish();
        wish.trust = 257;
        (_deal, drawn) = sealAndDraw(wish);
        _id = idOf(_deal, 0);
        equal(drawn.length, 9, "nine drawn");
    }

    /// @dev A seal hashes its worker's address: copied from whoever committed first, it says nothing for the copier.
    /// Copying costs 100 for the chance of 0.
    function test_aCopiedSealIsWrong() external {
        Wish memory wish = aWish();
        wish.trust = 20;
        uint32[] memory drawn;
        (_deal, drawn) = sealAndDraw(wish);
        _id = idOf(_deal, 0);
        Contribution[] memory all = contributions(_id, 1, drawn, success());
        bytes32 stolen = all[0].seal;
        all[1] = signed(_id, 1, drawn[1], stolen);
        Committed[] memory seals = commit(_deal, all);
        // Four of five agree and one is hostile: 2^4 is not above (1 + 2) · 19. The next round of five decides.
        advance(11);
        poco.extend(_deal, 0);
        advance(2);
        seals = concat(seals, commitAll(_deal, 2, drawnIn(_deal, 2), success()));
        poco.finalize(_deal, 0, seals, success());
        isTrue(seatOf(drawn[1]).convicted, "the copier lost its stake");
        equal(earnedBy(drawn[1]), 0, "and earned nothing");
        isTrue(earnedBy(drawn[0]) > 0, "whom it copied was paid");
    }

    /// @dev Junk costs 100 and earns 0, whatever it is.
    function testFuzz_junkIsConvicted(bytes32 junk) external {
        uint32[] memory drawn = _nine();
        if (junk == 0) junk = "junk";
        Contribution[] memory all = contributions(_id, 1, drawn, success());
        all[8] = signed(_id, 1, drawn[8], junk);
        Committed[] memory seals = commit(_deal, all);
        poco.finalize(_deal, 0, seals, success());
        isTrue(seatOf(drawn[8]).convicted, "convicted");
        equal(earnedBy(drawn[8]), 0, "earned nothing");
    }

    /// @dev Zero stands for the matching seal when seals are brought back. Could it be committed, nobody could bring it
    /// back as it was, and one worker of nine would have stopped the task for nothing.
    function test_zeroIsNoSeal() external {
        uint32[] memory drawn = _nine();
        Contribution[] memory one = only(signed(_id, 1, drawn[8], 0));
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelSealMissing.selector, _id, drawn[8]));
        poco.commit(_deal, 0, one);
    }

    /// @dev An answer of yes or no has two hashes, which a seal would tell at once, were it not that the result binds the
    /// hash of the program's final memory too: 2^256 of them. Whoever knows that has run the program.
    function test_aLowEntropyAnswerIsNotFoundInASeal() external {
        uint32[] memory drawn = _nine();
        Result memory truth = Result({
            outcome: 0,
            content: keccak256("yes"),
            memoryHash: keccak256("what the program leaves in its memory"),
            callbackData: "yes"
        });
        bytes32 seen = contribution(_id, 1, drawn[0], truth).seal;
        address by = workerOf(drawn[0]);
        bytes[2] memory answers = [bytes("yes"), bytes("no")];
        for (uint256 i = 0; i < 2; ++i) {
            Result memory guess = Result(0, keccak256(answers[i]), 0, answers[i]);
            isTrue(sealOf(by, _id, 1, guess) != seen, "without the memory");
            for (uint256 k = 0; k < 200; ++k) {
                guess.memoryHash = keccak256(abi.encode(k));
                isTrue(sealOf(by, _id, 1, guess) != seen, "with a guess at it");
            }
        }
        isTrue(sealOf(by, _id, 1, truth) == seen, "whoever computed it can");
    }

    /// @dev Round 1 ends in a disagreement and its digest D_1 is disclosed, as it has to be. A lazy worker of round 2
    /// seals D_1: but round 2 asks for D_2 = keccak(2, task, R), and R is not in D_1. It loses 100.
    function test_aDigestOfTheRoundBeforeIsNoUse() external {
        (uint32[] memory first, Committed[] memory seals) = _disagree();
        uint32[] memory second = drawnIn(_deal, 2);
        bytes32 disclosed = keccak256(abi.encode(uint8(1), _id, hashOf(success())));
        Contribution[] memory all = contributions(_id, 2, second, success());
        uint32 lazy = second[0];
        all[0] = signed(_id, 2, lazy, keccak256(abi.encode(workerOf(lazy), disclosed)));
        seals = concat(seals, commit(_deal, all));
        advance(11);
        poco.extend(_deal, 0);
        advance(2);
        seals = concat(seals, commitAll(_deal, 3, drawnIn(_deal, 3), success()));
        poco.finalize(_deal, 0, seals, success());
        isTrue(seatOf(lazy).convicted, "the lazy one");
        isTrue(seatOf(first[3]).convicted, "and who lied in round 1");
    }

    /// @dev A liar leaks its false result between the rounds, as if it were the one that is winning. Who believes it is
    /// convicted with it: 100 lost for nothing, so that what leaks is worth computing again.
    function test_aLeakedFalseResultTakesItsBelieversAlong() external {
        (, Committed[] memory seals) = _disagree();
        uint32[] memory second = drawnIn(_deal, 2);
        Contribution[] memory all = split(_id, 2, second, 3);
        seals = concat(seals, commit(_deal, all));
        advance(11);
        poco.extend(_deal, 0);
        advance(2);
        seals = concat(seals, commitAll(_deal, 3, drawnIn(_deal, 3), success()));
        poco.finalize(_deal, 0, seals, success());
        isTrue(seatOf(second[3]).convicted, "the believer");
        equal(earnedBy(second[3]), 0, "earned nothing");
    }

    /// Trust 10: four are drawn, one of whom lies: 2^3 is not above (1 + 2) · 9. Round 2 runs.
    function _disagree() private returns (uint32[] memory drawn, Committed[] memory seals) {
        (_deal, drawn) = sealAndDraw(aWish());
        _id = idOf(_deal, 0);
        seals = commit(_deal, split(_id, 1, drawn, 3));
        advance(11);
        poco.extend(_deal, 0);
        advance(2);
    }
}
