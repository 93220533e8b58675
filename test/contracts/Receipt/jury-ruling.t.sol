// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Refusal, Leg} from "../../../contracts/types/Refusals.sol";
import {Batch, IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {IReceipt} from "../../../contracts/interfaces/IReceipt.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {GoodsDeal, Stage} from "../../../contracts/types/Goods.sol";
import {vm} from "../support/Vm.sol";
import {JuryReceiptTest} from "./support/JuryReceiptTest.sol";

/// From the sealed deal to money in accounts, by jurors who are really drawn.
///   given a dispute that a jury decides for either side   it should pay that side, whoever summoned and paid the jury
///   given that jurors were asked once                     it should not be possible to ask again
///   given jurors who never answer                         it should end by the order's default
contract JuryRulingTest is JuryReceiptTest {
    function _asked(GoodsDeal memory deal) private returns (Deal memory) {
        summon(deal, customer);
        return sealJury(juryBatch(summoned(deal, customer), pool, CUSTOMER_KEY));
    }

    function test_forTheBuyer() external {
        GoodsDeal memory deal = contested();
        Deal memory asked = _asked(deal);
        equal(freeOf(customer), 1_000 * HANSE - PRICE - DISPUTE_BOND - POOL_PRICE, "the customer paid the jury");
        decide(asked, FOR_BUYER);
        receipt.enforce(deal);
        Stage stage = _stageOf(deal);
        equal(uint8(stage), uint8(Stage.WonByBuyer), "as the jury ruled");
        equal(freeOf(customer), 1_000 * HANSE + SHOP_BOND + DISPUTE_BOND - POOL_PRICE, "all is the customer's");
        equal(freeOf(shop), 1_000 * HANSE - SHOP_BOND - DISPUTE_BOND, "the shop lost both its bonds");
        equal(freeOf(REFERRER), 0, "no commission of what goes back");
        (uint32 open, uint40 lastLostAt) = receipt.dealsOf(shop);
        equal(open, 0, "nothing is open");
        equal(lastLostAt, block.timestamp, "and it is told when it was lost");
    }

    function test_forTheSeller() external {
        GoodsDeal memory deal = contested();
        summon(deal, shop);
        decide(sealJury(juryBatch(summoned(deal, shop), pool, SHOP_KEY)), FOR_SELLER);
        receipt.enforce(deal);
        Stage stage = _stageOf(deal);
        equal(uint8(stage), uint8(Stage.WonBySeller), "as the jury ruled");
        equal(freeOf(shop), 1_000 * HANSE + PRICE - COMMISSION + DISPUTE_BOND - POOL_PRICE, "all is the shop's");
        equal(freeOf(customer), 1_000 * HANSE - PRICE - DISPUTE_BOND, "the customer lost its bond");
        equal(freeOf(REFERRER), COMMISSION, "commission of what is paid");
    }

    function test_whatTheJuryCannotSayIsNoRuling() external {
        GoodsDeal memory deal = contested();
        decide(_asked(deal), "perhaps");
        vm.expectRevert(
            abi.encodeWithSelector(IReceipt.ReceiptTooEarly.selector, deal.goodsDealId(), block.timestamp + RULING)
        );
        receipt.enforce(deal);
    }

    function test_jurorsAreAskedOnce() external {
        GoodsDeal memory deal = contested();
        _asked(deal);
        // The shop would rather ask again.
        summon(deal, shop);
        Batch memory again = juryBatch(summoned(deal, shop), pool, SHOP_KEY);
        vm.expectRevert(
            abi.encodeWithSelector(IClerk.ClerkMatchRefused.selector, 0, Leg.Request, Refusal.CancelledOrFilled)
        );
        clerk.seal(again, true);
    }

    function test_byDefaultWhereNoJurorAnswers() external {
        GoodsDeal memory deal = contested();
        Deal memory asked = _asked(deal);
        rollTo(asked.sealedAtBlock + DEADLINE_BLOCKS + 1);
        jury.claim(asked, 0, none());
        vm.warp(block.timestamp + RULING + 1);
        receipt.enforce(deal);
        Stage stage = _stageOf(deal);
        equal(uint8(stage), uint8(Stage.WonByBuyer), "the order's default");
        isTrue(freeOf(customer) >= 1_000 * HANSE + SHOP_BOND + DISPUTE_BOND, "and the jury's price came back");
    }

    function _stageOf(GoodsDeal memory deal) private view returns (Stage) {
        return receipt.goodsState(deal.goodsDealId()).stage;
    }
}
