// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {GoodsDeal, Stage} from "../../../contracts/types/Goods.sol";
import {vm} from "../support/Vm.sol";
import {GoodsTest} from "./support/GoodsTest.sol";

/// release
///   given a deal that is not                 it should revert
///   given another stage than shipped         it should revert
///   given that the buyer may still complain  it should revert
///   otherwise, by anyone                     it should pay seller and referrer
///   given a time to complain that was extended   it should wait for that
contract ReleaseTest is GoodsTest {
    uint64 private constant PAID = (PRICE - COMMISSION + BOND) * PIECES;

    function test_refusesAnUnknownDeal() external {
        GoodsDeal memory deal = never(aShipped());
        warpTo(time + 100 days);
        expectUnknown(deal);
        receipt.release(deal);
    }

    function test_refusesAnotherStage() external {
        GoodsDeal memory deal = aDeal();
        warpTo(time + 1 days);
        expectStage(deal, Stage.Sealed);
        receipt.release(deal);
        disputeIt(shipIt(deal));
        warpTo(time + 100 days);
        expectStage(deal, Stage.Disputed);
        receipt.release(deal);
    }

    function testFuzz_refusesTooEarly(uint32 after_) external {
        GoodsDeal memory deal = aShipped();
        uint256 until = time + DELIVER + COMPLAIN;
        warpTo(bound(after_, time, until));
        expectTooEarly(deal, until);
        receipt.release(deal);
    }

    function testFuzz_pays(uint32 late, address caller) external {
        GoodsDeal memory deal = aShipped();
        warpTo(time + DELIVER + COMPLAIN + 1 + late);
        expectEnd(deal, Stage.Paid, 0, PAID, COMMISSION * PIECES);
        vm.prank(caller);
        receipt.release(deal);
        ended(deal, Stage.Paid, 0, PAID, COMMISSION * PIECES);
    }
}
