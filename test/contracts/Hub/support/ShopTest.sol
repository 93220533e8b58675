// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IJury} from "../../../../contracts/interfaces/IJury.sol";
import {
    DisputeRules,
    GoodsBatch,
    GoodsMatch,
    IReceipt,
    SignedPurchaseOrder,
    SignedSaleOrder
} from "../../../../contracts/interfaces/IReceipt.sol";
import {Complaint, GoodsDeal, GoodsId, PurchaseOrder, SaleOrder, Stage} from "../../../../contracts/types/Goods.sol";
import {AssetId} from "../../../../contracts/types/Ids.sol";
import {Conditions} from "../../../../contracts/types/Orders.sol";
import {Deployer} from "../../support/Deployer.sol";
import {Vm, vm} from "../../support/Vm.sol";
import {HubTest} from "./HubTest.sol";

/// @notice Shops that sell: a Receipt which the Hub knows, a buyer, and deals brought to whatever stage.
abstract contract ShopTest is HubTest {
    uint256 internal constant OWNER_KEY = 0x50c5;
    uint256 internal constant OTHER_KEY = 0x07e4;
    uint256 internal constant BUYER_KEY = 0xb0b;

    uint64 internal constant SALE_PRICE = 70;
    uint32 internal constant SHIP_WITHIN = 2 days;
    uint32 internal constant DELIVER_WITHIN = 5 days;
    uint32 internal constant COMPLAINT_TIME = 14 days;
    uint32 internal constant ANSWER_TIME = 3 days;

    address internal buyer = vm.addr(BUYER_KEY);
    IReceipt internal receipt;
    uint256 private _salt;

    function setUp() public virtual override {
        super.setUp();
        receipt = newReceipt();
        vm.prank(governance);
        hub.setReceipt(receipt, true);
        fund(buyer, MONEY);
        _allow(receipt);
        join(owner, CODE);
    }

    /// @notice Another Receipt, which the Clerk takes deals of.
    function newReceipt() internal returns (IReceipt made) {
        DisputeRules memory rules = DisputeRules({
            answerTime: ANSWER_TIME,
            rulingTime: 7 days,
            bondShare: 500,
            minBond: 1,
            jury: IJury(address(0)),
            juryApp: AssetId.wrap(0),
            juryCategory: 0,
            juryTrust: 0,
            juryMinSeats: 0,
            juryMinSeatStake: 0
        });
        made = IReceipt(Deployer.create("Receipt", abi.encode(clerk, rules)));
        vm.prank(governance);
        clerk.registerCertifier(address(made), true);
    }

    function _allow(IReceipt to) internal {
        address[3] memory people = [owner, other, buyer];
        for (uint256 i = 0; i < people.length; ++i) {
            vm.prank(people[i]);
            clerk.allowCertifier(address(to), MONEY);
        }
    }

    /// @notice `sellerKey` sells `quantity` pieces to the buyer.
    function sell(IReceipt by, uint256 sellerKey, uint64 price, uint32 quantity) internal returns (GoodsDeal memory) {
        GoodsBatch memory batch;
        batch.sales = new SignedSaleOrder[](1);
        batch.purchases = new SignedPurchaseOrder[](1);
        batch.matches = new GoodsMatch[](1);
        batch.sales[0] = _sale(by, sellerKey, price, quantity);
        batch.purchases[0] = _purchase(by, price, quantity);
        vm.recordLogs();
        by.seal(batch, true);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IReceipt.GoodsSealed.selector) continue;
            (, , GoodsDeal memory deal) = abi.decode(logs[i].data, (bytes32, bytes32, GoodsDeal));
            return deal;
        }
        revert("nothing was sealed");
    }

    function sell() internal returns (GoodsDeal memory) {
        return sell(receipt, OWNER_KEY, SALE_PRICE, 3);
    }

    /// @notice Brings a fresh deal to a stage; the time passes that this takes.
    function bring(GoodsDeal memory deal, Stage stage) internal {
        if (stage == Stage.Sealed) return;
        if (stage == Stage.Refunded) return _refund(deal);
        if (stage == Stage.Split) return _split(deal);
        vm.prank(deal.seller);
        receipt.ship(deal, "parcel");
        if (stage == Stage.Shipped) return;
        if (stage == Stage.Paid) return confirm(deal);
        vm.prank(deal.buyer);
        receipt.dispute(deal, Complaint.NotAsAgreed, "evidence");
        if (stage == Stage.WonBySeller) return confirm(deal);
        if (stage == Stage.Contested) {
            vm.prank(deal.seller);
            receipt.contest(deal, "evidence");
        }
        if (stage != Stage.WonByBuyer) return;
        vm.warp(block.timestamp + ANSWER_TIME + 1);
        receipt.enforce(deal);
    }

    function confirm(GoodsDeal memory deal) internal {
        vm.prank(deal.buyer);
        receipt.confirm(deal, "");
    }

    function _refund(GoodsDeal memory deal) private {
        vm.prank(deal.seller);
        receipt.refund(deal);
    }

    function _split(GoodsDeal memory deal) private {
        bytes32 agreement = keccak256(
            abi.encode(keccak256("Split(bytes32 deal,uint64 toBuyer)"), keccak256(abi.encode(deal)), uint64(1))
        );
        bytes memory bySeller = _sign(receipt, OWNER_KEY, agreement);
        vm.prank(deal.buyer);
        receipt.split(deal, 1, "", bySeller);
    }

    function _sale(
        IReceipt by,
        uint256 sellerKey,
        uint64 price,
        uint32 quantity
    ) private returns (SignedSaleOrder memory signed) {
        SaleOrder memory o = signed.order;
        (o.seller, o.goods, o.price) = (vm.addr(sellerKey), GoodsId.wrap(keccak256("SOCKS:1")), price);
        (o.shipWithin, o.deliverWithin, o.complaintTime) = (SHIP_WITHIN, DELIVER_WITHIN, COMPLAINT_TIME);
        o.conditions = _conditions(by, quantity);
        signed.signature = _sign(by, sellerKey, by.hashSaleOrder(o));
    }

    function _purchase(IReceipt by, uint64 price, uint32 quantity) private returns (SignedPurchaseOrder memory signed) {
        PurchaseOrder memory o = signed.order;
        (o.buyer, o.goods, o.maxPrice) = (buyer, GoodsId.wrap(keccak256("SOCKS:1")), price);
        (o.maxShipWithin, o.maxDeliverWithin) = (SHIP_WITHIN, DELIVER_WITHIN);
        o.conditions = _conditions(by, quantity);
        signed.signature = _sign(by, BUYER_KEY, by.hashPurchaseOrder(o));
    }

    function _conditions(IReceipt by, uint32 volume) private returns (Conditions memory c) {
        (c.certifier, c.validUntil) = (address(by), uint64(block.timestamp));
        (c.volume, c.minFill, c.salt) = (volume, 1, bytes32(++_salt));
    }

    function _sign(IReceipt by, uint256 key, bytes32 structHash) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, by.digestOf(structHash));
        return abi.encodePacked(r, s, v);
    }
}
