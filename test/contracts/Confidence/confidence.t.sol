// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Confidence} from "../../../contracts/libraries/Confidence.sol";
import {Assertions} from "../Panel/support/Assertions.sol";
import {vm} from "../support/Vm.sol";

// Confidence, against what `IPoco` says, worked out slowly in 512 bits and more
contract ConfidenceTest is Assertions {
    function test_weights() external pure {
        equal(Confidence.weight(0), 2, "fresh");
        equal(Confidence.weight(11), 2, "11");
        equal(Confidence.weight(12), 3, "12");
        equal(Confidence.weight(50), 15, "50");
        equal(Confidence.weight(51), 16, "51");
        equal(Confidence.weight(type(uint32).max), 16, "most");
    }

    function testFuzz_weightIsTheFormula(uint32 score) external pure {
        equal(Confidence.weight(score), Math.min(Math.max(score / 3, 3) - 1, 16), "weight");
    }

    function testFuzz_shareIsTheLogarithm(uint32 score) external pure {
        uint256 weight = Confidence.weight(score);
        equal(Confidence.share(weight), Math.log2(weight), "share");
    }

    function test_firstPlaces() external pure {
        equal(Confidence.firstPlaces(2), 1, "trust 2");
        equal(Confidence.firstPlaces(10), 4, "trust 10");
        equal(Confidence.firstPlaces(100), 7, "trust 100");
        equal(Confidence.firstPlaces(1_000_000), 20, "trust 1,000,000");
    }

    function testFuzz_firstPlacesReachAndNoFewerDo(uint32 trust) external pure {
        trust = uint32(2 + (uint256(trust) % 999_999));
        uint256 n = Confidence.firstPlaces(trust);
        isTrue(2 ** n * trust > (1 + 2 ** n) * (trust - 1), "reached");
        isTrue(n == 1 || 2 ** (n - 1) * trust <= (1 + 2 ** (n - 1)) * (trust - 1), "not by fewer");
    }

    /// Up to 64 seals of random scores and sides, with exact products in 512 bits.
    function testFuzz_isExactWithinBounds(uint256 sides, uint256 seed, uint8 count, uint32 trust) external pure {
        count = count % 65;
        // Sometimes trust as it is asked for, sometimes at the edges.
        trust = trust % 3 == 0 ? 2 : uint32(2 + (uint256(trust) % (type(uint32).max - 2)));
        uint256 group;
        uint256 hostile;
        // Little endian digits of 128 bits.
        uint256[3] memory exactGroup = [uint256(1), 0, 0];
        uint256[3] memory exactHostile = [uint256(1), 0, 0];
        bool anyGroup;
        bool anyHostile;
        for (uint256 i = 0; i < count; ++i) {
            uint256 score = uint256(keccak256(abi.encode(seed, i))) % (seed % 2 == 0 ? 60 : 1_000);
            uint256 weight = Confidence.weight(score);
            if (sides & (1 << i) != 0) {
                group = Confidence.times(group, weight);
                _multiply(exactGroup, weight);
                anyGroup = true;
            } else {
                hostile = Confidence.times(hostile, weight);
                _multiply(exactHostile, weight);
                anyHostile = true;
            }
        }
        if (!anyGroup) exactGroup[0] = 0;
        if (!anyHostile) exactHostile[0] = 0;
        // group · trust > (1 + group + hostile) · (trust − 1)
        uint256[3] memory total = [uint256(1), 0, 0];
        _add(total, exactGroup);
        _add(total, exactHostile);
        _multiply(total, trust - 1);
        _multiply(exactGroup, trust);
        equal(Confidence.reached(group, hostile, trust) ? 1 : 0, _greater(exactGroup, total) ? 1 : 0, "as exactly");
    }

    function testFuzz_oneSideHeavy(uint8 others, uint32 trust) external pure {
        uint256 group;
        for (uint256 i = 0; i < 64 - (others % 8); ++i) {
            group = Confidence.times(group, 16);
        }
        uint256 hostile;
        for (uint256 i = 0; i < others % 8; ++i) {
            hostile = Confidence.times(hostile, 16);
        }
        vm.assume(trust > 1);
        isTrue(Confidence.reached(group, hostile, trust), "the many");
        isTrue(!Confidence.reached(hostile, group, trust), "the few");
    }

    function _multiply(uint256[3] memory digits, uint256 by) private pure {
        uint256 carry;
        for (uint256 i = 0; i < 3; ++i) {
            uint256 product = digits[i] * by + carry;
            (digits[i], carry) = (uint128(product), product >> 128);
        }
        require(carry == 0, "too small a number");
    }

    function _add(uint256[3] memory digits, uint256[3] memory other) private pure {
        uint256 carry;
        for (uint256 i = 0; i < 3; ++i) {
            uint256 sum = digits[i] + other[i] + carry;
            (digits[i], carry) = (uint128(sum), sum >> 128);
        }
    }

    function _greater(uint256[3] memory a, uint256[3] memory b) private pure returns (bool) {
        if (a[2] != b[2]) return a[2] > b[2];
        if (a[1] != b[1]) return a[1] > b[1];
        return a[0] > b[0];
    }
}
