// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {
    GoodsBatch,
    GoodsMatch,
    IReceipt,
    SignedPurchaseOrder,
    SignedSaleOrder
} from "../../../../contracts/interfaces/IReceipt.sol";
import {
    Arbiter,
    GoodsDeal,
    Outcome,
    PurchaseOrder,
    SaleOrder,
    Side,
    Stage
} from "../../../../contracts/types/Goods.sol";
import {DealId, Restriction} from "../../../../contracts/types/Ids.sol";
import {Conditions} from "../../../../contracts/types/Orders.sol";
import {Vm, vm} from "../../support/Vm.sol";
import {GoodsLedger} from "./GoodsLedger.sol";
import {PlantedReceipt} from "./PlantedReceipt.sol";

/// @notice Those people's orders, good and bad, and what each of them says; each sealed deal is checked anew against both.
abstract contract GoodsTraders is GoodsLedger {
    struct SaleBook {
        bool forged;
        SaleOrder says;
    }

    struct PurchaseBook {
        bool forged;
        PurchaseOrder says;
    }

    bytes[] private sales;
    bytes[] private purchases;
    mapping(bytes32 orderHash => bytes) private saleBooks;
    mapping(bytes32 orderHash => bytes) private purchaseBooks;
    mapping(Side side => mapping(address signer => mapping(bytes32 salt => uint256))) private taken;
    mapping(Side side => mapping(address signer => mapping(bytes32 salt => bool))) private cancelled;
    mapping(address owner => uint64) private epochs;

    constructor(PlantedReceipt twin) GoodsLedger(twin) {}

    function cancel(uint256 seed) public {
        bytes32[] memory salts = new bytes32[](1);
        salts[0] = bytes32(_part(seed, 1) % 4);
        Side side = Side(seed % 2);
        vm.prank(_person(seed));
        receipt.cancel(side, salts);
        cancelled[side][_person(seed)][salts[0]] = true;
        ++done["cancel"];
    }

    function raiseEpoch(uint256 seed) public {
        vm.prank(_person(seed));
        clerk.raiseEpoch(++epochs[_person(seed)]);
    }

    // ── Orders ───────────────────────────────────────────────────────────────────────────────────────────────────────

    function _conditions(address signer, uint256 seed) private view returns (Conditions memory c) {
        c.certifier = address(receipt);
        c.validUntil = uint64(time + (_part(seed, 1) % 5 days));
        c.epoch = epochs[signer];
        c.volume = uint32(1 + (_part(seed, 2) % 9));
        c.minFill = _part(seed, 3) % 4 == 0 ? 2 : 1;
        // Few salts: orders share volumes, and lanes a slot.
        c.salt = bytes32(_part(seed, 4) % 64);
        if (_part(seed, 5) % 12 == 0) c.matcher = _person(_part(seed, 6));
    }

    function _offer(uint256 seed) private {
        SaleOrder memory o = saleOrder();
        o.seller = _person(seed);
        o.price = uint64(_part(seed, 10) % 2_000);
        o.sellerBond = uint64(_part(seed, 11) % 300);
        o.referrer = _person(_part(seed, 12));
        o.commission = o.price / uint64(4 + (_part(seed, 13) % 10));
        (o.shipWithin, o.complaintTime) = (uint32(_part(seed, 14) % 4 days), uint32(_part(seed, 15) % 20 days));
        o.deliverWithin = uint32(_part(seed, 16) % 6 days);
        o.resaleMargin = uint32(_part(seed, 17) % 4 days);
        o.defaultOutcome = Outcome(_part(seed, 18) % 2);
        if (_part(seed, 19) % 3 == 0) o.arbiter = byPool(pool);
        if (_part(seed, 19) % 3 == 1) o.arbiter = Arbiter.wrap(0);
        if (_part(seed, 20) % 9 == 0) o.onlyBuyer = only(_person(_part(seed, 21)));
        if (tracked.length != 0) _resell(o, _part(seed, 22));
        o.conditions = _conditions(o.seller, seed);
        bool forged = _part(seed, 23) % 12 == 0;
        sales.push(abi.encode(signed(o, forged ? 7 : _keyOf(o.seller))));
        saleBooks[receipt.hashSaleOrder(o)] = abi.encode(SaleBook(forged, o));
    }

    /// @dev Of one of the newest deals; mostly by its buyer.
    function _resell(SaleOrder memory o, uint256 seed) private view {
        uint256 recent = tracked.length < 3 ? tracked.length : 3;
        GoodsDeal memory supply = abi.decode(tracked[tracked.length - 1 - (seed % recent)].content, (GoodsDeal));
        o.supply = supply.goodsDealId();
        if (_part(seed, 1) % 3 != 0) o.seller = supply.buyer;
    }

    function _bid(uint256 seed) private {
        PurchaseOrder memory o = bid();
        o.buyer = _person(seed);
        o.maxPrice = uint64(_part(seed, 10) % 3_000);
        o.minSellerBond = uint64(_part(seed, 11) % 100);
        (o.maxShipWithin, o.minComplaintTime) = (3 days, uint32(_part(seed, 12) % 10 days));
        o.minResaleMargin = uint32(_part(seed, 13) % 1 days);
        o.defaultOutcome = Outcome(_part(seed, 14) % 2);
        uint256 judge = _part(seed, 15) % 3;
        if (judge == 0) o.onlyArbiter = Restriction.wrap(0);
        if (judge == 1) o.onlyArbiter = Restriction.wrap(Arbiter.unwrap(byPool(pool)));
        // Two of three would have the newest sale, by hash or by its arbiter.
        SaleOrder memory sale = abi.decode(sales[sales.length - 1], (SignedSaleOrder)).order;
        if (_part(seed, 16) % 3 != 0 && o.buyer == sale.seller) o.buyer = _person(seed + 1);
        if (_part(seed, 16) % 3 == 1) (o.saleOrder, o.maxPrice) = (receipt.hashSaleOrder(sale), sale.price);
        if (_part(seed, 16) % 3 == 2) o.onlyArbiter = Restriction.wrap(Arbiter.unwrap(sale.arbiter));
        o.conditions = _conditions(o.buyer, seed);
        bool forged = _part(seed, 17) % 12 == 0;
        purchases.push(abi.encode(signed(o, forged ? 7 : _keyOf(o.buyer))));
        purchaseBooks[receipt.hashPurchaseOrder(o)] = abi.encode(PurchaseBook(forged, o));
    }

    // ── Sealing ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev New orders and older ones, in every match there is.
    function trade(uint256 seed) public {
        _offer(_part(seed, 1));
        _bid(_part(seed, 2));
        GoodsBatch memory batch;
        batch.sales = new SignedSaleOrder[](2);
        batch.purchases = new SignedPurchaseOrder[](2);
        batch.matches = new GoodsMatch[](4);
        batch.sales[0] = abi.decode(sales[sales.length - 1], (SignedSaleOrder));
        batch.sales[1] = abi.decode(sales[_part(seed, 3) % sales.length], (SignedSaleOrder));
        batch.purchases[0] = abi.decode(purchases[purchases.length - 1], (SignedPurchaseOrder));
        batch.purchases[1] = abi.decode(purchases[_part(seed, 4) % purchases.length], (SignedPurchaseOrder));
        for (uint16 i = 0; i < 4; ++i) {
            batch.matches[i] = GoodsMatch(i % 2, i / 2);
        }
        address sealer = _person(_part(seed, 5));
        vm.recordLogs();
        vm.prank(sealer);
        receipt.seal(batch, false);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IReceipt.GoodsSealed.selector) continue;
            (bytes32 sale, bytes32 purchase, GoodsDeal memory deal) = abi.decode(
                logs[i].data,
                (bytes32, bytes32, GoodsDeal)
            );
            _track(deal);
            _checkSealed(abi.decode(saleBooks[sale], (SaleBook)), deal, sealer);
            _checkBought(abi.decode(purchaseBooks[_asGiven(purchase)], (PurchaseBook)), deal, sealer, sale);
        }
    }

    function _track(GoodsDeal memory deal) private {
        Tracked storage t = tracked.push();
        t.content = abi.encode(deal);
        _enter(t, Stage.Sealed);
        _hold(t, deal, deal.price * deal.quantity, deal.sellerBond * deal.quantity);
        ++openOf[deal.seller];
        ++done["seal"];
    }

    function _fill(Side side, address signer, Conditions memory says, GoodsDeal memory deal, address sealer) private {
        uint256 all = taken[side][signer][says.salt] += deal.quantity;
        _breach(3, all > says.volume, "an order was filled beyond its volume");
        _breach(3, receipt.filled(side, signer, says.salt) < all, "a fill was forgotten");
        _breach(3, deal.quantity < says.minFill || deal.quantity == 0, "an order was shredded");
        _breach(3, time > says.validUntil, "an order was filled past its expiry");
        _breach(3, says.epoch != epochs[signer], "an order was filled in another epoch");
        _breach(3, cancelled[side][signer][says.salt], "a cancelled order was filled");
        _breach(3, says.matcher != address(0) && says.matcher != sealer, "an order was filled by another matcher");
    }

    function _checkSealed(SaleBook memory book, GoodsDeal memory deal, address sealer) private {
        SaleOrder memory says = book.says;
        _breach(3, book.forged, "a forged sale was sealed");
        _fill(Side.Sale, deal.seller, says.conditions, deal, sealer);
        bytes32 expected = keccak256(
            abi.encode(says.seller, says.goods, says.price, says.sellerBond, says.referrer, says.commission)
        );
        bytes32 found = keccak256(
            abi.encode(deal.seller, deal.goods, deal.price, deal.sellerBond, deal.referrer, deal.commission)
        );
        _breach(3, expected != found, "money differs from what the seller signed");
        expected = keccak256(
            abi.encode(says.shipWithin, says.deliverWithin, says.complaintTime, says.resaleMargin, says.supply)
        );
        found = keccak256(
            abi.encode(deal.shipWithin, deal.deliverWithin, deal.complaintTime, deal.resaleMargin, deal.supply)
        );
        _breach(3, expected != found, "times differ from what the seller signed");
        bool meant =
            Restriction.unwrap(says.onlyBuyer) == 0 ||
                Restriction.unwrap(says.onlyBuyer) == Restriction.unwrap(only(deal.buyer));
        _breach(3, !meant, "a sale to somebody it was not for");
    }

    function _checkBought(PurchaseBook memory book, GoodsDeal memory deal, address sealer, bytes32 sale) private {
        PurchaseOrder memory says = book.says;
        _breach(3, book.forged, "a forged purchase was sealed");
        _fill(Side.Purchase, deal.buyer, says.conditions, deal, sealer);
        _breach(3, deal.buyer != says.buyer || deal.shipTo != says.shipTo, "somebody else bought, or elsewhere");
        _breach(3, deal.price > says.maxPrice, "a price above the bid");
        _breach(3, deal.buyer == deal.seller, "somebody bought of itself");
        if (says.saleOrder != 0) return _breach(3, says.saleOrder != sale, "another sale than was signed");
        _breach(3, deal.shipWithin > says.maxShipWithin, "it may be shipped later than was signed");
        _breach(3, deal.deliverWithin > says.maxDeliverWithin, "it may be delivered later than was signed");
        _breach(3, deal.complaintTime < says.minComplaintTime, "less time to complain than was signed");
        _breach(3, deal.sellerBond < says.minSellerBond, "a lower bond than was signed");
        _breach(3, deal.resaleMargin < says.minResaleMargin, "a shorter margin than was signed");
        _breach(
            3,
            Arbiter.unwrap(deal.arbiter) != Restriction.unwrap(says.onlyArbiter),
            "another arbiter than was signed"
        );
        bool worse = says.defaultOutcome == Outcome.Buyer && deal.defaultOutcome == Outcome.Seller;
        _breach(3, worse, "another default than was signed");
    }

    /// @dev Some deal that names the supply; now and then one that does not.
    function _resaleOf(DealId supply, uint256 seed) internal view returns (uint256) {
        for (uint256 i = tracked.length; i != 0; --i) {
            GoodsDeal memory deal = abi.decode(tracked[i - 1].content, (GoodsDeal));
            bool names = DealId.unwrap(deal.supply) == DealId.unwrap(supply);
            if (names || _part(seed, i) % 256 == 0) return i - 1;
        }
        return 0;
    }

    function _keyOf(address owner) internal view returns (uint256) {
        for (uint256 i = 0; i < PEOPLE; ++i) {
            if (people[i] == owner) return _key(i);
        }
        return 7;
    }
}
