// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {POWER_PARCEL} from "../../../contracts/interfaces/IKeyring.sol";
import {GoodsDeal, Stage} from "../../../contracts/types/Goods.sol";
import {vm} from "../support/Vm.sol";
import {GoodsTest} from "./support/GoodsTest.sol";

/// refund
///   given a deal that is not                               it should revert
///   given that the seller contests, or that it is over     it should revert
///   given somebody else, while the seller may ship         it should revert
///   given somebody else, once it is shipped                it should revert
///   given the seller, before it is shipped, after, or in answer to a complaint   it should give all back
///   given the seller, who is late                          it should keep its bond
///   given somebody else, when the seller is late           it should give the buyer the bond too
contract RefundTest is GoodsTest {
    uint64 private constant ALL = PRICE * PIECES;
    uint64 private constant BONDS = BOND * PIECES;

    function _refunded(GoodsDeal memory deal, address caller, uint64 toBuyer, uint64 toSeller) private {
        expectEnd(deal, Stage.Refunded, toBuyer, toSeller, 0);
        vm.prank(caller);
        receipt.refund(deal);
        ended(deal, Stage.Refunded, toBuyer, toSeller, 0);
    }

    function test_refusesAnUnknownDeal() external {
        GoodsDeal memory deal = never(aDeal());
        expectUnknown(deal);
        vm.prank(seller);
        receipt.refund(deal);
    }

    function test_refusesOnceTheSellerContests() external {
        GoodsDeal memory deal = aContested();
        expectStage(deal, Stage.Contested);
        vm.prank(seller);
        receipt.refund(deal);
    }

    function test_refusesWhatIsOver() external {
        GoodsDeal memory deal = aDeal();
        _refunded(deal, seller, ALL, BONDS);
        expectStage(deal, Stage.Refunded);
        vm.prank(seller);
        receipt.refund(deal);
    }

    function testFuzz_refusesOthersWhileTheSellerMayShip(address caller, uint32 after_) external {
        vm.assume(caller != seller);
        GoodsDeal memory deal = aDeal();
        warpTo(time + bound(after_, 0, SHIP));
        expectTooEarly(deal, uint256(deal.sealedAt) + SHIP);
        vm.prank(caller);
        receipt.refund(deal);
    }

    function testFuzz_refusesOthersOnceItIsShipped(address caller, bool disputed) external {
        vm.assume(caller != seller);
        GoodsDeal memory deal = disputed ? aDisputed() : aShipped();
        warpTo(time + 100 days);
        expectNotAllowed(seller, caller);
        vm.prank(caller);
        receipt.refund(deal);
    }

    function test_beforeItIsShipped() external {
        _refunded(aDeal(), seller, ALL, BONDS);
    }

    function test_byAnOperatorOfTheSeller() external {
        grant(seller, POWER_PARCEL, 0);
        _refunded(aShipped(), operator, ALL, BONDS);
    }

    function test_inAnswerToAComplaint() external {
        _refunded(aDisputed(), seller, ALL + DISPUTE_BOND, BONDS);
    }

    function test_lateBySeller() external {
        GoodsDeal memory deal = aDeal();
        warpTo(time + SHIP + 1);
        _refunded(deal, seller, ALL, BONDS);
    }

    function testFuzz_lateByAnybody(address caller, uint32 late) external {
        vm.assume(caller != seller);
        GoodsDeal memory deal = aDeal();
        warpTo(time + SHIP + 1 + late);
        _refunded(deal, caller, ALL + BONDS, 0);
    }
}
