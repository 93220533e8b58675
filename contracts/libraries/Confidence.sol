// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Confidence
/// @notice How sure a result is, from the weights of those who agree on it and of those who do not.
/// `src/protocol/confidence.ts` is the twin.
library Confidence {
    /// @notice The most that one worker weighs.
    uint256 internal constant MAX_WEIGHT = 16;

    /// @notice Where products saturate.
    /// @dev Loses nothing: at weights of 16 it takes 57 of the at most 64 seals to get beyond it, so the other side has
    /// 7 at most, of 2^28 together. With a trust below 2^32 the greater side decides either way, as it would exactly.
    uint256 internal constant CEILING = 2 ** 224;

    /// @notice `max(score / 3, 3) − 1`, at most 16: a fresh worker weighs 2.
    function weight(uint256 score) internal pure returns (uint256) {
        if (score < 12) return 2;
        uint256 raw = score / 3 - 1;
        return raw < MAX_WEIGHT ? raw : MAX_WEIGHT;
    }

    /// @notice `floor(log2(weight))`, the share of a reward: 1 to 4.
    function share(uint256 ofWeight) internal pure returns (uint256) {
        if (ofWeight < 4) return 1;
        if (ofWeight < 8) return 2;
        return ofWeight < 16 ? 3 : 4;
    }

    /// @notice The product with one more weight, where 0 stands for the product of none.
    function times(uint256 product, uint256 byWeight) internal pure returns (uint256) {
        if (product == 0) return byWeight;
        // At most 2^224 · 16.
        uint256 exact = product * byWeight;
        return exact < CEILING ? exact : CEILING;
    }

    /// @notice Whether `group · trust > (1 + group + hostile) · (trust − 1)`.
    /// @param group Product of the weights of those who agree; 0 if there is none.
    /// @param hostile Product of the weights of the others; 0 if there is none.
    /// @param trust Above 1.
    function reached(uint256 group, uint256 hostile, uint32 trust) internal pure returns (bool) {
        // The same with `group · (trust − 1)` taken from both sides. (1 + 2^224) · (2^32 − 2) is below 2^256.
        return group > (1 + hostile) * (trust - 1);
    }

    /// @notice How many fresh workers who all agree reach `trust`, which is above 1: the least n with 2^n > trust − 1.
    function firstPlaces(uint32 trust) internal pure returns (uint256 n) {
        n = 1;
        while ((trust - 1) >> n != 0) ++n;
    }
}
