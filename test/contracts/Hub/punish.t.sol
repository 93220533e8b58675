// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {HubParameters, IHub, Standing} from "../../../contracts/interfaces/IHub.sol";
import {IReceipt} from "../../../contracts/interfaces/IReceipt.sol";
import {GoodsDeal, Stage} from "../../../contracts/types/Goods.sol";
import {vm} from "../support/Vm.sol";
import {ShopTest} from "./support/ShopTest.sol";

/// punish
///   given a Receipt that the Hub does not know, or not any more    it should revert
///   given a deal that was never sealed                             it should revert
///   given a deal at any other stage than lost by the seller        it should revert
///   given a deal of another seller                                 it should revert
///   given a deal for which the shop has paid                       it should revert
///   given a deal that ended longer ago than a stake stays          it should revert
///   given a code that nobody has, or a shop that left              it should revert
///   given an owner of several shops                                it should cost each of them, once
///   given a shop that leaves                                       it should cost it too, and suspend nothing
///   otherwise                                                      it should cost the share, whoever tells
contract PunishTest is ShopTest {
    function _lose() private returns (GoodsDeal memory deal) {
        deal = sell();
        bring(deal, Stage.WonByBuyer);
    }

    function _notLost() private pure returns (bytes memory) {
        return abi.encodeWithSelector(IHub.HubNotLost.selector, CODE);
    }

    function test_refusesAReceiptThatTheHubDoesNotKnow() external {
        GoodsDeal memory deal = _lose();
        IReceipt unknown = newReceipt();
        vm.expectRevert(abi.encodeWithSelector(IHub.HubReceiptUnknown.selector, unknown));
        hub.punish(CODE, unknown, deal);
        vm.prank(governance);
        hub.setReceipt(receipt, false);
        vm.expectRevert(abi.encodeWithSelector(IHub.HubReceiptUnknown.selector, receipt));
        hub.punish(CODE, receipt, deal);
    }

    function test_refusesADealThatWasNeverSealed() external {
        GoodsDeal memory deal = _lose();
        deal.price += 1;
        vm.expectRevert(abi.encodeWithSelector(IReceipt.ReceiptDealUnknown.selector, deal.goodsDealId()));
        hub.punish(CODE, receipt, deal);
    }

    function testFuzz_refusesEveryOtherStage(uint8 seed) external {
        Stage stage = Stage(bound(seed, uint8(Stage.Sealed), uint8(Stage.WonBySeller)));
        GoodsDeal memory deal = sell();
        bring(deal, stage);
        assertEq(uint8(receipt.goodsState(deal.goodsDealId()).stage), uint8(stage), "the stage");
        vm.expectRevert(_notLost());
        hub.punish(CODE, receipt, deal);
    }

    function test_refusesADealOfAnother() external {
        join(other, OTHER_CODE);
        GoodsDeal memory deal = sell(receipt, OTHER_KEY, SALE_PRICE, 1);
        bring(deal, Stage.WonByBuyer);
        vm.expectRevert(_notLost());
        hub.punish(CODE, receipt, deal);
        hub.punish(OTHER_CODE, receipt, deal);
        assertEq(hub.shop(CODE).stake, LEAST, "the other shop's stake");
    }

    function test_refusesTwice() external {
        GoodsDeal memory deal = _lose();
        hub.punish(CODE, receipt, deal);
        vm.expectRevert(_notLost());
        hub.punish(CODE, receipt, deal);
    }

    function testFuzz_refusesWhatWasLostLongAgo(uint32 window) external {
        GoodsDeal memory deal = _lose();
        HubParameters memory parameters_ = hubParameters();
        parameters_.unbondingTime = window;
        setParameters(parameters_);
        uint256 until = uint256(receipt.goodsState(deal.goodsDealId()).since) + window;
        vm.warp(until + 1);
        vm.expectRevert(abi.encodeWithSelector(IHub.HubTooLate.selector, CODE, until));
        hub.punish(CODE, receipt, deal);
        // Nor does a shop that joined since.
        join(owner, OTHER_CODE);
        vm.expectRevert(abi.encodeWithSelector(IHub.HubTooLate.selector, OTHER_CODE, until));
        hub.punish(OTHER_CODE, receipt, deal);
        vm.warp(until);
        hub.punish(CODE, receipt, deal);
    }

    function test_refusesWhereNothingIsStaked() external {
        GoodsDeal memory deal = _lose();
        vm.expectRevert(wrongStanding(OTHER_CODE, Standing.None));
        hub.punish(OTHER_CODE, receipt, deal);
        bringTo(Standing.Left);
        vm.expectRevert(wrongStanding(CODE, Standing.Left));
        hub.punish(CODE, receipt, deal);
    }

    function test_costsEachShopOfTheOwner() external {
        join(owner, OTHER_CODE);
        GoodsDeal memory deal = _lose();
        hub.punish(OTHER_CODE, receipt, deal);
        assertEq(hub.shop(CODE).stake, LEAST, "one after the other");
        hub.punish(CODE, receipt, deal);
        assertEq(hub.shop(CODE).stake + hub.shop(OTHER_CODE).stake, 2 * (LEAST - LEAST / 10), "both");
        vm.expectRevert(abi.encodeWithSelector(IHub.HubNotLost.selector, OTHER_CODE));
        hub.punish(OTHER_CODE, receipt, deal);
    }

    function test_costsAShopThatLeaves() external {
        GoodsDeal memory deal = _lose();
        leave(owner, CODE);
        hub.punish(CODE, receipt, deal);
        assertEq(hub.shop(CODE).stake, LEAST - LEAST / 10, "it pays");
        assertStanding(CODE, Standing.Leaving, "and leaves");
        assertTrue(!hub.shop(CODE).understaked, "nothing is asked of it any more");
    }

    function testFuzz_punish(address teller, uint16 share, uint64 more, uint8 losses) external {
        share = uint16(bound(share, 0, 10_000));
        more = uint64(bound(more, 0, LEAST));
        HubParameters memory parameters_ = hubParameters();
        parameters_.lossShare = share;
        setParameters(parameters_);
        vm.prank(owner);
        hub.addStake(CODE, more);

        uint64 stake = LEAST + more;
        uint64 gained = free(treasury);
        for (uint256 i = 0; i < bound(losses, 1, 3); ++i) {
            GoodsDeal memory deal = _lose();
            uint64 lost = uint64((uint256(stake) * share) / 10_000);
            stake -= lost;
            gained += lost;
            vm.expectEmit(address(hub));
            emit IHub.ShopSlashed(CODE, lost, stake);
            if (stake < LEAST && !hub.shop(CODE).understaked) {
                vm.expectEmit(address(hub));
                emit IHub.ShopSuspended(CODE, true);
            }
            vm.prank(teller);
            hub.punish(CODE, receipt, deal);
        }
        assertEq(hub.shop(CODE).stake, stake, "what is left of the stake");
        assertEq(bonded(owner), stake, "is held");
        assertEq(free(treasury), gained, "the rest is the treasury's");
        assertStanding(CODE, stake < LEAST ? Standing.Suspended : Standing.Member, "suspended where it lacks");
    }
}

