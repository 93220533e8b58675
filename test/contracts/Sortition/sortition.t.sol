// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Shuffle, Sortition} from "../../../contracts/libraries/Sortition.sol";
import {TaskId} from "../../../contracts/types/Ids.sol";
import {Assertions} from "../Panel/support/Assertions.sol";

// Sortition, against a shuffle of the whole array
contract SortitionTest is Assertions {
    using Sortition for Shuffle;

    function testFuzz_isTheShuffle(
        bytes32 seed,
        bytes32 later,
        TaskId taskId,
        uint16 size,
        uint16 change
    ) external pure {
        uint256 count = 1 + (uint256(size) % 300);
        uint256[] memory all = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            all[i] = i;
        }
        Shuffle memory shuffle = Sortition.shuffle(count);
        uint256 draws = count < 256 ? count : 256;
        for (uint256 i = 0; i < draws; ++i) {
            isTrue(!shuffle.exhausted(), "not exhausted");
            // The seed changes from a round to the next.
            bytes32 ofRound = i < change % 256 ? seed : later;
            uint256 j = i + (uint256(keccak256(abi.encode(ofRound, taskId, i))) % (count - i));
            equal(shuffle.draw(ofRound, taskId), all[j], "drawn");
            all[j] = all[i];
        }
        isTrue(shuffle.exhausted(), "exhausted");
    }

    function test_aGreatPoolCostsNoMore() external view {
        uint256 before = gasleft();
        Shuffle memory shuffle = Sortition.shuffle(type(uint32).max);
        for (uint256 i = 0; i < 64; ++i) {
            isTrue(shuffle.draw("seed", TaskId.wrap("task")) < type(uint32).max, "in range");
        }
        isTrue(before - gasleft() < 400_000, "bounded cost");
    }
}
