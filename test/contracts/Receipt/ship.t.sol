// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {POWER_PARCEL} from "../../../contracts/interfaces/IKeyring.sol";
import {GoodsState, IReceipt} from "../../../contracts/interfaces/IReceipt.sol";
import {GoodsDeal, Stage} from "../../../contracts/types/Goods.sol";
import {vm} from "../support/Vm.sol";
import {GoodsTest} from "./support/GoodsTest.sol";

/// ship
///   given a deal that is not                      it should revert
///   given somebody who is not the seller          it should revert
///   given an operator without the power           it should revert
///   given another stage                           it should revert
///   given that the time to ship is over           it should revert
///   otherwise, up to the last second              it should be shipped, and hold what it held
contract ShipTest is GoodsTest {
    function test_refusesAnUnknownDeal() external {
        GoodsDeal memory deal = never(aDeal());
        expectUnknown(deal);
        vm.prank(seller);
        receipt.ship(deal, 0);
    }

    function testFuzz_refusesWhoIsNotTheSeller(address caller) external {
        vm.assume(caller != seller);
        GoodsDeal memory deal = aDeal();
        expectNotAllowed(seller, caller);
        vm.prank(caller);
        receipt.ship(deal, 0);
    }

    function test_refusesAnOperatorWithoutThePower() external {
        GoodsDeal memory deal = aDeal();
        grant(seller, type(uint16).max ^ POWER_PARCEL, type(uint64).max);
        expectNotAllowed(seller, operator);
        vm.prank(operator);
        receipt.ship(deal, 0);
    }

    function test_refusesAnotherStage() external {
        GoodsDeal memory deal = aShipped();
        for (uint8 stage = uint8(Stage.Shipped); stage <= uint8(Stage.Contested); ++stage) {
            if (stage == uint8(Stage.Disputed)) disputeIt(deal);
            if (stage == uint8(Stage.Contested)) contestIt(deal);
            expectStage(deal, Stage(stage));
            vm.prank(seller);
            receipt.ship(deal, 0);
        }
    }

    function testFuzz_refusesTooLate(uint32 late) external {
        GoodsDeal memory deal = aDeal();
        warpTo(time + SHIP + 1 + late);
        expectTooLate(deal, uint256(deal.sealedAt) + SHIP);
        vm.prank(seller);
        receipt.ship(deal, 0);
    }

    function testFuzz_ships(uint32 after_, bytes32 tracking, bool byOperator) external {
        GoodsDeal memory deal = aDeal();
        warpTo(time + bound(after_, 0, SHIP));
        grant(seller, POWER_PARCEL, 0);
        vm.expectEmit(address(receipt));
        emit IReceipt.Shipped(deal.goodsDealId(), tracking);
        vm.prank(byOperator ? operator : seller);
        receipt.ship(deal, tracking);
        GoodsState memory state = receipt.goodsState(deal.goodsDealId());
        assertEq(uint8(state.stage), uint8(Stage.Shipped), "shipped");
        assertEq(state.since, time, "now");
        assertEq(state.commitment, bytes24(keccak256(abi.encode(deal))), "the same deal");
        assertEq(receipt.complaintEnd(deal), time + DELIVER + COMPLAIN, "the time to complain follows");
        assertEq(bonded(buyer), PRICE * PIECES, "the price is held");
        assertEq(bonded(seller), BOND * PIECES, "and the bond");
    }
}
