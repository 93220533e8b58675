// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ForeignCall} from "../../../contracts/libraries/ForeignCall.sol";
import {IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {Foreign} from "../support/Foreign.sol";
import {Test} from "../support/Test.sol";

/// ask
///   given too little gas to ask fairly                 it should revert
///   given a target that answers less than a word       it should answer zero, whatever the scratch space holds
///   given no code, a revert, burnt gas or a bomb       it should answer zero
///   otherwise                                          it should answer the first word
contract ForeignCallTest is Test {
    function ask(address target, bytes32 left) public view returns (bytes32) {
        // An earlier hash may have left the very answer wanted here.
        assembly ("memory-safe") {
            mstore(0, left)
        }
        return ForeignCall.ask(target, "");
    }

    function _foreign(Foreign.Manner manner, bytes32 word) private returns (address) {
        return address(new Foreign(manner, word, IClerk(address(0))));
    }

    function testFuzz_refusesToAskWithTooLittleGas(uint256 gas) external {
        address yes = _foreign(Foreign.Manner.Word, "yes");
        gas = bound(gas, 3_000, 108_000);
        (bool success, ) = address(this).call{gas: gas}(abi.encodeCall(this.ask, (yes, 0)));
        assertTrue(!success, "it reverts");
    }

    function testFuzz_answersZeroForLessThanAWord(bytes32 word) external {
        assertEq(ask(_foreign(Foreign.Manner.Nothing, word), word), 0, "nothing");
        assertEq(ask(_foreign(Foreign.Manner.Short, word), word), 0, "31 bytes");
        assertEq(ask(address(0xdead), word), 0, "no code");
    }

    function testFuzz_answersZeroForTheIllMannered(bytes32 word) external {
        assertEq(ask(_foreign(Foreign.Manner.Revert, word), word), 0, "revert");
        assertEq(ask(_foreign(Foreign.Manner.Burn, word), word), 0, "all gas burnt");
        assertEq(ask(_foreign(Foreign.Manner.Bomb, word), word), 0, "a megabyte");
    }

    function testFuzz_answersTheWord(bytes32 word, bytes32 left) external {
        assertEq(ask(_foreign(Foreign.Manner.Word, word), left), word, "the word");
    }
}
