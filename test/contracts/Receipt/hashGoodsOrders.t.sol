// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {GoodsHash} from "../../../contracts/libraries/GoodsHash.sol";
import {OrderHash} from "../../../contracts/libraries/OrderHash.sol";
import {Arbiter, GoodsDeal, GoodsId, Outcome, PurchaseOrder, SaleOrder} from "../../../contracts/types/Goods.sol";
import {DealId, Restriction} from "../../../contracts/types/Ids.sol";
import {Conditions} from "../../../contracts/types/Orders.sol";
import {GoodsTest} from "./support/GoodsTest.sol";

/// hashSaleOrder, hashPurchaseOrder
///   given any order                                it should agree with the plain way to hash it
///   given the type hashes that are written out     it should hold them to their strings
/// digestOf                                         it should be of the Receipt's domain, on this chain
contract HashGoodsOrdersTest is GoodsTest {
    function test_typeHashesAreOfTheirStrings() external pure {
        string memory c = OrderHash.CONDITIONS_TYPE;
        bytes32 hash = keccak256(bytes(string.concat(GoodsHash.SALE_ORDER_TYPE, c)));
        assertEq(GoodsHash.SALE_ORDER_TYPEHASH, hash, "SaleOrder");
        hash = keccak256(bytes(string.concat(GoodsHash.PURCHASE_ORDER_TYPE, c)));
        assertEq(GoodsHash.PURCHASE_ORDER_TYPEHASH, hash, "PurchaseOrder");
        assertEq(GoodsHash.CONFIRMATION_TYPEHASH, keccak256(bytes(GoodsHash.CONFIRMATION_TYPE)), "Confirmation");
        assertEq(GoodsHash.SPLIT_TYPEHASH, keccak256(bytes(GoodsHash.SPLIT_TYPE)), "Split");
    }

    function _hash(Conditions memory c) private pure returns (bytes32) {
        return keccak256(abi.encode(OrderHash.CONDITIONS_TYPEHASH, c));
    }

    /// @dev The runner would give an enum any byte, and is told its fields apart from it.
    struct Fields {
        bytes32[5] words;
        uint64[4] amounts;
        uint32[5] times;
        address account;
        uint16 size;
        bool forSeller;
    }

    function _sale(Fields calldata f, Conditions calldata c) private pure returns (SaleOrder memory o) {
        (o.seller, o.goods, o.price) = (f.account, GoodsId.wrap(f.words[0]), f.amounts[0]);
        (o.shipWithin, o.deliverWithin, o.complaintTime) = (f.times[0], f.times[1], f.times[2]);
        (o.arbiter, o.sellerBond) = (Arbiter.wrap(f.words[1]), f.amounts[1]);
        if (f.forSeller) o.defaultOutcome = Outcome.Seller;
        (o.referrer, o.commission, o.resaleMargin) = (address(uint160(f.amounts[3])), f.amounts[2], f.times[3]);
        (o.supply, o.onlyBuyer, o.conditions) = (DealId.wrap(f.words[2]), Restriction.wrap(f.words[3]), c);
    }

    function _purchase(Fields calldata f, Conditions calldata c) private pure returns (PurchaseOrder memory o) {
        (o.buyer, o.goods, o.maxPrice) = (f.account, GoodsId.wrap(f.words[0]), f.amounts[0]);
        (o.shipTo, o.saleOrder, o.onlySeller) = (f.words[1], f.words[2], Restriction.wrap(f.words[3]));
        (o.maxShipWithin, o.maxDeliverWithin, o.minComplaintTime) = (f.times[0], f.times[1], f.times[2]);
        (o.onlyArbiter, o.minSellerBond, o.minResaleMargin) = (Restriction.wrap(f.words[4]), f.amounts[1], f.times[3]);
        if (f.forSeller) o.defaultOutcome = Outcome.Seller;
        (o.basket, o.basketSize, o.conditions) = (~f.words[0], f.size, c);
    }

    function testFuzz_sales(Fields calldata fields, Conditions calldata c) external view {
        SaleOrder memory o = _sale(fields, c);
        bytes memory head = abi.encode(
            GoodsHash.SALE_ORDER_TYPEHASH,
            o.seller,
            o.goods,
            o.price,
            o.shipWithin,
            o.deliverWithin,
            o.complaintTime,
            o.arbiter
        );
        head = bytes.concat(head, abi.encode(o.defaultOutcome, o.sellerBond, o.referrer, o.commission));
        head = bytes.concat(head, abi.encode(o.resaleMargin, o.supply, o.onlyBuyer, _hash(o.conditions)));
        assertEq(receipt.hashSaleOrder(o), keccak256(head), "sale order");
    }

    function testFuzz_purchases(Fields calldata fields, Conditions calldata c) external view {
        PurchaseOrder memory o = _purchase(fields, c);
        bytes memory head = abi.encode(
            GoodsHash.PURCHASE_ORDER_TYPEHASH,
            o.buyer,
            o.goods,
            o.maxPrice,
            o.shipTo,
            o.saleOrder,
            o.onlySeller
        );
        head = bytes.concat(head, abi.encode(o.maxShipWithin, o.maxDeliverWithin, o.minComplaintTime, o.onlyArbiter));
        head = bytes.concat(head, abi.encode(o.defaultOutcome, o.minSellerBond, o.minResaleMargin, o.basket));
        head = bytes.concat(head, abi.encode(o.basketSize, _hash(o.conditions)));
        assertEq(receipt.hashPurchaseOrder(o), keccak256(head), "purchase order");
    }

    function testFuzz_digest(bytes32 structHash) external view {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Hanse Receipt"),
                keccak256("1"),
                block.chainid,
                address(receipt)
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domain, structHash));
        assertEq(receipt.digestOf(structHash), digest, "digest");
    }

    function test_theIdOfADeal() external {
        GoodsDeal memory deal = aDeal();
        bytes32 purchaseId = keccak256(abi.encode(bytes32(0), buyer));
        assertEq(DealId.unwrap(deal.goodsDealId()), keccak256(abi.encode(purchaseId, 0)), "by purchase and piece");
    }
}
