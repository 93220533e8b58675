// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {POWER_PARCEL} from "../../../contracts/interfaces/IKeyring.sol";
import {GoodsState, IReceipt} from "../../../contracts/interfaces/IReceipt.sol";
import {Complaint, GoodsDeal, SaleOrder, Stage} from "../../../contracts/types/Goods.sol";
import {vm} from "../support/Vm.sol";
import {GoodsTest} from "./support/GoodsTest.sol";

/// dispute
///   given a deal that is not                              it should revert
///   given somebody who is not the buyer                   it should revert
///   given another stage than shipped                      it should revert
///   given "not arrived" before it should have             it should revert
///   given that the time to complain is over               it should revert
///   given a buyer without the bond, or that does not allow it   it should revert as the Clerk does
///   otherwise                                             it should be disputed, and the bond be held
/// disputeBond                                             it should be the share of the price, or the least
contract DisputeTest is GoodsTest {
    function test_refusesAnUnknownDeal() external {
        GoodsDeal memory deal = never(aShipped());
        expectUnknown(deal);
        vm.prank(buyer);
        receipt.dispute(deal, Complaint.NotAsAgreed, 0);
    }

    function testFuzz_refusesWhoIsNotTheBuyer(address caller) external {
        vm.assume(caller != buyer);
        GoodsDeal memory deal = aShipped();
        expectNotAllowed(buyer, caller);
        vm.prank(caller);
        receipt.dispute(deal, Complaint.NotAsAgreed, 0);
    }

    function test_refusesAnotherStage() external {
        GoodsDeal memory deal = aDeal();
        expectStage(deal, Stage.Sealed);
        vm.prank(buyer);
        receipt.dispute(deal, Complaint.NotAsAgreed, 0);
        disputeIt(shipIt(deal));
        expectStage(deal, Stage.Disputed);
        vm.prank(buyer);
        receipt.dispute(deal, Complaint.NotAsAgreed, 0);
    }

    function testFuzz_refusesThatItHasNotArrivedBeforeItShould(uint32 after_) external {
        GoodsDeal memory deal = aShipped();
        uint256 due = time + DELIVER;
        warpTo(bound(after_, time, due));
        expectTooEarly(deal, due);
        vm.prank(buyer);
        receipt.dispute(deal, Complaint.NotArrived, 0);
    }

    function testFuzz_refusesTooLate(uint32 late, bool arrived) external {
        GoodsDeal memory deal = aShipped();
        uint256 until = time + DELIVER + COMPLAIN;
        warpTo(until + 1 + late);
        expectTooLate(deal, until);
        vm.prank(buyer);
        receipt.dispute(deal, arrived ? Complaint.NotAsAgreed : Complaint.NotArrived, 0);
    }

    function test_refusesWithoutTheMoney() external {
        GoodsDeal memory deal = aShipped();
        setFree(buyer, DISPUTE_BOND - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IClerk.ClerkBalanceTooLow.selector, buyer, DISPUTE_BOND - 1, DISPUTE_BOND)
        );
        vm.prank(buyer);
        receipt.dispute(deal, Complaint.NotAsAgreed, 0);
    }

    function test_refusesBeyondTheAllowance() external {
        GoodsDeal memory deal = aShipped();
        uint64 wanted = PRICE * PIECES + DISPUTE_BOND;
        allow(buyer, wanted - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IClerk.ClerkAllowanceTooLow.selector, buyer, address(receipt), wanted - 1, wanted)
        );
        vm.prank(buyer);
        receipt.dispute(deal, Complaint.NotAsAgreed, 0);
    }

    function testFuzz_disputes(uint32 after_, bytes32 evidence, bool arrived, bool byOperator) external {
        GoodsDeal memory deal = aShipped();
        Complaint complaint = arrived ? Complaint.NotAsAgreed : Complaint.NotArrived;
        warpTo(time + bound(after_, arrived ? 0 : DELIVER + 1, DELIVER + COMPLAIN));
        grant(buyer, POWER_PARCEL, 0);
        vm.expectEmit(address(receipt));
        emit IReceipt.Disputed(deal.goodsDealId(), complaint, evidence, DISPUTE_BOND);
        vm.prank(byOperator ? operator : buyer);
        receipt.dispute(deal, complaint, evidence);
        GoodsState memory state = receipt.goodsState(deal.goodsDealId());
        assertEq(uint8(state.stage), uint8(Stage.Disputed), "disputed");
        assertEq(uint8(state.complaint), uint8(complaint), "for that");
        assertEq(state.since, time, "now");
        assertEq(state.commitment, bytes24(keccak256(abi.encode(deal))), "the same deal");
        assertEq(bonded(buyer), PRICE * PIECES + DISPUTE_BOND, "the bond is held");
        assertEq(bonded(seller), BOND * PIECES, "and no more of the seller's");
        assertEq(receipt.complaintEnd(deal), 0, "the time to complain is of no interest");
    }

    function testFuzz_theBond(uint64 price, uint32 pieces) external {
        SaleOrder memory sale = saleOrder();
        sale.conditions.volume = uint32(bound(pieces, 1, PIECES));
        sale.price = uint64(bound(price, COMMISSION, FUNDS / sale.conditions.volume));
        GoodsDeal memory deal = aDealOf(sale);
        uint256 share = (uint256(sale.price) * deal.quantity * 5) / 100;
        assertEq(receipt.disputeBond(deal), share > 10 ? share : 10, "5 %, and at least 10");
    }
}
