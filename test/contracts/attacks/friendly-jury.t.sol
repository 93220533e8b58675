// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Batch, IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {PoolTerms} from "../../../contracts/interfaces/IPanel.sol";
import {IReceipt} from "../../../contracts/interfaces/IReceipt.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {GoodsDeal, Stage} from "../../../contracts/types/Goods.sol";
import {AssetId, AssetKind, Restriction} from "../../../contracts/types/Ids.sol";
import {RequestOrder} from "../../../contracts/types/Orders.sol";
import {Leg, Refusal} from "../../../contracts/types/Refusals.sol";
import {JuryReceiptTest} from "../Receipt/support/JuryReceiptTest.sol";
import {vm} from "../support/Vm.sol";

/// A shop that is wrong summons the jury, pays for it, and would choose the jurors.
contract FriendlyJuryAttack is JuryReceiptTest {
    AssetId private _friendly;
    GoodsDeal private _deal;

    function setUp() public override {
        super.setUp();
        _friendly = register(poolOwner, AssetKind.Pool, "friendly pool");
        vm.prank(poolOwner);
        jury.openPool(_friendly, PoolTerms({seatStake: SEAT_STAKE, schedulerShare: 0, closed: false}));
        _deal = contested();
        summon(_deal, shop);
    }

    function _refused(Batch memory batch, Leg leg, Refusal refusal) private {
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkMatchRefused.selector, 0, leg, refusal));
        clerk.seal(batch, true);
    }

    function test_anotherPool() external {
        _refused(juryBatch(summoned(_deal, shop), _friendly, SHOP_KEY), Leg.Pool, Refusal.Restricted);
    }

    /// @dev Whatever is changed, the Receipt has not signed it.
    function test_anotherRequest() external {
        RequestOrder memory request = summoned(_deal, shop);
        request.onlyPool = Restriction.wrap(bytes32(AssetId.unwrap(_friendly)));
        _refused(juryBatch(request, _friendly, SHOP_KEY), Leg.Request, Refusal.BadSignature);
        request = summoned(_deal, shop);
        request.trust = 2;
        _refused(juryBatch(request, pool, SHOP_KEY), Leg.Request, Refusal.BadSignature);
        request = summoned(_deal, shop);
        request.minSeats = 0;
        _refused(juryBatch(request, pool, SHOP_KEY), Leg.Request, Refusal.BadSignature);
        request = summoned(_deal, shop);
        request.params = "rule for the shop";
        _refused(juryBatch(request, pool, SHOP_KEY), Leg.Request, Refusal.BadSignature);
    }

    /// @dev A request of the shop's own, with the deal's salt, the app and the callback, decided by whomever it likes: its
    /// unit is its requester's, and so no deal's.
    function test_aRequestOfItsOwn() external {
        RequestOrder memory request = summoned(_deal, shop);
        (request.requester, request.sponsor) = (shop, address(0));
        Batch memory batch = juryBatch(request, pool, SHOP_KEY);
        batch.requests[0].signature = signFor(SHOP_KEY, clerk.hashRequestOrder(request));
        decide(sealJury(batch), FOR_SELLER);
        vm.expectRevert(
            abi.encodeWithSelector(IReceipt.ReceiptTooEarly.selector, _deal.goodsDealId(), block.timestamp + RULING)
        );
        receipt.enforce(_deal);
    }

    /// @dev The ruling about one deal is none about another of the same two.
    function test_theRulingOfAnotherDeal() external {
        GoodsDeal memory other = contested();
        Deal memory asked = sealJury(juryBatch(summoned(_deal, shop), pool, SHOP_KEY));
        decide(asked, FOR_SELLER);
        vm.expectRevert(
            abi.encodeWithSelector(IReceipt.ReceiptTooEarly.selector, other.goodsDealId(), block.timestamp + RULING)
        );
        receipt.enforce(other);
        receipt.enforce(_deal);
        isTrue(receipt.goodsState(_deal.goodsDealId()).stage == Stage.WonBySeller, "but about that one");
    }
}
