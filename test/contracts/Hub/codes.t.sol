// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ShopCode} from "../../../contracts/types/ShopCode.sol";
import {Test} from "../support/Test.sol";

/// isValid
///   given fewer than 2 characters                it should say no
///   given a first character that is no letter    it should say no
///   given anything but `A–Z` and `0–9`           it should say no
///   given something behind a zero                it should say no
///   otherwise                                    it should say yes
/// scarcity                                       it should be 64, 16, 4 and then 1, by length
contract CodesTest is Test {
    bytes private constant ALLOWED = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    function _valid(bytes8 text) private pure returns (bool) {
        return ShopCode.wrap(text).isValid();
    }

    function test_refusesWhatIsTooShort() external pure {
        assertTrue(!_valid(0), "nothing");
        assertTrue(!_valid("A"), "one letter");
    }

    function test_refusesAFirstDigit() external pure {
        assertTrue(!_valid("7UP"), "a digit first");
        assertTrue(!_valid("24"), "digits");
    }

    function test_refusesOtherCharacters() external pure {
        bytes8[8] memory texts = [bytes8("AB-C"), "AB C", "ab", "Ab", "A@", "A[", "A/", "A:"];
        for (uint256 i = 0; i < texts.length; ++i) assertTrue(!_valid(texts[i]), string(abi.encodePacked(texts[i])));
        assertTrue(!_valid(bytes8(hex"41c384")), "an umlaut");
    }

    function test_refusesWhatFollowsAZero() external pure {
        assertTrue(!_valid(bytes8(hex"4142004300000000")), "a character behind a zero");
        assertTrue(!_valid(bytes8(hex"4142000000000001")), "a bit at the end");
        assertTrue(!_valid(bytes8(hex"0041420000000000")), "a zero first");
    }

    /// @dev Says it again, the plain way, of any eight bytes made of few different ones.
    function testFuzz_isValid(uint256 seed) external pure {
        bytes memory some = "AZ09@[/:a\x00\x00\x00";
        bytes8 text;
        for (uint256 i = 0; i < 8; ++i) text |= bytes8(some[(seed >> (8 * i)) % some.length]) >> (8 * i);
        bool expected = text[0] >= "A" && text[0] <= "Z" && text[1] != 0;
        for (uint256 i = 0; i < 8; ++i) {
            bool zero = text[i] == 0;
            bool allowed = (text[i] >= "A" && text[i] <= "Z") || (text[i] >= "0" && text[i] <= "9");
            if (!zero && !allowed) expected = false;
            if (i != 0 && !zero && text[i - 1] == 0) expected = false;
        }
        assertTrue(_valid(text) == expected, string(abi.encodePacked(text)));
    }

    function testFuzz_acceptsCodes(uint256 seed, uint8 length) external pure {
        length = uint8(bound(length, 2, 8));
        bytes8 text = bytes8(ALLOWED[seed % 26]);
        for (uint256 i = 1; i < length; ++i) text |= bytes8(ALLOWED[(seed >> (8 * i)) % 36]) >> (8 * i);
        assertTrue(_valid(text), "valid");
        uint64 expected =
            length == 2
                ? 64
                : length == 3
                    ? 16
                    : length == 4
                        ? 4
                        : 1;
        assertEq(ShopCode.wrap(text).scarcity(), expected, "by its length");
    }
}
