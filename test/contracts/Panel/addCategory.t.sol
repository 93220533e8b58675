// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Category, IPanel} from "../../../contracts/interfaces/IPanel.sol";
import {PocoTest} from "../Poco/support/PocoTest.sol";
import {vm} from "../support/Vm.sol";

// addCategory
// ├── when the caller is not governance: refused
// ├── when a round has no time, or does not fit the deadline with its grace: refused
// ├── when the deadline exceeds half the unbonding time: refused
// ├── when there are 65,536: refused
// └── else it gets the next number
contract AddCategoryTest is PocoTest {
    /// Where `Panel._categoryCount` is.
    bytes32 private constant CATEGORY_COUNT_SLOT = bytes32(uint256(10));

    function test_refusesAStranger() external {
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, STRANGER));
        vm.prank(STRANGER);
        poco.addCategory(Category({roundBlocks: 10, deadlineBlocks: 100}));
    }

    function test_refusesTimesThatDoNotFit() external {
        _refused(0, 100);
        _refused(90, 100);
        _refused(100, 60_481);
    }

    function test_refusesMoreThanHaveANumber() external {
        vm.store(address(poco), CATEGORY_COUNT_SLOT, bytes32(uint256(type(uint16).max)));
        vm.prank(GOVERNANCE);
        equal(poco.addCategory(Category({roundBlocks: 10, deadlineBlocks: 100})), type(uint16).max, "the last number");
        _refused(10, 100);
    }

    function test_addsTheNextNumber() external {
        vm.prank(GOVERNANCE);
        uint16 id = poco.addCategory(Category({roundBlocks: 89, deadlineBlocks: 100}));
        equal(id, 1, "number");
        equal(poco.category(1).roundBlocks, 89, "round");
        equal(poco.category(2).deadlineBlocks, 0, "unknown");
    }

    function _refused(uint32 round, uint32 deadline) private {
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelCategoryInvalid.selector, round, deadline));
        vm.prank(GOVERNANCE);
        poco.addCategory(Category({roundBlocks: round, deadlineBlocks: deadline}));
    }
}
