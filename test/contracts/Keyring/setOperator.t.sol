// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IKeyring, Operator, POWER_REQUEST_ORDER} from "../../../contracts/interfaces/IKeyring.sol";
import {Deployer} from "../support/Deployer.sol";
import {Test} from "../support/Test.sol";
import {vm} from "../support/Vm.sol";

/// setOperator
///   given zero or the caller itself as the key   it should revert
///   otherwise                                    it should replace what the key may do for the caller, and nobody else
/// mayAct
///   given the account itself                     it should say yes
///   given a key without the power, or too late   it should say no
contract SetOperatorTest is Test {
    IKeyring private keyring;
    address private constant ACCOUNT = address(0xacc);
    address private constant KEY = address(0x4e1);

    function setUp() external {
        vm.warp(1_800_000_000);
        keyring = Deployer.keyring();
    }

    function _set(address account, address key, Operator memory grant) private {
        vm.prank(account);
        keyring.setOperator(key, grant);
    }

    function testFuzz_refusesNobodyAndOneself(address account, Operator calldata grant) external {
        vm.expectRevert(abi.encodeWithSelector(IKeyring.KeyringKeyInvalid.selector, address(0)));
        _set(account, address(0), grant);
        vm.expectRevert(abi.encodeWithSelector(IKeyring.KeyringKeyInvalid.selector, account));
        _set(account, account, grant);
    }

    function testFuzz_replaces(
        address account,
        address key,
        Operator calldata first,
        Operator calldata second
    ) external {
        vm.assume(key != address(0) && key != account);
        _set(account, key, first);
        vm.expectEmit(address(keyring));
        emit IKeyring.OperatorSet(account, key, second.powers, second.limit, second.validUntil);
        _set(account, key, second);
        Operator memory now_ = keyring.operatorOf(account, key);
        assertEq(keccak256(abi.encode(now_)), keccak256(abi.encode(second)), "the second in place of the first");
    }

    function testFuzz_isTheCallersOnly(address other, address otherKey) external {
        vm.assume(other != ACCOUNT && otherKey != KEY && other != KEY && other != otherKey && otherKey != ACCOUNT);
        _set(ACCOUNT, KEY, Operator(type(uint16).max, type(uint64).max, type(uint40).max));
        assertTrue(keyring.mayAct(ACCOUNT, KEY, POWER_REQUEST_ORDER), "for the account");
        assertTrue(!keyring.mayAct(other, KEY, POWER_REQUEST_ORDER), "not for another");
        assertTrue(!keyring.mayAct(ACCOUNT, otherKey, POWER_REQUEST_ORDER), "nor another key");
        assertTrue(!keyring.mayAct(KEY, ACCOUNT, POWER_REQUEST_ORDER), "nor the other way round");
    }

    function testFuzz_mayAct(uint16 powers, uint8 bit, uint40 until, uint40 at) external {
        uint16 power = uint16(1 << (bit % 16));
        _set(ACCOUNT, KEY, Operator(powers, 0, until));
        vm.warp(bound(at, 1, type(uint40).max));
        bool expected = powers & power != 0 && block.timestamp <= until;
        assertTrue(keyring.mayAct(ACCOUNT, KEY, power) == expected, "its powers, until its last second");
        assertTrue(keyring.mayAct(ACCOUNT, ACCOUNT, power), "the account itself always");
    }
}
