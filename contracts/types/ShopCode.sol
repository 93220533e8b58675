// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// A shop's name in the federation: 2 to 8 characters `A–Z` and `0–9`, the first a letter, padded with zeros on the right.
/// `src/protocol/shop-code.ts` is the twin.
type ShopCode is bytes8;

using {isValid, scarcity} for ShopCode global;

// The most that `scarcity` answers.
uint64 constant MAX_SCARCITY = 64;

/// @notice Whether it is the code of a shop at all.
function isValid(ShopCode code) pure returns (bool) {
    bytes8 text = ShopCode.unwrap(code);
    uint256 length = _lengthOf(text);
    // Nothing may follow the first zero.
    if (length < 2 || (length < 8 && text << (8 * length) != 0)) return false;
    for (uint256 i = 0; i < length; ++i) {
        bytes1 char = text[i];
        bool isLetter = char >= "A" && char <= "Z";
        bool isDigit = char >= "0" && char <= "9";
        if (!isLetter && !(isDigit && i != 0)) return false;
    }
    return true;
}

/// @notice By how much a valid code costs more than a long one: short ones are few.
function scarcity(ShopCode code) pure returns (uint64) {
    uint256 length = _lengthOf(ShopCode.unwrap(code));
    if (length == 2) return MAX_SCARCITY;
    if (length == 3) return 16;
    return length == 4 ? 4 : 1;
}

/// @dev Up to the first zero.
function _lengthOf(bytes8 text) pure returns (uint256 length) {
    while (length < 8 && text[length] != 0) ++length;
}
