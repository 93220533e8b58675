// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Entry} from "../../../contracts/interfaces/IClerk.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {MarketTest} from "../support/MarketTest.sol";
import {vm} from "../support/Vm.sol";

/// Tokens are sent to the Clerk or the Till past `deposit`, to upset its books, or to get accounts' money out as surplus.
contract DonationAttack is MarketTest {
    /// @dev 500 are given to the Clerk while the Till holds 2,000,000: governance gets 500, whatever it asks; each
    /// account gets out what it had.
    function testFuzz_accountsGetOutWhatTheyHad(uint64 toClerk, uint64 toTill) external {
        toClerk = uint64(bound(toClerk, 0, 500));
        toTill = uint64(bound(toTill, 0, 500));
        vm.startPrank(treasury);
        token.transfer(address(clerk), toClerk);
        token.transfer(clerk.TILL(), toTill);
        vm.stopPrank();
        assertEq(free(treasury), 0, "a gift is nobody's credit");
        Deal memory deal = sealOne(batchOf());

        vm.startPrank(governance);
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientBalance.selector,
                address(clerk),
                toClerk,
                uint256(toClerk) + 1
            )
        );
        clerk.recoverSurplus(address(token), governance, uint256(toClerk) + 1);
        clerk.recoverSurplus(address(token), governance, toClerk);
        vm.stopPrank();

        for (uint256 i = 0; i < VOLUME; ++i) {
            certifier.settle(deal, none(), refund(deal));
        }
        setFree(requester, 0);
        setFree(poolOwner, 0);
        assertEq(token.balanceOf(requester), FUNDS, "all of the requester's");
        assertEq(token.balanceOf(poolOwner), FUNDS, "all of the pool's");
        assertEq(token.balanceOf(clerk.TILL()), toTill, "what was sent to the Till stays there");
    }

    /// @dev The Clerk spends the Till's tokens only in `withdraw`: nobody else may, not by the Clerk's approval either.
    function testFuzz_nobodyElseSpendsTheTill(address thief, uint64 amount) external {
        vm.assume(thief != address(clerk) && thief != address(0));
        amount = uint64(bound(amount, 1, 2 * FUNDS));
        address till = clerk.TILL();
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, thief, 0, amount));
        vm.prank(thief);
        token.transferFrom(till, thief, amount);
    }

    /// @dev One pays into the Till's or the Clerk's own account: 1,000 that nobody can take out, and nobody else's.
    function test_accountsOfTheContractsThemselves() external {
        Entry[] memory credits = two(clerk.TILL(), 400, address(clerk), 600);
        vm.prank(requester);
        clerk.pay(credits);
        assertEq(free(requester), FUNDS - 1_000, "the payer's own loss");
        setFree(poolOwner, 0);
        assertEq(token.balanceOf(poolOwner), FUNDS, "and nobody else's");
    }
}
