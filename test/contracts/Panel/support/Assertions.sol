// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

/// Labelled assertions: a failure says which expectation, and both values.
abstract contract Assertions {
    using Strings for uint256;

    error AssertionFailed(string label);

    function isTrue(bool condition, string memory label) internal pure {
        if (!condition) revert AssertionFailed(label);
    }

    function equal(uint256 actual, uint256 expected, string memory label) internal pure {
        if (actual != expected) {
            revert AssertionFailed(string.concat(label, ": ", actual.toString(), ", not ", expected.toString()));
        }
    }

    function equal(address actual, address expected, string memory label) internal pure {
        if (actual != expected) {
            revert AssertionFailed(
                string.concat(label, ": ", Strings.toHexString(actual), ", not ", Strings.toHexString(expected))
            );
        }
    }

    function equal(bytes32 actual, bytes32 expected, string memory label) internal pure {
        if (actual != expected) {
            revert AssertionFailed(
                string.concat(label, ": ", uint256(actual).toHexString(32), ", not ", uint256(expected).toHexString(32))
            );
        }
    }
}
