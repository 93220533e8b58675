// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IKeyring, Operator} from "../../../contracts/interfaces/IKeyring.sol";
import {IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {ForeignCall} from "../../../contracts/libraries/ForeignCall.sol";
import {Deployer} from "../support/Deployer.sol";
import {Foreign, KeyWallet} from "../support/Foreign.sol";
import {Test} from "../support/Test.sol";
import {vm} from "../support/Vm.sol";

/// presign
///   it should note the digest for the caller, and take it back
/// check
///   given the zero account                     it should say no, whatever the signature
///   given any rubbish                          it should say no, and never revert
///   given the account's own key                it should say yes, without an operator or a limit
///   given an operator's key                    it should name it, and its limit
///   given a contract                           it should ask it
///   given a contract and too little gas        it should revert, and never turn a yes into a no
///   given an account whose own key delegated to code (EIP-7702)
///                                              it should take the key as before, and the code too
contract CheckTest is Test {
    bytes32 private constant DOMAIN = "a domain";
    uint256 private constant KEY = 0xacc;
    uint256 private constant OPERATOR = 0x0be;
    address private account = vm.addr(KEY);
    IKeyring private keyring;

    function setUp() external {
        vm.warp(1_800_000_000);
        keyring = Deployer.keyring();
    }

    function _sign(uint256 key, bytes32 hash) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked(hex"1901", DOMAIN, hash)));
        return abi.encodePacked(r, s, v);
    }

    function _check(
        address of_,
        bytes32 hash,
        bytes memory sig,
        bool valid,
        address operator,
        uint64 limit
    ) private view {
        (bool valid_, address operator_, uint64 limit_) = keyring.check(of_, 1, DOMAIN, hash, sig);
        assertTrue(valid_ == valid, valid ? "it is signed" : "it is not signed");
        if (!valid) return;
        assertEq(operator_, operator, "by whom");
        assertEq(limit_, limit, "up to");
    }

    function _no(address of_, bytes32 hash, bytes memory sig) private view {
        _check(of_, hash, sig, false, address(0), 0);
    }

    function _yes(address of_, bytes32 hash, bytes memory sig) private view {
        _check(of_, hash, sig, true, address(0), type(uint64).max);
    }

    function testFuzz_presign(address caller, address other, bytes32 digest) external {
        vm.assume(caller != other);
        vm.expectEmit(address(keyring));
        emit IKeyring.Presigned(caller, digest, true);
        vm.prank(caller);
        keyring.presign(digest, true);
        assertTrue(keyring.isPresigned(caller, digest), "noted");
        assertTrue(!keyring.isPresigned(other, digest), "for the caller only");
        vm.expectEmit(address(keyring));
        emit IKeyring.Presigned(caller, digest, false);
        vm.prank(caller);
        keyring.presign(digest, false);
        assertTrue(!keyring.isPresigned(caller, digest), "taken back");
    }

    function testFuzz_nobodySignsForZero(bytes32 hash, bytes calldata sig) external {
        _no(address(0), hash, sig);
        _no(address(0), hash, new bytes(65));
        vm.prank(address(0));
        keyring.presign(keccak256(abi.encodePacked(hex"1901", DOMAIN, hash)), true);
        _no(address(0), hash, "");
    }

    function testFuzz_neverRevertsOnRubbish(address of_, uint16 power, bytes32 hash, bytes calldata sig) external view {
        if (of_.code.length != 0) return;
        (bool valid, , ) = keyring.check(of_, power, DOMAIN, hash, sig);
        assertTrue(!valid, "not signed");
        (valid, , ) = keyring.check(of_, power, DOMAIN, hash, abi.encodePacked(sig, uint8(power), "bulk"));
        assertTrue(!valid, "nor in bulk");
    }

    function testFuzz_takesTheAccountsKey(bytes32 hash, bytes32 other) external view {
        vm.assume(hash != other);
        _yes(account, hash, _sign(KEY, hash));
        _no(account, other, _sign(KEY, hash));
        _no(vm.addr(OPERATOR), hash, _sign(KEY, hash));
    }

    function testFuzz_namesTheOperator(bytes32 hash, uint64 limit) external {
        _no(account, hash, _sign(OPERATOR, hash));
        vm.prank(account);
        keyring.setOperator(vm.addr(OPERATOR), Operator(1, limit, type(uint40).max));
        _check(account, hash, _sign(OPERATOR, hash), true, vm.addr(OPERATOR), limit);
        (bool valid, , ) = keyring.check(account, 2, DOMAIN, hash, _sign(OPERATOR, hash));
        assertTrue(!valid, "in no other power");
    }

    function testFuzz_anOperatorsOperatorIsNobody(bytes32 hash) external {
        vm.prank(account);
        keyring.setOperator(vm.addr(OPERATOR), Operator(1, 1, type(uint40).max));
        vm.prank(vm.addr(OPERATOR));
        keyring.setOperator(vm.addr(0x3), Operator(1, 1, type(uint40).max));
        _no(account, hash, _sign(0x3, hash));
    }

    /// @dev An operator that presigns signs for itself, not for the account.
    function testFuzz_anOperatorCannotPresign(bytes32 hash) external {
        vm.prank(account);
        keyring.setOperator(vm.addr(OPERATOR), Operator(1, 1, type(uint40).max));
        vm.prank(vm.addr(OPERATOR));
        keyring.presign(keccak256(abi.encodePacked(hex"1901", DOMAIN, hash)), true);
        _no(account, hash, "");
    }

    function testFuzz_asksContracts(bytes32 hash, bytes calldata sig) external {
        address wallet = address(new KeyWallet(account));
        _yes(wallet, hash, _sign(KEY, hash));
        _no(wallet, hash, _sign(OPERATOR, hash));
        _yes(
            address(new Foreign(Foreign.Manner.Word, IERC1271.isValidSignature.selector, IClerk(address(0)))),
            hash,
            sig
        );
        _no(
            address(new Foreign(Foreign.Manner.Burn, IERC1271.isValidSignature.selector, IClerk(address(0)))),
            hash,
            sig
        );
    }

    function testFuzz_cannotBeStarved(uint256 gas) external {
        Foreign slow = new Foreign(Foreign.Manner.Slow, IERC1271.isValidSignature.selector, IClerk(address(0)));
        gas = bound(gas, 5_000, 300_000);
        try keyring.check{gas: gas}(address(slow), 1, DOMAIN, 0, "") returns (bool valid, address, uint64) {
            assertTrue(valid, "with enough gas it is a yes, with less it reverts");
        } catch (bytes memory reason) {
            if (gas > 30_000)
                assertEq(bytes32(bytes4(reason)), bytes32(ForeignCall.ForeignCallGasTooLow.selector), "why");
        }
    }

    function test_takesADelegatedAccountsKeyAndCode() external {
        // What EIP-7702 leaves at an account: code that answers for it, here only for another key.
        vm.etch(account, address(new KeyWallet(vm.addr(OPERATOR))).code);
        _yes(account, "hash", _sign(KEY, "hash"));
        _yes(account, "hash", _sign(OPERATOR, "hash"));
        _no(account, "hash", _sign(0x3, "hash"));
    }
}
