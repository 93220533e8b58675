// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {GoodsHash} from "../../../contracts/libraries/GoodsHash.sol";
import {GoodsDeal, PurchaseOrder, SaleOrder} from "../../../contracts/types/Goods.sol";
import {DealId} from "../../../contracts/types/Ids.sol";
import {DealVector, GoodsVector, GoodsVectors} from "../support/GoodsVectors.sol";
import {Test} from "../support/Test.sol";

/// GoodsHash
///   given the vectors     it should agree with two wallet libraries on orders, deals, confirmations and splits
contract GoodsHashTest is Test {
    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );

    // Orders are hashed where they lie in calldata.

    function hashSale(SaleOrder calldata order) external pure returns (bytes32) {
        return GoodsHash.hash(order);
    }

    function hashPurchase(PurchaseOrder calldata order) external pure returns (bytes32) {
        return GoodsHash.hash(order);
    }

    function _check(GoodsVector memory v, bytes32 structHash) private pure {
        assertEq(structHash, v.structHash, "the struct hash");
        bytes32 separator = keccak256(
            abi.encode(DOMAIN_TYPEHASH, keccak256("Hanse Receipt"), keccak256("1"), v.chain, v.receipt)
        );
        assertEq(separator, v.domainSeparator, "the domain");
        bytes32 digest = MessageHashUtils.toTypedDataHash(separator, structHash);
        assertEq(digest, v.digest, "the digest");
        assertEq(ECDSA.recover(digest, v.signature), GoodsVectors.SIGNER, "the signer");
    }

    function _check(DealVector memory v) private pure {
        bytes32 hash = keccak256(abi.encode(v.deal));
        assertEq(hash, v.hash, "the deal's hash");
        assertEq(DealId.unwrap(v.deal.goodsDealId()), v.id, "the deal's id");
        _check(v.confirmation, GoodsHash.confirmation(hash));
        _check(v.split, GoodsHash.split(hash, v.toBuyer));
    }

    function test_agreesOnSales() external view {
        (GoodsVector memory v, SaleOrder memory o) = GoodsVectors.order0();
        _check(v, this.hashSale(o));
        (v, o) = GoodsVectors.order1();
        _check(v, this.hashSale(o));
        (v, o) = GoodsVectors.order2();
        _check(v, this.hashSale(o));
    }

    function test_agreesOnPurchases() external view {
        (GoodsVector memory v, PurchaseOrder memory o) = GoodsVectors.order3();
        _check(v, this.hashPurchase(o));
        (v, o) = GoodsVectors.order4();
        _check(v, this.hashPurchase(o));
        (v, o) = GoodsVectors.order5();
        _check(v, this.hashPurchase(o));
    }

    function test_agreesOnDeals() external pure {
        _check(GoodsVectors.deal0());
        _check(GoodsVectors.deal1());
        _check(GoodsVectors.deal2());
    }
}
