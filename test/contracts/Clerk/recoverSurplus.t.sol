// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Token} from "../../../contracts/token/Token.sol";
import {IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {Deployer} from "../support/Deployer.sol";
import {MarketTest} from "../support/MarketTest.sol";
import {vm} from "../support/Vm.sol";

/// recoverSurplus
///   given anyone but governance                 it should revert
///   given more than was sent to the Clerk       it should revert: accounts' money is out of reach
///   given the Till, the Clerk, the Keyring as the token
///                                               it should revert
///   given tokens sent to the Clerk, of any kind it should send them where governance says
contract RecoverSurplusTest is MarketTest {
    function _recover(address which, address to, uint256 amount) private {
        vm.prank(governance);
        clerk.recoverSurplus(which, to, amount);
    }

    function testFuzz_refusesOthers(address other) external {
        vm.assume(other != governance);
        vm.prank(treasury);
        token.transfer(address(clerk), 10);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, other));
        vm.prank(other);
        clerk.recoverSurplus(address(token), other, 10);
    }

    function testFuzz_neverReachesAccounts(uint64 gift, uint64 amount) external {
        gift = uint64(bound(gift, 0, FUNDS));
        amount = uint64(bound(amount, uint256(gift) + 1, type(uint64).max));
        sealOne(batchOf());
        vm.prank(treasury);
        token.transfer(address(clerk), gift);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, address(clerk), gift, amount)
        );
        _recover(address(token), governance, amount);
        assertEq(token.balanceOf(clerk.TILL()), 2 * FUNDS, "all of it is there");
    }

    function test_refusesWhatIsNoToken() external {
        address[4] memory others = [clerk.TILL(), address(clerk), address(keyring), address(registry)];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectRevert();
            _recover(others[i], governance, 1);
        }
    }

    function testFuzz_recoversDonations(uint64 gift, uint64 amount) external {
        gift = uint64(bound(gift, 1, FUNDS));
        amount = uint64(bound(amount, 0, gift));
        vm.prank(treasury);
        token.transfer(address(clerk), gift);
        vm.expectEmit(address(clerk));
        emit IClerk.SurplusRecovered(address(token), stranger, amount);
        _recover(address(token), stranger, amount);
        assertEq(token.balanceOf(stranger), amount, "sent");
        assertEq(token.balanceOf(address(clerk)), gift - amount, "the rest is there for later");
        assertEq(free(requester) + free(poolOwner), 2 * FUNDS, "accounts are as they were");
    }

    function test_recoversAnyToken() external {
        Token other = Deployer.token(broker);
        vm.prank(broker);
        other.transfer(address(clerk), 77);
        _recover(address(other), stranger, 77);
        assertEq(other.balanceOf(stranger), 77, "sent");
    }
}
