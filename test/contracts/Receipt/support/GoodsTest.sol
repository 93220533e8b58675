// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Terms} from "../../../../contracts/interfaces/IClerk.sol";
import {IJury} from "../../../../contracts/interfaces/IJury.sol";
import {
    DisputeRules,
    GoodsBatch,
    GoodsMatch,
    GoodsPreview,
    GoodsState,
    IReceipt,
    SignedPurchaseOrder,
    SignedSaleOrder
} from "../../../../contracts/interfaces/IReceipt.sol";
import {
    Arbiter,
    Complaint,
    GoodsDeal,
    GoodsId,
    GoodsRefusal,
    Outcome,
    PurchaseOrder,
    SaleOrder,
    Side,
    Stage
} from "../../../../contracts/types/Goods.sol";
import {AssetId, DealId, Restriction} from "../../../../contracts/types/Ids.sol";
import {Conditions} from "../../../../contracts/types/Orders.sol";
import {Deployer} from "../../support/Deployer.sol";
import {Market} from "../../support/Market.sol";
import {Vm, vm} from "../../support/Vm.sol";

/// @notice A market with a Receipt, a shop and a customer, orders that go together unless a test spoils one, and deals at
/// every stage.
abstract contract GoodsTest is Market {
    uint256 internal constant SELLER_KEY = POOL_KEY;
    uint256 internal constant BUYER_KEY = REQUESTER_KEY;

    uint64 internal constant PRICE = 1_000;
    uint64 internal constant BOND = 200;
    uint64 internal constant COMMISSION = 50;
    uint32 internal constant PIECES = 3;
    uint32 internal constant SHIP = 2 days;
    uint32 internal constant DELIVER = 5 days;
    uint32 internal constant COMPLAIN = 14 days;
    uint32 internal constant MARGIN = 3 days;
    uint32 internal constant ANSWER = 4 days;
    uint32 internal constant RULING = 30 days;
    /// 5 % of the price of all pieces.
    uint64 internal constant DISPUTE_BOND = 150;
    GoodsId internal constant GOODS = GoodsId.wrap(keccak256("ACME:1"));

    address internal seller = vm.addr(SELLER_KEY);
    address internal buyer = vm.addr(BUYER_KEY);
    address internal referrer = address(0x4ef);
    address internal arbiter = address(0xa4b);
    address internal juryOf = address(0x1047);

    IReceipt internal receipt;
    /// @dev What `vm.warp` was last told: the optimizer reads `block.timestamp` once per function.
    uint256 internal time = 1_800_000_000;

    uint64 private _buyerHad;
    uint64 private _sellerHad;
    uint64 private _referrerHad;
    uint32 private _openBefore;
    uint40 private _lostBefore;

    function setUp() public virtual override {
        super.setUp();
        useReceipt(newReceipt(rulesOfDisputes()));
    }

    function rulesOfDisputes() internal view virtual returns (DisputeRules memory) {
        return
            DisputeRules({
                answerTime: ANSWER,
                rulingTime: RULING,
                bondShare: 500,
                minBond: 10,
                jury: IJury(juryOf),
                juryApp: AssetId.wrap(uint256(1) << 248),
                juryCategory: 1,
                juryTrust: 5,
                juryMinSeats: 3,
                juryMinSeatStake: 7
            });
    }

    function newReceipt(DisputeRules memory rules) internal returns (IReceipt made) {
        made = IReceipt(Deployer.create("Receipt", abi.encode(clerk, rules)));
        vm.prank(governance);
        clerk.registerCertifier(address(made), true);
    }

    function useReceipt(IReceipt made) internal {
        receipt = made;
        allow(seller, type(uint64).max);
        allow(buyer, type(uint64).max);
    }

    function allow(address owner, uint64 amount) internal {
        vm.prank(owner);
        clerk.allowCertifier(address(receipt), amount);
    }

    function warpTo(uint256 timestamp) internal {
        time = timestamp;
        vm.warp(timestamp);
    }

    function bonded(address owner) internal view returns (uint64) {
        return clerk.bondOf(owner, address(receipt)).bonded;
    }

    // ── Orders ───────────────────────────────────────────────────────────────────────────────────────────────────────

    function agreed(uint32 volume) internal view returns (Conditions memory c) {
        c.certifier = address(receipt);
        c.validUntil = uint64(time + 1 days);
        c.volume = volume;
        c.minFill = 1;
    }

    function saleOrder() internal view returns (SaleOrder memory o) {
        o.seller = seller;
        o.goods = GOODS;
        o.price = PRICE;
        (o.shipWithin, o.deliverWithin, o.complaintTime) = (SHIP, DELIVER, COMPLAIN);
        o.arbiter = byAccount(arbiter);
        o.sellerBond = BOND;
        (o.referrer, o.commission) = (referrer, COMMISSION);
        o.resaleMargin = MARGIN;
        o.conditions = agreed(10);
    }

    /// @notice A resting bid, each of whose bounds is just met by `saleOrder`.
    function bid() internal view returns (PurchaseOrder memory o) {
        o.buyer = buyer;
        o.goods = GOODS;
        o.maxPrice = PRICE;
        o.shipTo = keccak256("some street");
        (o.maxShipWithin, o.maxDeliverWithin, o.minComplaintTime) = (SHIP, DELIVER, COMPLAIN);
        o.onlyArbiter = Restriction.wrap(Arbiter.unwrap(byAccount(arbiter)));
        o.minSellerBond = BOND;
        o.minResaleMargin = MARGIN;
        o.conditions = agreed(PIECES);
    }

    function purchaseOf(SaleOrder memory sale) internal view returns (PurchaseOrder memory o) {
        o.buyer = buyer;
        o.goods = sale.goods;
        o.maxPrice = sale.price;
        o.shipTo = keccak256("some street");
        o.saleOrder = receipt.hashSaleOrder(sale);
        o.conditions = agreed(PIECES);
    }

    function byAccount(address account) internal pure returns (Arbiter) {
        return Arbiter.wrap(bytes32(uint256(uint160(account))));
    }

    function byPool(AssetId id) internal pure returns (Arbiter) {
        return Arbiter.wrap(bytes32(AssetId.unwrap(id)));
    }

    function only(address account) internal pure returns (Restriction) {
        return Restriction.wrap(bytes32(uint256(uint160(account))));
    }

    // ── Signatures ───────────────────────────────────────────────────────────────────────────────────────────────────

    function signature(uint256 key, bytes32 structHash) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, receipt.digestOf(structHash));
        return abi.encodePacked(r, s, v);
    }

    function signed(SaleOrder memory o, uint256 key) internal view returns (SignedSaleOrder memory) {
        return SignedSaleOrder(o, signature(key, receipt.hashSaleOrder(o)));
    }

    function signed(PurchaseOrder memory o, uint256 key) internal view returns (SignedPurchaseOrder memory) {
        return SignedPurchaseOrder(o, signature(key, receipt.hashPurchaseOrder(o)));
    }

    function confirmation(GoodsDeal memory deal) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("Confirmation(bytes32 deal)"), keccak256(abi.encode(deal))));
    }

    function agreement(GoodsDeal memory deal, uint64 toBuyer) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(keccak256("Split(bytes32 deal,uint64 toBuyer)"), keccak256(abi.encode(deal)), toBuyer)
            );
    }

    // ── Batches ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function batchOf(SaleOrder memory sale, PurchaseOrder memory purchase) internal view returns (GoodsBatch memory) {
        return batchOf(signed(sale, SELLER_KEY), signed(purchase, BUYER_KEY));
    }

    function batchOf(
        SignedSaleOrder memory sale,
        SignedPurchaseOrder memory purchase
    ) internal pure returns (GoodsBatch memory batch) {
        batch.sales = new SignedSaleOrder[](1);
        batch.purchases = new SignedPurchaseOrder[](1);
        batch.matches = new GoodsMatch[](1);
        (batch.sales[0], batch.purchases[0]) = (sale, purchase);
    }

    /// @notice Puts a further purchase of the first sale into a batch.
    function add(GoodsBatch memory batch, SignedPurchaseOrder memory purchase) internal pure {
        uint256 count = batch.purchases.length;
        (SignedPurchaseOrder[] memory purchases, GoodsMatch[] memory matches) = (
            new SignedPurchaseOrder[](count + 1),
            new GoodsMatch[](batch.matches.length + 1)
        );
        for (uint256 i = 0; i < count; ++i) {
            purchases[i] = batch.purchases[i];
        }
        for (uint256 i = 0; i < batch.matches.length; ++i) {
            matches[i] = batch.matches[i];
        }
        purchases[count] = purchase;
        matches[batch.matches.length] = GoodsMatch(0, uint16(count));
        (batch.purchases, batch.matches) = (purchases, matches);
    }

    function bring(GoodsBatch memory batch, address checker, bytes memory data) internal pure {
        batch.terms = new Terms[](1);
        batch.terms[0] = Terms(checker, data);
    }

    // ── Sealing ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function sealAll(GoodsBatch memory batch, bool strict) internal returns (GoodsDeal[] memory deals) {
        vm.recordLogs();
        vm.prank(broker);
        uint256 count = receipt.seal(batch, strict);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        deals = new GoodsDeal[](count);
        uint256 found = 0;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IReceipt.GoodsSealed.selector) continue;
            (, , deals[found++]) = abi.decode(logs[i].data, (bytes32, bytes32, GoodsDeal));
        }
        assertEq(found, count, "one GoodsSealed for each deal sealed");
    }

    function sealOne(GoodsBatch memory batch) internal returns (GoodsDeal memory) {
        GoodsPreview memory told = receipt.preview(batch, broker)[0];
        GoodsDeal[] memory deals = sealAll(batch, true);
        assertEq(deals.length, 1, "the match is sealed");
        assertEq(uint8(told.refusal), 0, "as foretold");
        assertEq(told.quantity, deals[0].quantity, "the quantity foretold");
        return deals[0];
    }

    /// @notice The first match is refused: reverting the batch where the sealer is strict, or else skipped with the
    /// event, and nothing moves.
    function refused(GoodsBatch memory batch, Side side, GoodsRefusal refusal) internal {
        (uint64 buyerHad, uint64 sellerHad) = (free(buyer), free(seller));
        bytes32 purchaseHash = receipt.hashPurchaseOrder(batch.purchases[0].order);
        vm.expectRevert(abi.encodeWithSelector(IReceipt.ReceiptMatchRefused.selector, 0, side, refusal));
        vm.prank(broker);
        receipt.seal(batch, true);

        vm.expectEmit(address(receipt));
        emit IReceipt.GoodsRefused(0, purchaseHash, side, refusal);
        vm.prank(broker);
        assertEq(receipt.seal(batch, false), 0, "nothing is sealed");

        GoodsPreview memory told = receipt.preview(batch, broker)[0];
        assertEq(uint8(told.side), uint8(side), "the side foretold");
        assertEq(uint8(told.refusal), uint8(refusal), "the refusal foretold");
        assertEq(told.quantity, 0, "of no quantity");
        assertEq(free(buyer), buyerHad, "the buyer keeps its money");
        assertEq(free(seller), sellerHad, "the seller too");
    }

    // ── Deals at every stage ─────────────────────────────────────────────────────────────────────────────────────────

    function aDeal() internal returns (GoodsDeal memory) {
        return sealOne(batchOf(saleOrder(), bid()));
    }

    function aDealOf(SaleOrder memory sale) internal returns (GoodsDeal memory) {
        return sealOne(batchOf(sale, purchaseOf(sale)));
    }

    function shipIt(GoodsDeal memory deal) internal returns (GoodsDeal memory) {
        vm.prank(seller);
        receipt.ship(deal, "tracking");
        return deal;
    }

    function disputeIt(GoodsDeal memory deal) internal returns (GoodsDeal memory) {
        vm.prank(buyer);
        receipt.dispute(deal, Complaint.NotAsAgreed, "broken");
        return deal;
    }

    function contestIt(GoodsDeal memory deal) internal returns (GoodsDeal memory) {
        vm.prank(seller);
        receipt.contest(deal, "it is not");
        return deal;
    }

    function aShipped() internal returns (GoodsDeal memory) {
        return shipIt(aDeal());
    }

    function aDisputed() internal returns (GoodsDeal memory) {
        return disputeIt(aShipped());
    }

    function aContested() internal returns (GoodsDeal memory) {
        return contestIt(aDisputed());
    }

    /// @notice A deal brought to `stage`, one of those before the end.
    function at(Stage stage) internal returns (GoodsDeal memory deal) {
        deal = aDeal();
        if (stage > Stage.Sealed) shipIt(deal);
        if (stage > Stage.Shipped) disputeIt(deal);
        if (stage > Stage.Disputed) contestIt(deal);
    }

    function stageOf(GoodsDeal memory deal) internal view returns (Stage) {
        return receipt.goodsState(deal.goodsDealId()).stage;
    }

    function never(GoodsDeal memory deal) internal pure returns (GoodsDeal memory) {
        deal.shipTo = keccak256("another street");
        return deal;
    }

    // ── What is expected ─────────────────────────────────────────────────────────────────────────────────────────────

    function expectUnknown(GoodsDeal memory deal) internal {
        vm.expectRevert(abi.encodeWithSelector(IReceipt.ReceiptDealUnknown.selector, deal.goodsDealId()));
    }

    function expectStage(GoodsDeal memory deal, Stage stage) internal {
        vm.expectRevert(abi.encodeWithSelector(IReceipt.ReceiptWrongStage.selector, deal.goodsDealId(), stage));
    }

    function expectNotAllowed(address account, address caller) internal {
        vm.expectRevert(abi.encodeWithSelector(IReceipt.ReceiptNotAllowed.selector, account, caller));
    }

    function expectTooLate(GoodsDeal memory deal, uint256 until) internal {
        vm.expectRevert(abi.encodeWithSelector(IReceipt.ReceiptTooLate.selector, deal.goodsDealId(), until));
    }

    function expectTooEarly(GoodsDeal memory deal, uint256 until) internal {
        vm.expectRevert(abi.encodeWithSelector(IReceipt.ReceiptTooEarly.selector, deal.goodsDealId(), until));
    }

    function openDealsOf(address account) internal view returns (uint32 open) {
        (open, ) = receipt.dealsOf(account);
    }

    /// @notice The next call ends the deal so; `ended` then checks the accounts.
    function expectEnd(
        GoodsDeal memory deal,
        Stage stage,
        uint64 toBuyer,
        uint64 toSeller,
        uint64 toReferrer
    ) internal {
        (_buyerHad, _sellerHad, _referrerHad) = (free(buyer), free(seller), free(referrer));
        (_openBefore, _lostBefore) = receipt.dealsOf(seller);
        vm.expectEmit(address(receipt));
        emit IReceipt.GoodsSettled(deal.goodsDealId(), stage, toBuyer, toSeller, toReferrer);
    }

    function ended(GoodsDeal memory deal, Stage stage, uint64 toBuyer, uint64 toSeller, uint64 toReferrer) internal {
        GoodsState memory state = receipt.goodsState(deal.goodsDealId());
        assertEq(uint8(state.stage), uint8(stage), "the stage");
        assertEq(state.since, time, "since now");
        assertEq(free(buyer), _buyerHad + toBuyer, "what the buyer got");
        assertEq(free(seller), _sellerHad + toSeller, "what the seller got");
        assertEq(free(referrer), _referrerHad + toReferrer, "what the referrer got");
        assertEq(uint256(bonded(buyer)) + bonded(seller), 0, "nothing is held any more");
        (uint32 open, uint40 lastLostAt) = receipt.dealsOf(seller);
        assertEq(open, _openBefore - 1, "one deal less is open");
        assertEq(lastLostAt, stage == Stage.WonByBuyer ? uint40(time) : _lostBefore, "when a dispute was lost");
        // It is over for good.
        expectStage(deal, stage);
        vm.prank(buyer);
        receipt.confirm(deal, "");
    }
}
