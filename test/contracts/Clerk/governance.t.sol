// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Batch, IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {Leg, Refusal} from "../../../contracts/types/Refusals.sol";
import {MarketTest} from "../support/MarketTest.sol";
import {vm} from "../support/Vm.sol";

/// registerCertifier
///   given anyone but governance     it should revert
///   given a certifier retired       it should refuse new deals, and go on to settle its own
/// transferOwnership                 it should take the successor's consent
/// renounceOwnership                 it should freeze the certifiers and nothing else
contract GovernanceTest is MarketTest {
    function testFuzz_refusesOthers(address other) external {
        vm.assume(other != governance);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, other));
        vm.prank(other);
        clerk.registerCertifier(address(certifier), false);
    }

    function test_aRetiredCertifierSettlesItsDeals() external {
        Batch memory batch = batchOf();
        Deal memory deal = sealOne(batch);
        vm.expectEmit(address(clerk));
        emit IClerk.CertifierRegistered(address(certifier), false);
        vm.prank(governance);
        clerk.registerCertifier(address(certifier), false);

        for (uint256 i = 0; i < VOLUME; ++i) {
            certifier.settle(deal, none(), refund(deal));
        }
        assertEq(locked(requester) + locked(poolOwner), 0, "all is settled");
        batch = batchOf();
        batch.requests[0].order.conditions.salt = "again";
        batch.requests[0] = signed(batch.requests[0].order);
        batch.apps[0].order.conditions.salt = "again";
        batch.apps[0] = signed(batch.apps[0].order);
        batch.pools[0].order.conditions.salt = "again";
        batch.pools[0] = signed(batch.pools[0].order);
        refused(batch, Leg.Request, Refusal.CertifierNotRegistered);
    }

    function test_aSuccessorHasToAccept() external {
        vm.prank(governance);
        Ownable2Step(address(clerk)).transferOwnership(stranger);
        assertEq(Ownable2Step(address(clerk)).owner(), governance, "not yet");
        vm.prank(stranger);
        Ownable2Step(address(clerk)).acceptOwnership();
        assertEq(Ownable2Step(address(clerk)).owner(), stranger, "accepted");
    }

    function test_renouncingFreezesOnlyTheCertifiers() external {
        vm.prank(governance);
        Ownable2Step(address(clerk)).renounceOwnership();
        Deal memory deal = sealOne(batchOf());
        certifier.settle(deal, none(), refund(deal));
        setFree(requester, 0);
        assertEq(token.balanceOf(requester), FUNDS - (VOLUME - 1) * (APP_PRICE + POOL_PRICE), "money goes out");
    }
}
