// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {POWER_PARCEL} from "../../../contracts/interfaces/IKeyring.sol";
import {GoodsState, IReceipt} from "../../../contracts/interfaces/IReceipt.sol";
import {Complaint, GoodsDeal, Stage} from "../../../contracts/types/Goods.sol";
import {vm} from "../support/Vm.sol";
import {GoodsTest} from "./support/GoodsTest.sol";

/// contest
///   given a deal that is not                it should revert
///   given somebody who is not the seller    it should revert
///   given another stage than disputed       it should revert
///   given that the time to answer is over   it should revert
///   given a seller without the bond         it should revert as the Clerk does
///   otherwise                               it should be contested, and as much be held of the seller
contract ContestTest is GoodsTest {
    function test_refusesAnUnknownDeal() external {
        GoodsDeal memory deal = never(aDisputed());
        expectUnknown(deal);
        vm.prank(seller);
        receipt.contest(deal, 0);
    }

    function testFuzz_refusesWhoIsNotTheSeller(address caller) external {
        vm.assume(caller != seller);
        GoodsDeal memory deal = aDisputed();
        expectNotAllowed(seller, caller);
        vm.prank(caller);
        receipt.contest(deal, 0);
    }

    function test_refusesAnotherStage() external {
        GoodsDeal memory deal = aShipped();
        expectStage(deal, Stage.Shipped);
        vm.prank(seller);
        receipt.contest(deal, 0);
        contestIt(disputeIt(deal));
        expectStage(deal, Stage.Contested);
        vm.prank(seller);
        receipt.contest(deal, 0);
    }

    function testFuzz_refusesTooLate(uint32 late) external {
        GoodsDeal memory deal = aDisputed();
        uint256 until = time + ANSWER;
        warpTo(until + 1 + late);
        expectTooLate(deal, until);
        vm.prank(seller);
        receipt.contest(deal, 0);
    }

    function test_refusesWithoutTheMoney() external {
        GoodsDeal memory deal = aDisputed();
        setFree(seller, DISPUTE_BOND - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IClerk.ClerkBalanceTooLow.selector, seller, DISPUTE_BOND - 1, DISPUTE_BOND)
        );
        vm.prank(seller);
        receipt.contest(deal, 0);
    }

    function testFuzz_contests(uint32 after_, bytes32 evidence, bool byOperator) external {
        GoodsDeal memory deal = aDisputed();
        warpTo(time + bound(after_, 0, ANSWER));
        grant(seller, POWER_PARCEL, 0);
        vm.expectEmit(address(receipt));
        emit IReceipt.Contested(deal.goodsDealId(), evidence, DISPUTE_BOND);
        vm.prank(byOperator ? operator : seller);
        receipt.contest(deal, evidence);
        GoodsState memory state = receipt.goodsState(deal.goodsDealId());
        assertEq(uint8(state.stage), uint8(Stage.Contested), "contested");
        assertEq(uint8(state.complaint), uint8(Complaint.NotAsAgreed), "the complaint stays");
        assertEq(state.since, time, "now");
        assertEq(bonded(seller), BOND * PIECES + DISPUTE_BOND, "the bond is held");
    }
}
