// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {POWER_PURCHASE_ORDER, POWER_SALE_ORDER} from "../../../../contracts/interfaces/IKeyring.sol";
import {GoodsBatch, SignedPurchaseOrder, SignedSaleOrder} from "../../../../contracts/interfaces/IReceipt.sol";
import {GoodsHash} from "../../../../contracts/libraries/GoodsHash.sol";
import {OrderHash} from "../../../../contracts/libraries/OrderHash.sol";
import {GoodsRefusal, PurchaseOrder, SaleOrder, Side} from "../../../../contracts/types/Goods.sol";
import {BulkTree} from "../../support/BulkTree.sol";
import {KeyWallet} from "../../support/Foreign.sol";
import {vm} from "../../support/Vm.sol";
import {GoodsTest} from "../support/GoodsTest.sol";

/// seal, of signatures
///   given anything that is no signature of the account's          it should be refused
///   given a signature for another chain, Receipt or the Clerk     it should be refused
///   given an operator without the power, or too late              it should be refused
///   given an order for nobody                                     it should be refused
///   given 65 or 64 bytes of its key, its operator's, presigned, ERC-1271 or bulk   it should be sealed
contract SealSignaturesTest is GoodsTest {
    function _batch(Side side, bytes memory word) private view returns (GoodsBatch memory batch) {
        batch = batchOf(saleOrder(), bid());
        if (side == Side.Sale) batch.sales[0].signature = word;
        else batch.purchases[0].signature = word;
    }

    function _hash(Side side) private view returns (bytes32) {
        return side == Side.Sale ? receipt.hashSaleOrder(saleOrder()) : receipt.hashPurchaseOrder(bid());
    }

    function _key(Side side) private pure returns (uint256) {
        return side == Side.Sale ? SELLER_KEY : BUYER_KEY;
    }

    function testFuzz_refusesJunk(bytes calldata junk, bool sale) external {
        Side side = sale ? Side.Sale : Side.Purchase;
        refused(_batch(side, junk), side, GoodsRefusal.BadSignature);
    }

    function testFuzz_refusesTheOthersSignature(bool sale) external {
        Side side = sale ? Side.Sale : Side.Purchase;
        bytes memory word = signature(_key(sale ? Side.Purchase : Side.Sale), _hash(side));
        refused(_batch(side, word), side, GoodsRefusal.BadSignature);
    }

    function testFuzz_refusesAnotherDomain(bool sale) external {
        Side side = sale ? Side.Sale : Side.Purchase;
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_key(side), clerk.digestOf(_hash(side)));
        refused(_batch(side, abi.encodePacked(r, s, v)), side, GoodsRefusal.BadSignature);
        bytes32 digest = newReceipt(rulesOfDisputes()).digestOf(_hash(side));
        (v, r, s) = vm.sign(_key(side), digest);
        refused(_batch(side, abi.encodePacked(r, s, v)), side, GoodsRefusal.BadSignature);
    }

    function testFuzz_refusesAnotherChain(uint64 chain, bool sale) external {
        Side side = sale ? Side.Sale : Side.Purchase;
        chain = uint64(bound(chain, 1, type(uint64).max));
        vm.assume(chain != block.chainid);
        uint256 here = block.chainid;
        bytes memory word = signature(_key(side), _hash(side));
        GoodsBatch memory batch = _batch(side, word);
        vm.chainId(chain);
        // The other order is signed for the other chain as well.
        if (sale) batch.purchases[0] = signed(bid(), BUYER_KEY);
        else batch.sales[0] = signed(saleOrder(), SELLER_KEY);
        refused(batch, side, GoodsRefusal.BadSignature);
        vm.chainId(here);
    }

    function testFuzz_refusesAnOperatorWithoutThePower(bool sale) external {
        Side side = sale ? Side.Sale : Side.Purchase;
        uint16 power = sale ? POWER_SALE_ORDER : POWER_PURCHASE_ORDER;
        grant(sale ? seller : buyer, type(uint16).max ^ power, type(uint64).max);
        bytes memory word = signature(OPERATOR_KEY, _hash(side));
        refused(_batch(side, word), side, GoodsRefusal.BadSignature);
    }

    function testFuzz_sealsByAnOperator(bool sale) external {
        Side side = sale ? Side.Sale : Side.Purchase;
        grant(sale ? seller : buyer, sale ? POWER_SALE_ORDER : POWER_PURCHASE_ORDER, type(uint64).max);
        sealOne(_batch(side, signature(OPERATOR_KEY, _hash(side))));
    }

    function test_refusesAnOrderForNobody() external {
        SaleOrder memory sale = saleOrder();
        sale.seller = address(0);
        GoodsBatch memory batch = batchOf(SignedSaleOrder(sale, ""), signed(bid(), BUYER_KEY));
        refused(batch, Side.Sale, GoodsRefusal.BadSignature);
        PurchaseOrder memory wanted = bid();
        wanted.buyer = address(0);
        batch = batchOf(signed(saleOrder(), SELLER_KEY), SignedPurchaseOrder(wanted, ""));
        refused(batch, Side.Purchase, GoodsRefusal.BadSignature);
    }

    function testFuzz_sealsShortSignatures(bool sale) external {
        Side side = sale ? Side.Sale : Side.Purchase;
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_key(side), receipt.digestOf(_hash(side)));
        sealOne(_batch(side, abi.encodePacked(r, s | bytes32(uint256(v - 27) << 255))));
    }

    function testFuzz_sealsWhatIsPresigned(bool sale) external {
        Side side = sale ? Side.Sale : Side.Purchase;
        bytes32 digest = receipt.digestOf(_hash(side));
        vm.prank(sale ? seller : buyer);
        keyring.presign(digest, true);
        sealOne(_batch(side, ""));
    }

    function test_sealsForASmartAccount() external {
        buyer = address(new KeyWallet(buyer));
        fund(buyer, FUNDS);
        allow(buyer, type(uint64).max);
        sealOne(batchOf(saleOrder(), bid()));
    }

    /// @dev The plain way to hash `BulkOrder(<Kind>Order[2][2] tree)`.
    function _bulk(Side side, uint256 index, uint256 seed) private view returns (bytes memory) {
        bytes32[] memory leaves = BulkTree.leavesAround(_hash(side), index, 2, seed);
        string memory types = string.concat(
            side == Side.Sale ? "BulkOrder(SaleOrder[2][2] tree)" : "BulkOrder(PurchaseOrder[2][2] tree)",
            OrderHash.CONDITIONS_TYPE,
            side == Side.Sale ? GoodsHash.SALE_ORDER_TYPE : GoodsHash.PURCHASE_ORDER_TYPE
        );
        bytes32 root = keccak256(abi.encode(keccak256(bytes(types)), BulkTree.rootOf(leaves)));
        return BulkTree.encode(signature(_key(side), root), BulkTree.proofOf(leaves, index), index);
    }

    function testFuzz_sealsWhatIsSignedInBulk(bool sale, uint8 index, uint256 seed) external {
        Side side = sale ? Side.Sale : Side.Purchase;
        sealOne(_batch(side, _bulk(side, index % 4, seed)));
    }

    function testFuzz_refusesABulkSignatureOfTheOtherKind(bool sale, uint8 index, uint256 seed) external {
        Side side = sale ? Side.Sale : Side.Purchase;
        bytes memory word = _bulk(sale ? Side.Purchase : Side.Sale, index % 4, seed);
        refused(_batch(side, word), side, GoodsRefusal.BadSignature);
    }
}
