// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC1363Spender} from "@openzeppelin/contracts/interfaces/IERC1363Spender.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {Token} from "../../../contracts/token/Token.sol";
import {Deployer} from "../support/Deployer.sol";
import {Test} from "../support/Test.sol";
import {vm} from "../support/Vm.sol";

/// permit
///   given the deadline is over          it should revert
///   given another's signature           it should revert
///   given the same signature again      it should revert
///   otherwise                           it should allow the amount and use the nonce up
/// approveAndCall
///   given a spender that refuses        it should revert
///   otherwise                           it should allow and call in one transaction
/// votes
///   given nobody delegated              it should count none
///   given a delegate                    it should follow the balance
/// supply                                it should be 87,000,000 of 9 decimals, in 64 bits, all the treasury's
contract TokenTest is Test, IERC1363Spender {
    uint256 private constant KEY = 0xb0b;
    address private owner = vm.addr(KEY);
    Token private token;
    uint256 private called;
    bool private refuses;

    function setUp() external {
        vm.warp(1_800_000_000);
        token = Deployer.token(owner);
    }

    function onApprovalReceived(address from, uint256 value, bytes calldata) external returns (bytes4) {
        token.transferFrom(from, address(this), value);
        called = value;
        return refuses ? bytes4(0) : IERC1363Spender.onApprovalReceived.selector;
    }

    function _permit(
        uint256 key,
        uint256 value,
        uint256 deadline
    ) private view returns (uint8 v, bytes32 r, bytes32 s) {
        bytes32 typeHash = keccak256(
            "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
        );
        bytes32 hash = keccak256(abi.encode(typeHash, owner, address(this), value, token.nonces(owner), deadline));
        return vm.sign(key, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), hash)));
    }

    function test_permitRefusesALateOne() external {
        uint256 deadline = block.timestamp - 1;
        (uint8 v, bytes32 r, bytes32 s) = _permit(KEY, 1, deadline);
        vm.expectRevert(abi.encodeWithSelector(ERC20Permit.ERC2612ExpiredSignature.selector, deadline));
        token.permit(owner, address(this), 1, deadline, v, r, s);
    }

    function testFuzz_permitRefusesAnothersKey(uint256 key) external {
        key = bound(key, 1, type(uint128).max);
        vm.assume(key != KEY);
        (uint8 v, bytes32 r, bytes32 s) = _permit(key, 1, block.timestamp);
        vm.expectRevert(abi.encodeWithSelector(ERC20Permit.ERC2612InvalidSigner.selector, vm.addr(key), owner));
        token.permit(owner, address(this), 1, block.timestamp, v, r, s);
    }

    function testFuzz_permitAllowsOnce(uint256 value) external {
        (uint8 v, bytes32 r, bytes32 s) = _permit(KEY, value, block.timestamp);
        token.permit(owner, address(this), value, block.timestamp, v, r, s);
        assertEq(token.allowance(owner, address(this)), value, "allowance");
        assertEq(token.nonces(owner), 1, "the nonce is used up");
        vm.expectRevert();
        token.permit(owner, address(this), value, block.timestamp, v, r, s);
    }

    function test_approveAndCallRefusesAnUnwillingSpender() external {
        refuses = true;
        vm.prank(owner);
        vm.expectRevert();
        token.approveAndCall(address(this), 5);
    }

    function testFuzz_approveAndCall(uint256 value) external {
        value = bound(value, 0, token.SUPPLY());
        vm.prank(owner);
        assertTrue(token.approveAndCall(address(this), value), "it answers true");
        assertEq(called, value, "the spender was called");
        assertEq(token.balanceOf(address(this)), value, "and took what it was allowed");
    }

    function testFuzz_votesFollowTheBalance(uint256 value) external {
        value = bound(value, 0, token.SUPPLY());
        assertEq(token.getVotes(owner), 0, "nobody votes undelegated");
        vm.startPrank(owner);
        token.delegate(owner);
        assertEq(token.getVotes(owner), token.SUPPLY(), "all votes at first");
        token.transfer(address(1), value);
        assertEq(token.getVotes(owner), token.SUPPLY() - value, "fewer after a transfer");
    }

    function test_supply() external view {
        assertEq(token.decimals(), 9, "decimals");
        assertEq(token.totalSupply(), 87_000_000 * 10 ** 9, "supply");
        assertEq(token.balanceOf(owner), token.SUPPLY(), "it is the treasury's");
        assertTrue(token.SUPPLY() < 1 << 57, "sums of amounts fit 64 bits");
    }
}
