// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {DisputeRules, IReceipt} from "../../../contracts/interfaces/IReceipt.sol";
import {vm} from "../support/Vm.sol";
import {GoodsTest} from "./support/GoodsTest.sol";

/// constructor
///   given no time to answer or rule, a share above the whole, or no least bond   it should revert
///   otherwise                                                                   it should keep the rules
contract RulesTest is GoodsTest {
    function _invalid(DisputeRules memory rules) private {
        bytes memory code = abi.encodePacked(vm.getCode("Receipt.sol:Receipt"), abi.encode(clerk, rules));
        address made;
        bytes32 reason;
        assembly {
            made := create(0, add(code, 0x20), mload(code))
            returndatacopy(0, 0, 4)
            reason := mload(0)
        }
        assertEq(made, address(0), "it is not created");
        assertTrue(bytes4(reason) == IReceipt.ReceiptRulesInvalid.selector, "because of its rules");
    }

    function test_refusesRulesThatCannotWork() external {
        DisputeRules memory rules = rulesOfDisputes();
        rules.answerTime = 0;
        _invalid(rules);
        rules = rulesOfDisputes();
        rules.rulingTime = 0;
        _invalid(rules);
        rules = rulesOfDisputes();
        rules.bondShare = 10_001;
        _invalid(rules);
        rules = rulesOfDisputes();
        rules.minBond = 0;
        _invalid(rules);
    }

    function testFuzz_keepsTheRules(DisputeRules memory rules) external {
        vm.assume(rules.answerTime != 0 && rules.rulingTime != 0 && rules.minBond != 0);
        rules.bondShare = uint16(bound(rules.bondShare, 0, 10_000));
        IReceipt made = newReceipt(rules);
        assertEq(keccak256(abi.encode(made.rules())), keccak256(abi.encode(rules)), "the rules");
        assertEq(address(made.CLERK()), address(clerk), "the Clerk");
        assertEq(address(made.KEYRING()), address(keyring), "its keyring");
    }
}