/// leave
///   given deals that are not over             it should begin the time only when they are over, by the rules of then
/// release
///   given deals that are not over             it should revert, in whatever Receipt that the Hub knows
///   given a dispute that may be punished      it should revert, whenever the deal was sealed, by whatever Receipt
///   given deals as a buyer, or over, or of another  it should release
///   given a Receipt that the Hub does not know any more  it should release
contract ReleaseWithDealsTest is ShopTest {
    function _leaveAndWait() private {
        leave(owner, CODE);
        vm.warp(block.timestamp + UNBONDING);
    }

    function testFuzz_refusesWhileALossMayBePunished(bool late, uint32 unbondingTime, uint64 later) external {
        GoodsDeal memory deal;
        if (!late) bring(deal = sell(), Stage.Disputed);
        _leaveAndWait();
        // Sealed when all time was over, it keeps the stake no less.
        if (late) bring(deal = sell(), Stage.Disputed);
        HubParameters memory parameters_ = hubParameters();
        parameters_.unbondingTime = unbondingTime;
        setParameters(parameters_);
        vm.warp(block.timestamp + ANSWER_TIME + 1);
        // All in one transaction, as by a shop that wants to get away.
        receipt.enforce(deal);
        uint256 from = block.timestamp + unbondingTime + 1;
        _refusesUntil(from);
        vm.warp(bound(later, block.timestamp, from - 1));
        _refusesUntil(from);
        hub.punish(CODE, receipt, deal);
        assertEq(hub.shop(CODE).stake, LEAST - LEAST / 10, "it has paid");
        vm.warp(from);
        hub.release(CODE);
        assertStanding(CODE, Standing.Left, "left");
        assertEq(bonded(owner), 0, "nothing is held");
    }

    function _refusesUntil(uint256 from) private {
        vm.expectRevert(abi.encodeWithSelector(IHub.HubTooEarly.selector, CODE, from));
        hub.release(CODE);
    }

    function test_theLastLossCounts() external {
        bring(sell(), Stage.WonByBuyer);
        bring(sell(), Stage.WonByBuyer);
        uint256 from = block.timestamp + UNBONDING + 1;
        bring(sell(), Stage.WonBySeller);
        _leaveAndWait();
        _refusesUntil(from);
    }

    function test_refusesByALossInAnyReceipt() external {
        bring(sell(), Stage.WonByBuyer);
        receipt = newReceipt();
        _allow(receipt);
        vm.prank(governance);
        hub.setReceipt(receipt, true);
        bring(sell(), Stage.WonByBuyer);
        uint256 from = block.timestamp + UNBONDING + 1;
        _leaveAndWait();
        _refusesUntil(from);
    }

    function testFuzz_dealsSealedSinceKeepItToo(uint8 seed) external {
        _leaveAndWait();
        GoodsDeal memory deal = sell();
        bring(deal, Stage(bound(seed, uint8(Stage.Sealed), uint8(Stage.Contested))));
        vm.expectRevert(_dealsOpen(receipt, 1));
        hub.release(CODE);
    }

    function _dealsOpen(IReceipt where, uint32 open) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IHub.HubDealsOpen.selector, CODE, where, open);
    }

    function testFuzz_refusesWhileDealsAreOpen(uint8 seed) external {
        Stage stage = Stage(bound(seed, uint8(Stage.Sealed), uint8(Stage.Contested)));
        GoodsDeal memory deal = sell();
        bring(deal, stage);
        sell();
        _leaveAndWait();
        vm.expectRevert(_dealsOpen(receipt, 2));
        hub.release(CODE);
    }

    function test_refusesByAnyReceipt() external {
        IReceipt second = newReceipt();
        _allow(second);
        vm.prank(governance);
        hub.setReceipt(second, true);
        sell(second, OWNER_KEY, SALE_PRICE, 1);
        _leaveAndWait();
        vm.expectRevert(_dealsOpen(second, 1));
        hub.release(CODE);
        vm.prank(governance);
        hub.setReceipt(second, false);
        hub.release(CODE);
        assertStanding(CODE, Standing.Left, "what governance took off keeps nothing");
    }

    function testFuzz_releasesOnceAllIsOver(uint8 seed) external {
        Stage stage = Stage(bound(seed, uint8(Stage.Paid), uint8(Stage.WonBySeller)));
        // What others sell, and lose, is nothing to it.
        sell(receipt, OTHER_KEY, SALE_PRICE, 1);
        bring(sell(receipt, OTHER_KEY, SALE_PRICE, 1), Stage.WonByBuyer);
        _leaveAndWait();
        bring(sell(), stage);
        hub.release(CODE);
        assertStanding(CODE, Standing.Left, "left");
        assertEq(bonded(owner), 0, "nothing is held");
    }
}
