// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {vm} from "./Vm.sol";

/// @notice Assertions that say what was wrong, and how invariant tests name what the fuzzer may call.
abstract contract Test {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    /// @notice Tells the runner that this contract holds tests.
    bool public constant IS_TEST = true;

    address[] private _targets;
    FuzzSelector[] private _selectors;

    function targetContracts() external view returns (address[] memory) {
        return _targets;
    }

    function targetSelectors() external view returns (FuzzSelector[] memory) {
        return _selectors;
    }

    function target(address handler, bytes4[] memory selectors) internal {
        _targets.push(handler);
        _selectors.push(FuzzSelector(handler, selectors));
    }

    function assertTrue(bool condition, string memory label) internal pure {
        require(condition, label);
    }

    function assertEq(uint256 actual, uint256 expected, string memory label) internal pure {
        require(actual == expected, _unequal(label, vm.toString(actual), vm.toString(expected)));
    }

    function assertEq(bytes32 actual, bytes32 expected, string memory label) internal pure {
        require(actual == expected, _unequal(label, vm.toString(actual), vm.toString(expected)));
    }

    function assertEq(address actual, address expected, string memory label) internal pure {
        require(actual == expected, _unequal(label, vm.toString(actual), vm.toString(expected)));
    }

    function assertEq(string memory actual, string memory expected, string memory label) internal pure {
        require(keccak256(bytes(actual)) == keccak256(bytes(expected)), _unequal(label, actual, expected));
    }

    function assertLe(uint256 actual, uint256 most, string memory label) internal pure {
        require(actual <= most, _unequal(label, vm.toString(actual), string.concat("at most ", vm.toString(most))));
    }

    /// @notice Any number, brought into `[low, high]`.
    function bound(uint256 x, uint256 low, uint256 high) internal pure returns (uint256) {
        if (x >= low && x <= high) return x;
        uint256 size = high - low + 1;
        return size == 0 ? x : low + (x % size);
    }

    function _unequal(
        string memory label,
        string memory actual,
        string memory expected
    ) private pure returns (string memory) {
        return string.concat(label, ": ", actual, ", expected ", expected);
    }
}
