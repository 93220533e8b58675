// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Entry, IClerk} from "../../../../contracts/interfaces/IClerk.sol";
import {GoodsBatch, IReceipt, SignedPurchaseOrder} from "../../../../contracts/interfaces/IReceipt.sol";
import {Complaint, GoodsDeal, Outcome, PurchaseOrder, Side, Stage} from "../../../../contracts/types/Goods.sol";
import {GoodsSlot, SINCE_SHIFT} from "../../../../contracts/types/GoodsSlot.sol";
import {DealId, UnitId, toDealId, toRequestId} from "../../../../contracts/types/Ids.sol";
import {vm} from "../../support/Vm.sol";

/// @notice A Receipt with one fault: it runs the real one's code on its own storage, and changes something before or after.
/// What is planted must be found by the laws, or they prove nothing.
abstract contract PlantedReceipt {
    /// @dev One deal that is not over, in `_dealsOf`.
    uint256 internal constant ONE_OPEN = 1 << 40;

    // The Receipt's storage, in its order.
    mapping(DealId id => GoodsSlot) internal _deals;
    mapping(address seller => uint256) internal _dealsOf;
    mapping(address signer => mapping(uint256 group => uint256)) internal _lanes;
    mapping(address owner => mapping(address operator => uint64)) internal _spent;
    mapping(UnitId unit => bytes32) internal _rulings;

    /// @dev Far from the Receipt's own.
    IReceipt[1 << 64] private _gap;
    IReceipt internal _real;
    IClerk internal _clerk;
    mapping(bytes32 orderHash => bytes32) internal _given;

    function plant(IReceipt real, IClerk clerk) external {
        (_real, _clerk) = (real, clerk);
    }

    /// @notice The order that a twin was given for one it had sealed; the same where it changes none.
    function givenFor(bytes32 orderHash) external view returns (bytes32) {
        return _given[orderHash] == 0 ? orderHash : _given[orderHash];
    }

    fallback() external {
        bytes memory call = msg.data;
        call = _before(call);
        (bool success, bytes memory answer) = address(_real).delegatecall(call);
        if (success) _after();
        assembly {
            if iszero(success) {
                revert(add(answer, 0x20), mload(answer))
            }
            return(add(answer, 0x20), mload(answer))
        }
    }

    /// @dev What is called in the end.
    function _before(bytes memory call) internal virtual returns (bytes memory) {
        return call;
    }

    /// @dev Runs after every call that succeeded.
    function _after() internal virtual {}

    /// @dev Most functions' first argument.
    function _deal() internal pure returns (GoodsDeal memory) {
        return abi.decode(msg.data[4:], (GoodsDeal));
    }

    /// @dev Moves the deal's time at its stage.
    function _shift(int256 time) internal {
        DealId id = _deal().goodsDealId();
        // Times are far from both ends of their bits.
        unchecked {
            _deals[id] = GoodsSlot.wrap(GoodsSlot.unwrap(_deals[id]) + (uint256(time) << SINCE_SHIFT));
        }
    }

    function _move(address from, address to, uint64 amount) internal {
        Entry[] memory entry = new Entry[](1);
        Entry[] memory credit = new Entry[](1);
        (entry[0], credit[0]) = (Entry(from, amount), Entry(to, amount));
        if (_clerk.bondOf(from, address(this)).bonded >= amount) _clerk.slash(entry, credit);
    }
}

/// @notice No fault: shows that the laws hold on a twin as such.
contract FaultlessReceipt is PlantedReceipt {}

/// @notice Law 1: forgets to hold the bond of a dispute.
contract FreeDisputesReceipt is PlantedReceipt {
    function _after() internal override {
        if (msg.sig == IReceipt.dispute.selector) _clerk.unbond(_deal().buyer, 1);
    }
}

/// @notice Law 1: counts no end.
contract UncountingReceipt is PlantedReceipt {
    function _after() internal override {
        if (msg.sig == IReceipt.confirm.selector) _dealsOf[_deal().seller] += ONE_OPEN;
    }
}

/// @notice Law 1: forgets who lost a dispute.
contract ForgivingReceipt is PlantedReceipt {
    function _after() internal override {
        // The counts alone are left.
        if (msg.sig == IReceipt.enforce.selector) _dealsOf[_deal().seller] &= ~(ONE_OPEN - 1);
    }
}

/// @notice Laws 1 and 2: pays commission on what goes back, out of what else it holds of the seller.
contract CommissionOnRefundsReceipt is PlantedReceipt {
    function _after() internal override {
        if (msg.sig != IReceipt.refund.selector) return;
        GoodsDeal memory deal = _deal();
        if (deal.commission != 0) _move(deal.seller, deal.referrer, 1);
    }
}

