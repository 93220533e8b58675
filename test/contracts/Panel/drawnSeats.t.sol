// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Contribution, IPanel} from "../../../contracts/interfaces/IPanel.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {TaskId} from "../../../contracts/types/Ids.sol";
import {Wish} from "./support/Market.sol";
import {PocoTest} from "../Poco/support/PocoTest.sol";
import {vm} from "../support/Vm.sol";

// drawnSeats
// ├── while the seed is unknown, for a round that was not opened, after the unbonding time: refused
// ├── nobody is drawn twice, over all rounds
// ├── only who was seated before the seal is drawn, and who left later still is
// ├── the draw stays the same whatever happens to seats later
// ├── tasks of one deal are drawn each by itself
// ├── everybody is drawn about as often
// ├── the seed decides, and `prevrandao` does not
// └── the algorithm is the one `Sortition` tells
contract DrawnSeatsTest is PocoTest {
    function test_refusesBeforeTheSeed() external {
        enrol(0, 8);
        Deal memory deal = seal(aWish());
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelSeedUnknown.selector, currentBlock + 1));
        poco.drawnSeats(deal, 0, 1);
        advance(1);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelSeedUnknown.selector, currentBlock));
        poco.drawnSeats(deal, 0, 1);
    }

    function test_refusesARoundThatWasNotOpened() external {
        enrol(0, 8);
        (Deal memory deal, ) = sealAndDraw(aWish());
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelRoundNotOpened.selector, idOf(deal, 0), uint8(2), uint8(1)));
        poco.drawnSeats(deal, 0, 2);
    }

    function test_refusesWhenNumbersMayBeOthers() external {
        enrol(0, 8);
        (Deal memory deal, ) = sealAndDraw(aWish());
        seeds.record(deal.sealedAtBlock + 1);
        rollTo(deal.sealedAtBlock + 120_960);
        poco.drawnSeats(deal, 0, 1);
        advance(1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IPanel.PanelDrawForgotten.selector,
                idOf(deal, 0),
                uint256(deal.sealedAtBlock) + 120_960
            )
        );
        poco.drawnSeats(deal, 0, 1);
    }

    function test_drawsNobodyTwice() external {
        enrol(0, 20);
        (Deal memory deal, ) = sealAndDraw(aWish());
        for (uint8 round = 1; round <= 3; ++round) {
            advance(ROUND_BLOCKS + 12);
            poco.extend(deal, 0);
        }
        advance(2);
        uint32[] memory drawn = poco.drawnSeats(deal, 0, 4);
        equal(drawn.length, 20, "all seats are drawn in the end");
        uint256 seen = 0;
        for (uint256 i = 0; i < drawn.length; ++i) {
            isTrue(seen & (1 << drawn[i]) == 0, "not drawn before");
            seen |= 1 << drawn[i];
        }
    }

    function test_placesDoubleEachRound() external {
        enrol(0, 40);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        equal(drawn.length, 4, "round 1");
        uint256 expected = 4;
        for (uint8 round = 2; round <= 4; ++round) {
            advance(ROUND_BLOCKS + 11);
            poco.extend(deal, 0);
            advance(2);
            expected *= 2;
            equal(poco.drawnSeats(deal, 0, round).length, expected, "places");
        }
    }

    function test_neverDrawsWhoCameWithOrAfterTheSeal() external {
        enrol(0, 4);
        // In the block of the seal, before it.
        enrolOne(10);
        Deal memory deal = seal(aWish());
        enrolOne(11);
        advance(1);
        enrolOne(12);
        advance(1);
        uint32[] memory drawn = poco.drawnSeats(deal, 0, 1);
        equal(drawn.length, 4, "places");
        for (uint256 i = 0; i < drawn.length; ++i) {
            isTrue(drawn[i] < 4, "seated before the seal");
        }
    }

    function test_drawsWhoLeavesWithOrAfterTheSeal() external {
        enrol(0, 4);
        Deal memory deal = seal(aWish());
        for (uint32 i = 0; i < 2; ++i) {
            vm.prank(worker(i));
            poco.leave(pool, i);
        }
        advance(2);
        uint32[] memory before = poco.drawnSeats(deal, 0, 1);
        equal(before.length, 4, "all four");
        for (uint32 i = 2; i < 4; ++i) {
            vm.prank(worker(i));
            poco.leave(pool, i);
        }
        equal(keccak256(abi.encode(poco.drawnSeats(deal, 0, 1))), keccak256(abi.encode(before)), "the same draw");
    }

    function test_neverDrawsWhoLeftBefore() external {
        enrol(0, 6);
        vm.prank(worker(3));
        poco.leave(pool, 3);
        // Comes back to another seat, in the block of the seal.
        advance(1);
        enrolOne(3);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        isTrue(!contains(drawn, 3) && !contains(drawn, 6), "neither the old seat nor the new one");
        // And is drawn again for what is sealed later.
        Wish memory wish = aWish();
        wish.trust = 33;
        (deal, drawn) = sealAndDraw(wish);
        equal(drawn.length, 6, "everybody");
        isTrue(contains(drawn, 6), "the new seat");
    }

    function test_tasksOfADealDiffer() external {
        enrol(0, 30);
        Wish memory wish = aWish();
        wish.volume = 2;
        (Deal memory deal, ) = sealAndDraw(wish);
        isTrue(
            keccak256(abi.encode(poco.drawnSeats(deal, 0, 1))) != keccak256(abi.encode(poco.drawnSeats(deal, 1, 1))),
            "another draw"
        );
    }

    function test_drawsEverybodyAboutAsOften() external {
        enrol(0, 8);
        Wish memory wish = aWish();
        wish.volume = 400;
        (Deal memory deal, ) = sealAndDraw(wish);
        uint256[8] memory times;
        for (uint32 i = 0; i < 400; ++i) {
            uint32[] memory drawn = poco.drawnSeats(deal, i, 1);
            for (uint256 k = 0; k < drawn.length; ++k) {
                ++times[drawn[k]];
            }
        }
        for (uint256 i = 0; i < 8; ++i) {
            // 200 expected, 10 the standard deviation.
            isTrue(times[i] > 150 && times[i] < 250, "within five deviations");
        }
    }

    /// Validators who take turns leave `prevrandao` the same in every block.
    function test_drawsUnderAConstantPrevrandao() external {
        enrol(0, 40);
        vm.prevrandao(0);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        vm.prevrandao(bytes32(uint256(1)));
        equal(keccak256(abi.encode(drawnIn(deal, 1))), keccak256(abi.encode(drawn)), "it is no part of the draw");
        vm.prevrandao(0);
        vm.setBlockhash(deal.sealedAtBlock + 1, keccak256("another seed"));
        isTrue(keccak256(abi.encode(drawnIn(deal, 1))) != keccak256(abi.encode(drawn)), "the seed is");
    }

    /// The whole array shuffled, which is what a TypeScript twin may do.
    function testFuzz_isTheAlgorithmThatIsTold(bytes32 seed, uint8 more) external {
        uint256 size = 4 + (uint256(more) % 40);
        enrol(0, size);
        Deal memory deal = seal(aWish());
        advance(2);
        vm.setBlockhash(deal.sealedAtBlock + 1, seed);
        vm.assume(seed != 0);
        uint32[] memory drawn = poco.drawnSeats(deal, 0, 1);
        uint256[] memory all = new uint256[](size);
        for (uint256 i = 0; i < size; ++i) {
            all[i] = i;
        }
        for (uint256 i = 0; i < 4; ++i) {
            uint256 j = i + (uint256(keccak256(abi.encode(seed, idOf(deal, 0), i))) % (size - i));
            equal(drawn[i], all[j], "drawn");
            all[j] = all[i];
        }
    }
}
