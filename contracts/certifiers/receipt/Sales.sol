// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Bond, Terms} from "../../interfaces/IClerk.sol";
import {IGoodsTerms} from "../../interfaces/IGoodsTerms.sol";
import {GoodsBatch, GoodsMatch, GoodsPreview, IReceipt} from "../../interfaces/IReceipt.sol";
import {ForeignCall} from "../../libraries/ForeignCall.sol";
import {GOODS_DEAL_BYTES, GoodsDeal, GoodsRefusal, PurchaseOrder, SaleOrder, Side} from "../../types/Goods.sol";
import {DealId, toRequestId} from "../../types/Ids.sol";
import {GoodsRules} from "./GoodsRules.sol";
import {Offers} from "./Offers.sol";

/// @title Sales
/// @notice The orders of goods, together: whether they go together, and the deals that they are sealed into.
abstract contract Sales is Offers {
    /// @dev What the check of a match found.
    struct Finding {
        Side side;
        // Why it is refused, if it is.
        GoodsRefusal refusal;
        // Whether a terms contract was asked, and about a deal of how many pieces from which on.
        bool hasTerms;
        uint32 firstPiece;
        uint32 quantity;
    }

    /// @dev All that a call of `seal` works on.
    struct Desk {
        Standing[] sales;
        Standing[] purchases;
        Finding[] findings;
        // Of the terms that were brought.
        bytes32[] termsHashes;
        // Whether governance takes new deals of this contract.
        bool registered;
        // Whether one refusal reverts it all.
        bool strict;
        // The match at hand: its orders, and its deal. Every match uses the same memory.
        Standing sale;
        Standing purchase;
        GoodsDeal deal;
    }

    /// @inheritdoc IReceipt
    function seal(GoodsBatch calldata batch, bool strict) external returns (uint256 sealedCount) {
        // Check
        Desk memory desk = _check(batch, msg.sender, strict);
        // Effect: volumes and money, one match after the other.
        for (uint256 i = 0; i < desk.findings.length; ++i) {
            Finding memory finding = desk.findings[i];
            _judge(batch, desk, finding, i);
            if (finding.refusal == GoodsRefusal.None) {
                _sealOne(desk);
                ++sealedCount;
            } else {
                require(!strict, ReceiptMatchRefused(i, finding.side, finding.refusal));
                emit GoodsRefused(i, desk.purchase.hash, finding.side, finding.refusal);
            }
        }
    }

    /// @inheritdoc IReceipt
    function preview(GoodsBatch calldata batch, address sealer) external view returns (GoodsPreview[] memory previews) {
        Desk memory desk = _check(batch, sealer, true);
        previews = new GoodsPreview[](batch.matches.length);
        for (uint256 i = 0; i < previews.length; ++i) {
            Finding memory finding = desk.findings[i];
            _judge(batch, desk, finding, i);
            (previews[i].side, previews[i].refusal) = (finding.side, finding.refusal);
            if (finding.refusal == GoodsRefusal.None) previews[i].quantity = desk.deal.quantity;
        }
    }

    // ── Before anything changes ──────────────────────────────────────────────────────────────────────────────────────

    /// @dev Everything that may call a stranger's contract.
    function _check(GoodsBatch calldata batch, address sealer, bool strict) private view returns (Desk memory desk) {
        desk.sales = _standSales(batch.sales, sealer);
        desk.purchases = _standPurchases(batch.purchases, sealer);
        (desk.registered, desk.strict) = (CLERK.isCertifier(address(this)), strict);
        Terms[] calldata terms = batch.terms;
        // Most batches bring none.
        if (terms.length != 0) desk.termsHashes = new bytes32[](terms.length);
        for (uint256 i = 0; i < terms.length; ++i) {
            desk.termsHashes[i] = keccak256(abi.encode(terms[i].checker, terms[i].data));
        }
        GoodsMatch[] calldata matches = batch.matches;
        desk.findings = new Finding[](matches.length);
        for (uint256 i = 0; i < matches.length; ++i) {
            _choose(desk, matches[i], i);
            _fillDeal(desk, desk.deal);
            Finding memory finding = desk.findings[i];
            (finding.side, finding.refusal) = _checkOrders(desk);
            if (finding.refusal == GoodsRefusal.None) _checkTerms(batch, desk, finding);
        }
    }

    /// @dev Takes the match at hand.
    function _choose(Desk memory desk, GoodsMatch calldata chosen, uint256 index) private pure {
        (uint256 sale, uint256 purchase) = (chosen.sale, chosen.purchase);
        require(sale < desk.sales.length && purchase < desk.purchases.length, ReceiptMatchOutOfRange(index));
        (desk.sale, desk.purchase) = (desk.sales[sale], desk.purchases[purchase]);
    }

    function _checkOrders(Desk memory desk) private view returns (Side, GoodsRefusal) {
        if (desk.purchase.refusal != GoodsRefusal.None) return (Side.Purchase, desk.purchase.refusal);
        if (desk.sale.refusal != GoodsRefusal.None) return (Side.Sale, desk.sale.refusal);
        if (!desk.registered) return (Side.Sale, GoodsRefusal.NotRegistered);
        PurchaseOrder calldata purchase = _purchaseAt(desk.purchase.at);
        return (Side.Sale, GoodsRules.check(desk.deal, purchase, desk.sale.hash, _saleAt(desk.sale.at).onlyBuyer));
    }

    /// @dev Asks the terms contracts of a match's orders about the deal as it would be sealed now.
    function _checkTerms(GoodsBatch calldata batch, Desk memory desk, Finding memory finding) private view {
        bytes32 sale = _saleAt(desk.sale.at).conditions.terms;
        bytes32 purchase = _purchaseAt(desk.purchase.at).conditions.terms;
        if (sale | purchase == 0) return;

        GoodsDeal memory draft = desk.deal;
        (finding.side, finding.refusal, draft.quantity) = _quantity(desk);
        if (finding.refusal != GoodsRefusal.None) return;
        (finding.hasTerms, finding.firstPiece, finding.quantity) = (true, draft.firstPiece, draft.quantity);

        if (!_accepts(batch, desk, Side.Purchase, purchase, desk.purchase.hash)) finding.side = Side.Purchase;
        else if (!_accepts(batch, desk, Side.Sale, sale, desk.sale.hash)) finding.side = Side.Sale;
        else return;
        finding.refusal = GoodsRefusal.TermsNotMet;
    }

    /// @dev Terms that nobody brought are not met.
    function _accepts(
        GoodsBatch calldata batch,
        Desk memory desk,
        Side side,
        bytes32 terms,
        bytes32 orderHash
    ) private view returns (bool) {
        if (terms == 0) return true;
        for (uint256 i = 0; i < desk.termsHashes.length; ++i) {
            if (desk.termsHashes[i] != terms) continue;
            bytes memory question = _question(side, orderHash, desk.deal, batch.terms[i].data);
            return ForeignCall.ask(batch.terms[i].checker, question) == bytes32(uint256(1));
        }
        return false;
    }

    /// @dev `abi.encodeCall(IGoodsTerms.accepts, (side, orderHash, draft, data))`, with the draft sent as it lies in memory.
    function _question(
        Side side,
        bytes32 orderHash,
        GoodsDeal memory draft,
        bytes calldata data
    ) private pure returns (bytes memory question) {
        bytes4 selector = IGoodsTerms.accepts.selector;
        uint256 dealBytes = GOODS_DEAL_BYTES;
        assembly ("memory-safe") {
            question := mload(0x40)
            let start := add(question, 0x20)
            mstore(start, selector)
            mstore(add(start, 0x04), side)
            mstore(add(start, 0x24), orderHash)
            mcopy(add(start, 0x44), draft, dealBytes)
            // Behind the selector: side, hash, draft, where the data begins; then its length and content.
            let tail := add(start, add(0x44, dealBytes))
            mstore(tail, add(0x60, dealBytes))
            mstore(add(tail, 0x20), data.length)
            calldatacopy(add(tail, 0x40), data.offset, data.length)
            // Padded with zeros to whole words, as the compiler does it.
            let end := add(add(tail, 0x40), data.length)
            mstore(end, 0)
            end := add(add(tail, 0x40), and(add(data.length, 0x1f), not(0x1f)))
            mstore(question, sub(end, start))
            mstore(0x40, and(add(end, 0x3f), not(0x1f)))
        }
    }

    // ── One match after the other ────────────────────────────────────────────────────────────────────────────────────

    /// @dev What a match comes to now, as `desk.deal`. Changes nothing.
    function _judge(GoodsBatch calldata batch, Desk memory desk, Finding memory finding, uint256 index) private view {
        // The only one is at hand since it was checked, and nothing has changed.
        if (desk.findings.length != 1) {
            _choose(desk, batch.matches[index], index);
            if (finding.refusal == GoodsRefusal.None) {
                _recount(desk);
                _fillDeal(desk, desk.deal);
            }
        }
        if (finding.refusal != GoodsRefusal.None) return;
        (finding.side, finding.refusal, desk.deal.quantity) = _quantity(desk);
        if (finding.refusal == GoodsRefusal.None) (finding.side, finding.refusal) = _assess(batch, desk, finding);
    }

    function _assess(
        GoodsBatch calldata batch,
        Desk memory desk,
        Finding memory finding
    ) private view returns (Side, GoodsRefusal) {
        GoodsDeal memory deal = desk.deal;
        if (!_isBasketWhole(batch, desk)) return (Side.Purchase, GoodsRefusal.BasketBroken);
        // An earlier match took some of it: terms contracts were asked about another deal.
        if (finding.hasTerms && (deal.firstPiece != finding.firstPiece || deal.quantity != finding.quantity)) {
            return (Side.Purchase, GoodsRefusal.TermsNotMet);
        }
        (uint256 price, uint256 bond) = _amounts(deal);
        if (!_canHold(desk, desk.purchase, price)) return (Side.Purchase, GoodsRefusal.BuyerUnfunded);
        if (!_maySpend(desk.purchase, price)) return (Side.Purchase, GoodsRefusal.OperatorLimit);
        if (!_canHold(desk, desk.sale, bond)) return (Side.Sale, GoodsRefusal.SellerUnfunded);
        if (!_maySpend(desk.sale, bond)) return (Side.Sale, GoodsRefusal.OperatorLimit);
        return (Side.Sale, GoodsRefusal.None);
    }

    /// @dev Earlier matches may have taken of the same volumes.
    function _recount(Desk memory desk) private view {
        bytes32 salt = _saleAt(desk.sale.at).conditions.salt;
        desk.sale.taken = _sold(desk.sale.signer, salt);
        salt = _purchaseAt(desk.purchase.at).conditions.salt;
        desk.purchase.taken = _bought(toRequestId(desk.purchase.signer, salt));
    }

    /// @dev All of the deal but its quantity.
    function _fillDeal(Desk memory desk, GoodsDeal memory deal) private view {
        SaleOrder calldata sale = _saleAt(desk.sale.at);
        PurchaseOrder calldata purchase = _purchaseAt(desk.purchase.at);
        deal.purchaseId = toRequestId(desk.purchase.signer, purchase.conditions.salt);
        deal.seller = desk.sale.signer;
        deal.buyer = desk.purchase.signer;
        deal.referrer = sale.referrer;
        deal.goods = sale.goods;
        deal.shipTo = purchase.shipTo;
        deal.arbiter = sale.arbiter;
        deal.supply = sale.supply;
        deal.price = sale.price;
        deal.sellerBond = sale.sellerBond;
        deal.commission = sale.commission;
        deal.shipWithin = sale.shipWithin;
        deal.deliverWithin = sale.deliverWithin;
        deal.complaintTime = sale.complaintTime;
        deal.resaleMargin = sale.resaleMargin;
        deal.defaultOutcome = sale.defaultOutcome;
        // Fits 40 bits for some ten thousand years.
        deal.sealedAt = uint40(block.timestamp);
        deal.firstPiece = desk.purchase.taken;
    }

    /// @dev The smaller volume left, if it is enough for both.
    function _quantity(Desk memory desk) private pure returns (Side side, GoodsRefusal refusal, uint32 quantity) {
        SaleOrder calldata sale = _saleAt(desk.sale.at);
        PurchaseOrder calldata purchase = _purchaseAt(desk.purchase.at);
        // Another order of the batch with the same salt may have taken more than this one's volume. The order with the
        // least left decides, and is the one to blame when an earlier match took the rest of it.
        (side, quantity) = (Side.Purchase, _left(desk.purchase.taken, purchase.conditions.volume));
        uint32 left = _left(desk.sale.taken, sale.conditions.volume);
        if (left < quantity) (side, quantity) = (Side.Sale, left);
        if (quantity == 0) return (side, GoodsRefusal.CancelledOrFilled, 0);
        if (quantity < purchase.conditions.minFill) return (Side.Purchase, GoodsRefusal.FillTooSmall, 0);
        if (quantity < sale.conditions.minFill) return (Side.Sale, GoodsRefusal.FillTooSmall, 0);
    }

    function _left(uint32 taken, uint32 volume) private pure returns (uint32) {
        unchecked {
            return taken < volume ? volume - taken : 0;
        }
    }

    /// @dev Whether the batch seals all of the basket, or the purchase is of none. Strict, it seals every match or none, and
    /// no purchase twice: whose volume is taken as a whole has nothing left. So as many matches are as many purchases.
    function _isBasketWhole(GoodsBatch calldata batch, Desk memory desk) private pure returns (bool) {
        PurchaseOrder calldata purchase = _purchaseAt(desk.purchase.at);
        bytes32 basket = purchase.basket;
        if (basket == 0) return true;
        if (!desk.strict || desk.deal.quantity != purchase.conditions.volume) return false;
        uint256 count = 0;
        for (uint256 i = 0; i < batch.matches.length; ++i) {
            Standing memory other = desk.purchases[batch.matches[i].purchase];
            if (other.signer == desk.purchase.signer && _purchaseAt(other.at).basket == basket) ++count;
        }
        return count == purchase.basketSize;
    }

    /// @dev What buyer and seller lock for all of a deal's pieces. Amounts are 64 bits and quantities 32: it fits by far.
    function _amounts(GoodsDeal memory deal) private pure returns (uint256 price, uint256 bond) {
        unchecked {
            price = uint256(deal.price) * deal.quantity;
            bond = uint256(deal.sellerBond) * deal.quantity;
        }
    }

    /// @dev Whether the Clerk would lock so much of the signer's money in this contract's name. What it would is 64 bits.
    function _canHold(Desk memory desk, Standing memory standing, uint256 amount) private view returns (bool) {
        if (amount == 0) return true;
        // Earlier matches may have locked some of what was free.
        uint64 free = standing.free;
        if (desk.findings.length != 1) (free, ) = _accountOf(standing.signer);
        if (amount > free) return false;
        Bond memory held = CLERK.bondOf(standing.signer, address(this));
        return held.bonded + amount <= held.allowance;
    }

    /// @dev Takes volume and locks money for the deal at hand, which was judged.
    function _sealOne(Desk memory desk) private {
        GoodsDeal memory deal = desk.deal;
        (uint256 price, uint256 bond) = _amounts(deal);
        _countSpent(desk.purchase, price);
        _countSpent(desk.sale, bond);
        _sell(deal.seller, _saleAt(desk.sale.at).conditions.salt, deal.quantity);
        DealId id = deal.goodsDealId();
        // What is free is 64 bits.
        _open(id, deal, uint64(price), uint64(bond));
        _emitSealed(id, desk.sale.hash, desk.purchase.hash, deal);
    }

    /// @dev `emit GoodsSealed(id, seller, buyer, saleHash, purchaseHash, deal)`, with the deal sent as it lies in memory: the
    /// compiler would encode it word by word.
    function _emitSealed(DealId id, bytes32 saleHash, bytes32 purchaseHash, GoodsDeal memory deal) private {
        bytes32 signature = GoodsSealed.selector;
        (address seller, address buyer) = (deal.seller, deal.buyer);
        uint256 dealBytes = GOODS_DEAL_BYTES;
        assembly ("memory-safe") {
            // Behind the free memory's beginning, which stays where it is.
            let data := mload(0x40)
            mstore(data, saleHash)
            mstore(add(data, 0x20), purchaseHash)
            mcopy(add(data, 0x40), deal, dealBytes)
            log4(data, add(0x40, dealBytes), signature, id, seller, buyer)
        }
    }
}
