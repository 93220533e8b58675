// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {DisputeRules, IReceipt} from "../../../contracts/interfaces/IReceipt.sol";
import {Arbiter, GoodsDeal, Outcome, SaleOrder, Stage} from "../../../contracts/types/Goods.sol";
import {DealId, Restriction, UnitId, toRequestId, toUnitId} from "../../../contracts/types/Ids.sol";
import {RequestOrder} from "../../../contracts/types/Orders.sol";
import {vm} from "../support/Vm.sol";
import {GoodsTest} from "./support/GoodsTest.sol";

/// summon
///   given a deal that is not                        it should revert
///   given another stage than contested              it should revert
///   given an arbiter that is no pool, or none       it should revert
///   given that the time to rule is over             it should revert
///   otherwise, by anyone                            it should sign a request whose every term follows from rules and deal
/// receiveResult
///   given somebody else than the jury               it should revert
///   given anything but 1 or 2 in one word           it should be ignored
///   given a ruling about another unit               it should be no ruling about the deal
///   otherwise                                       it should be told, for `enforce`
contract SummonTest is GoodsTest {
    function _contestedByPool() private returns (GoodsDeal memory) {
        SaleOrder memory sale = saleOrder();
        sale.arbiter = byPool(pool);
        return contestIt(disputeIt(shipIt(aDealOf(sale))));
    }

    function test_refusesAnUnknownDeal() external {
        GoodsDeal memory deal = never(_contestedByPool());
        expectUnknown(deal);
        receipt.summon(deal, 1, 2);
    }

    function test_refusesAnotherStage() external {
        SaleOrder memory sale = saleOrder();
        sale.arbiter = byPool(pool);
        GoodsDeal memory deal = disputeIt(shipIt(aDealOf(sale)));
        expectStage(deal, Stage.Disputed);
        receipt.summon(deal, 1, 2);
    }

    function testFuzz_refusesWhereNoPoolDecides(bool none) external {
        SaleOrder memory sale = saleOrder();
        if (none) sale.arbiter = Arbiter.wrap(0);
        GoodsDeal memory deal = contestIt(disputeIt(shipIt(aDealOf(sale))));
        vm.expectRevert(abi.encodeWithSelector(IReceipt.ReceiptNoJury.selector, deal.goodsDealId()));
        receipt.summon(deal, 1, 2);
    }

    function testFuzz_refusesTooLate(uint32 late) external {
        GoodsDeal memory deal = _contestedByPool();
        uint256 until = time + RULING;
        warpTo(until + 1 + late);
        expectTooLate(deal, until);
        receipt.summon(deal, 1, 2);
    }

    /// @dev As the rules and the deal have it.
    function _request(
        GoodsDeal memory deal,
        address sponsor_,
        uint64 maxPoolPrice,
        uint64 validUntil
    ) private view returns (RequestOrder memory o) {
        DisputeRules memory rules = receipt.rules();
        o.requester = address(receipt);
        (o.app, o.maxPoolPrice) = (rules.juryApp, maxPoolPrice);
        (o.category, o.trust) = (rules.juryCategory, rules.juryTrust);
        o.onlyPool = Restriction.wrap(Arbiter.unwrap(deal.arbiter));
        (o.minSeats, o.minSeatStake) = (rules.juryMinSeats, rules.juryMinSeatStake);
        (o.beneficiary, o.callback) = (address(receipt), address(receipt));
        o.sponsor = sponsor_;
        o.params = abi.encode(deal.goodsDealId());
        o.conditions.certifier = juryOf;
        o.conditions.validUntil = validUntil;
        (o.conditions.volume, o.conditions.minFill) = (1, 1);
        o.conditions.salt = DealId.unwrap(deal.goodsDealId());
    }

    function testFuzz_signsTheRequest(address caller, uint64 maxPoolPrice, uint64 validUntil, uint32 after_) external {
        GoodsDeal memory deal = _contestedByPool();
        warpTo(time + bound(after_, 0, RULING));
        bytes32 hash = clerk.hashRequestOrder(_request(deal, caller, maxPoolPrice, validUntil));
        bytes32 digest = clerk.digestOf(hash);
        assertTrue(!keyring.isPresigned(address(receipt), digest), "not before");
        DealId id = deal.goodsDealId();
        UnitId unit = toUnitId(toRequestId(address(receipt), DealId.unwrap(id)), 0);
        vm.expectEmit(address(receipt));
        emit IReceipt.JurySummoned(id, unit, caller, hash);
        vm.prank(caller);
        receipt.summon(deal, maxPoolPrice, validUntil);
        assertTrue(keyring.isPresigned(address(receipt), digest), "signed");
        assertEq(UnitId.unwrap(receipt.juryUnit(id)), UnitId.unwrap(unit), "the unit");
        assertEq(uint8(stageOf(deal)), uint8(Stage.Contested), "nothing else changes");
    }

    // ── The ruling ───────────────────────────────────────────────────────────────────────────────────────────────────

    function testFuzz_onlyTheJuryTellsRulings(address caller, bytes32 unit) external {
        vm.assume(caller != juryOf);
        vm.expectRevert(abi.encodeWithSelector(IReceipt.ReceiptNotTheJury.selector, caller));
        vm.prank(caller);
        receipt.receiveResult(unit, abi.encode(1));
    }

    function _ignored(GoodsDeal memory deal, bytes32 unit, bytes memory result) private {
        uint256 ruledUntil = time + RULING;
        vm.prank(juryOf);
        receipt.receiveResult(unit, result);
        expectTooEarly(deal, ruledUntil);
        receipt.enforce(deal);
    }

    function testFuzz_ignoresOtherAnswers(uint256 answer, bytes calldata result) external {
        vm.assume(answer != 1 && answer != 2);
        vm.assume(result.length != 32);
        GoodsDeal memory deal = _contestedByPool();
        bytes32 unit = UnitId.unwrap(receipt.juryUnit(deal.goodsDealId()));
        vm.recordLogs();
        _ignored(deal, unit, abi.encode(answer));
        _ignored(deal, unit, result);
        _ignored(deal, unit, abi.encode(1, 2));
        _ignored(deal, unit, hex"01");
        assertEq(vm.getRecordedLogs().length, 0, "nothing is told");
    }

    function testFuzz_ignoresOtherUnits(bytes32 other) external {
        GoodsDeal memory deal = _contestedByPool();
        vm.assume(other != UnitId.unwrap(receipt.juryUnit(deal.goodsDealId())));
        _ignored(deal, other, abi.encode(1));
        _ignored(deal, DealId.unwrap(deal.goodsDealId()), abi.encode(2));
    }

    function testFuzz_tellsTheRuling(bytes32 unit, bool forSeller) external {
        vm.expectEmit(address(receipt));
        emit IReceipt.JuryRuled(UnitId.wrap(unit), forSeller ? Outcome.Seller : Outcome.Buyer);
        vm.prank(juryOf);
        receipt.receiveResult(unit, abi.encode(forSeller ? 1 : 2));
    }
}
