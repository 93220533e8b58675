// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {
    Batch,
    IClerk,
    Match,
    OrderHashes,
    SignedAppOrder,
    SignedPoolOrder,
    SignedRequestOrder,
    Sponsorship
} from "../../../../contracts/interfaces/IClerk.sol";
import {Committed, Contribution} from "../../../../contracts/interfaces/IPanel.sol";
import {
    DisputeRules,
    GoodsBatch,
    GoodsMatch,
    IReceipt,
    SignedPurchaseOrder,
    SignedSaleOrder
} from "../../../../contracts/interfaces/IReceipt.sol";
import {Deal} from "../../../../contracts/types/Deals.sol";
import {Arbiter, Complaint, GoodsDeal, PurchaseOrder, SaleOrder} from "../../../../contracts/types/Goods.sol";
import {AssetId, DealId, Restriction} from "../../../../contracts/types/Ids.sol";
import {Conditions, RequestOrder} from "../../../../contracts/types/Orders.sol";
import {JuryTest} from "../../Jury/support/JuryTest.sol";
import {Deployer} from "../../support/Deployer.sol";
import {Vm, vm} from "../../support/Vm.sol";

/// A market with a Receipt and a Jury, both real: a shop, a customer, and jurors in their seats.
abstract contract JuryReceiptTest is JuryTest {
    uint256 internal constant SHOP_KEY = 0x5409;
    uint256 internal constant CUSTOMER_KEY = 0xC057;
    bytes32 internal constant FOR_SELLER = bytes32(uint256(1));
    bytes32 internal constant FOR_BUYER = bytes32(uint256(2));

    uint64 internal constant PRICE = 40 * HANSE;
    uint64 internal constant SHOP_BOND = 5 * HANSE;
    uint64 internal constant COMMISSION = 2 * HANSE;
    uint64 internal constant DISPUTE_BOND = 2 * HANSE;
    uint32 internal constant RULING = 30 days;

    address internal immutable shop = vm.addr(SHOP_KEY);
    address internal immutable customer = vm.addr(CUSTOMER_KEY);
    address internal constant REFERRER = address(0x4EF);

    IReceipt internal receipt;

    function setUp() public virtual override {
        super.setUp();
        vm.warp(1_800_000_000);
        receipt = IReceipt(Deployer.create("Receipt", abi.encode(clerk, _rules())));
        vm.prank(GOVERNANCE);
        clerk.registerCertifier(address(receipt), true);
        _open(shop);
        _open(customer);
        enrol(0, 12);
    }

    function _rules() private view returns (DisputeRules memory rules) {
        (rules.answerTime, rules.rulingTime, rules.bondShare, rules.minBond) = (4 days, RULING, 500, HANSE);
        (rules.jury, rules.juryApp, rules.juryCategory, rules.juryTrust) = (jury, app, 0, 10);
        (rules.juryMinSeats, rules.juryMinSeatStake) = (5, SEAT_STAKE);
    }

    function _open(address account) private {
        clerk.depositFor(account, 1_000 * HANSE);
        vm.prank(account);
        clerk.allowCertifier(address(receipt), type(uint64).max);
    }

    // ── Goods ────────────────────────────────────────────────────────────────────────────────────────────────────────

    function signGoods(uint256 key, bytes32 structHash) internal view returns (bytes memory) {
        return _sign(key, domainOf("Hanse Receipt", address(receipt)), structHash);
    }

    /// A deal whose arbiter is the pool, disputed by the customer and contested by the shop.
    function contested() internal returns (GoodsDeal memory deal) {
        deal = _sealGoods(_sale());
        vm.prank(shop);
        receipt.ship(deal, "tracking");
        vm.prank(customer);
        receipt.dispute(deal, Complaint.NotAsAgreed, "broken");
        vm.prank(shop);
        receipt.contest(deal, "it is not");
    }

    function _agreed(uint256 salt) private view returns (Conditions memory c) {
        (c.certifier, c.validUntil) = (address(receipt), type(uint64).max);
        (c.volume, c.minFill, c.salt) = (1, 1, bytes32(salt));
    }

    function _sale() private returns (SaleOrder memory sale) {
        (sale.seller, sale.price, sale.sellerBond) = (shop, PRICE, SHOP_BOND);
        (sale.shipWithin, sale.deliverWithin, sale.complaintTime) = (2 days, 5 days, 14 days);
        sale.arbiter = Arbiter.wrap(bytes32(AssetId.unwrap(pool)));
        (sale.referrer, sale.commission) = (REFERRER, COMMISSION);
        sale.conditions = _agreed(++_sales);
    }

    uint256 private _sales;

    function _sealGoods(SaleOrder memory sale) private returns (GoodsDeal memory deal) {
        PurchaseOrder memory purchase;
        (purchase.buyer, purchase.maxPrice) = (customer, PRICE);
        purchase.saleOrder = receipt.hashSaleOrder(sale);
        purchase.conditions = _agreed(_sales);
        GoodsBatch memory batch;
        batch.sales = new SignedSaleOrder[](1);
        batch.purchases = new SignedPurchaseOrder[](1);
        batch.matches = new GoodsMatch[](1);
        batch.sales[0] = SignedSaleOrder(sale, signGoods(SHOP_KEY, purchase.saleOrder));
        bytes memory word = signGoods(CUSTOMER_KEY, receipt.hashPurchaseOrder(purchase));
        batch.purchases[0] = SignedPurchaseOrder(purchase, word);
        vm.recordLogs();
        receipt.seal(batch, true);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IReceipt.GoodsSealed.selector) continue;
            (, , deal) = abi.decode(logs[i].data, (bytes32, bytes32, GoodsDeal));
        }
    }

    // ── The jury ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// The request that the Receipt has signed for a deal that `sponsor` summoned a jury about.
    function summoned(GoodsDeal memory deal, address sponsor) internal view returns (RequestOrder memory o) {
        DisputeRules memory rules = receipt.rules();
        (o.requester, o.app, o.maxPoolPrice) = (address(receipt), rules.juryApp, POOL_PRICE);
        (o.category, o.trust) = (rules.juryCategory, rules.juryTrust);
        o.onlyPool = Restriction.wrap(Arbiter.unwrap(deal.arbiter));
        (o.minSeats, o.minSeatStake) = (rules.juryMinSeats, rules.juryMinSeatStake);
        (o.beneficiary, o.callback, o.sponsor) = (address(receipt), address(receipt), sponsor);
        o.params = abi.encode(deal.goodsDealId());
        (o.conditions.certifier, o.conditions.validUntil) = (address(jury), type(uint64).max);
        (o.conditions.volume, o.conditions.minFill) = (1, 1);
        o.conditions.salt = DealId.unwrap(deal.goodsDealId());
    }

    function summon(GoodsDeal memory deal, address sponsor) internal {
        vm.prank(sponsor);
        receipt.summon(deal, POOL_PRICE, type(uint64).max);
    }

    /// That request with the app's and a pool's order, and the sponsor's word.
    function juryBatch(
        RequestOrder memory request,
        AssetId poolId,
        uint256 sponsorKey
    ) internal view returns (Batch memory batch) {
        batch.apps = new SignedAppOrder[](1);
        batch.apps[0].order.app = app;
        batch.apps[0].order.conditions = _ofJury(request);
        batch.apps[0].signature = signFor(APP_KEY, clerk.hashAppOrder(batch.apps[0].order));
        batch.pools = new SignedPoolOrder[](1);
        (batch.pools[0].order.pool, batch.pools[0].order.price) = (poolId, POOL_PRICE);
        batch.pools[0].order.trust = type(uint32).max;
        batch.pools[0].order.conditions = _ofJury(request);
        batch.pools[0].signature = signFor(POOL_KEY, clerk.hashPoolOrder(batch.pools[0].order));
        batch.requests = new SignedRequestOrder[](1);
        batch.requests[0].order = request;
        batch.sponsorships = new Sponsorship[](1);
        batch.sponsorships[0] = _sponsorship(clerk.hashRequestOrder(request), sponsorKey);
        batch.matches = new Match[](1);
        batch.matches[0] = Match(0, type(uint16).max, 0, 0);
    }

    function _ofJury(RequestOrder memory request) private view returns (Conditions memory c) {
        (c.certifier, c.validUntil) = (address(jury), type(uint64).max);
        (c.volume, c.minFill, c.salt) = (1, 1, request.conditions.salt);
    }

    function _sponsorship(bytes32 requestHash, uint256 key) private view returns (Sponsorship memory word) {
        (word.cap, word.validUntil) = (POOL_PRICE, type(uint64).max);
        bytes32 typeHash = keccak256("Sponsorship(bytes32 request,uint64 cap,uint64 validUntil,uint64 epoch)");
        bytes32 hash = keccak256(abi.encode(typeHash, requestHash, word.cap, word.validUntil, word.epoch));
        word.signature = signFor(key, hash);
    }

    function sealJury(Batch memory batch) internal returns (Deal memory deal) {
        vm.recordLogs();
        clerk.seal(batch, true);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IClerk.DealSealed.selector) continue;
            (, deal, ) = abi.decode(logs[i].data, (OrderHashes, Deal, bytes));
        }
    }

    /// All who are drawn answer the same, and it is ruled.
    function decide(Deal memory deal, bytes32 answer) internal {
        advance(2);
        uint32[] memory drawn = drawnIn(deal, 1);
        Contribution[] memory votes = new Contribution[](drawn.length);
        for (uint256 i = 0; i < drawn.length; ++i) {
            votes[i] = vote(idOf(deal, 0), 1, drawn[i], answer);
        }
        Committed[] memory seals = commit(deal, votes);
        revealAll(deal, seals);
        jury.rule(deal, 0, seals);
    }
}