/// @notice Law 2: a deal that was confirmed may be settled again, out of what is held for others.
contract RepeatingReceipt is PlantedReceipt {
    function _after() internal override {
        if (msg.sig != IReceipt.confirm.selector) return;
        DealId id = _deal().goodsDealId();
        _deals[id] = _deals[id].entered(Stage.Shipped);
        _dealsOf[_deal().seller] += ONE_OPEN;
    }
}

/// @notice Law 3: counts no fill of sales.
contract ForgetfulReceipt is PlantedReceipt {
    function _after() internal override {
        if (msg.sig != IReceipt.seal.selector) return;
        (GoodsBatch memory batch, ) = abi.decode(msg.data[4:], (GoodsBatch, bool));
        for (uint256 i = 0; i < batch.sales.length; ++i) {
            uint256 salt = uint256(batch.sales[i].order.conditions.salt);
            _lanes[batch.sales[i].order.seller][(salt >> 3) | (uint256(Side.Sale) << 253)] = 0;
        }
    }
}

/// @notice Law 3: counts no fill of purchases, which stands in the slot of the first deal.
contract ForgetfulOfPurchasesReceipt is PlantedReceipt {
    function _after() internal override {
        if (msg.sig != IReceipt.seal.selector) return;
        (GoodsBatch memory batch, ) = abi.decode(msg.data[4:], (GoodsBatch, bool));
        for (uint256 i = 0; i < batch.purchases.length; ++i) {
            PurchaseOrder memory order = batch.purchases[i].order;
            DealId first = toDealId(toRequestId(order.buyer, order.conditions.salt), 0);
            _deals[first] = _deals[first].withFilled(0);
        }
    }
}

/// @notice Law 3: seals whatever the price, as if the buyer had signed no bound: it signs again without one.
contract BoundlessBidsReceipt is PlantedReceipt {
    function _before(bytes memory call) internal override returns (bytes memory) {
        if (msg.sig != IReceipt.seal.selector) return call;
        (GoodsBatch memory batch, bool strict) = abi.decode(msg.data[4:], (GoodsBatch, bool));
        for (uint256 i = 0; i < batch.purchases.length; ++i) {
            SignedPurchaseOrder memory purchase = batch.purchases[i];
            bytes32 given = _real.hashPurchaseOrder(purchase.order);
            uint256 key = _keyOf(purchase.order.buyer);
            // What somebody else signed stays as it is, and is refused for that.
            if (keccak256(purchase.signature) != keccak256(_signature(key, given))) continue;
            purchase.order.maxPrice = type(uint64).max;
            bytes32 boundless = _real.hashPurchaseOrder(purchase.order);
            purchase.signature = _signature(key, boundless);
            _given[boundless] = given;
        }
        return abi.encodeCall(IReceipt.seal, (batch, strict));
    }

    function _signature(uint256 key, bytes32 orderHash) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, _real.digestOf(orderHash));
        return abi.encodePacked(r, s, v);
    }

    /// @dev As in `GoodsLedger`.
    function _keyOf(address person) private pure returns (uint256 key) {
        key = 0x1000;
        while (vm.addr(key) != person) ++key;
    }
}

/// @notice Law 4: releases a day before the buyer's time is over.
contract EarlyReceipt is PlantedReceipt {
    function _before(bytes memory call) internal override returns (bytes memory) {
        if (msg.sig == IReceipt.release.selector) _shift(-1 days);
        return call;
    }
}

/// @notice Law 4: each resale lengthens the time to complain.
contract BoundlessReceipt is PlantedReceipt {
    function _after() internal override {
        if (msg.sig == IReceipt.extend.selector) _shift(int256(uint256(_deal().resaleMargin)));
    }
}

/// @notice Law 4: hears in each ruling the contrary.
contract ContraryReceipt is PlantedReceipt {
    function _before(bytes memory call) internal view override returns (bytes memory) {
        if (msg.sig != IReceipt.rule.selector) return call;
        (GoodsDeal memory deal, Outcome outcome) = abi.decode(msg.data[4:], (GoodsDeal, Outcome));
        return abi.encodeCall(IReceipt.rule, (deal, outcome == Outcome.Buyer ? Outcome.Seller : Outcome.Buyer));
    }
}

/// @notice Law 4: believes that nothing arrived as soon as it is sent.
contract CredulousReceipt is PlantedReceipt {
    function _before(bytes memory call) internal view override returns (bytes memory) {
        if (msg.sig != IReceipt.dispute.selector) return call;
        (GoodsDeal memory deal, , bytes32 evidence) = abi.decode(msg.data[4:], (GoodsDeal, Complaint, bytes32));
        return abi.encodeCall(IReceipt.dispute, (deal, Complaint.NotAsAgreed, evidence));
    }
}
