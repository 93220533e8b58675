// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AssetId, AssetKind, DealId, RequestId, Restriction, toDealId} from "./Ids.sol";
import {Conditions} from "./Orders.sol";

// Goods: what shops sell, as it is signed (EIP-712) and as it is agreed. `src/protocol/goods-orders.ts` mirrors the orders
// one to one, and `test/vectors/goods-orders.json` holds both to the same hashes: a field added here invalidates every
// signature out there.
//
// Amounts are nano-HANSE (9 decimals) per piece, quantities are pieces, times are Unix seconds, durations seconds.

/// What is sold: `keccak256` of its public id, `CODE:SKU`.
type GoodsId is bytes32;

using {otherGoods as !=} for GoodsId global;

function otherGoods(GoodsId a, GoodsId b) pure returns (bool) {
    return GoodsId.unwrap(a) != GoodsId.unwrap(b);
}

/// Who decides when buyer and seller do not agree:
/// - zero: nobody, the order's default stands;
/// - an account, left-padded;
/// - a worker pool's `AssetId` (top byte 3): jurors drawn among its seats.
/// Anything else is no arbiter, and refused at the seal.
type Arbiter is bytes32;

using {isNobody, isPool, isAccount, isWellFormed, asSubject} for Arbiter global;

function isNobody(Arbiter arbiter) pure returns (bool) {
    return Arbiter.unwrap(arbiter) == 0;
}

function isPool(Arbiter arbiter) pure returns (bool) {
    return asSubject(arbiter).assetKind() == AssetKind.Pool;
}

function isAccount(Arbiter arbiter, address account) pure returns (bool) {
    return Arbiter.unwrap(arbiter) == bytes32(uint256(uint160(account)));
}

function isWellFormed(Arbiter arbiter) pure returns (bool) {
    return uint256(Arbiter.unwrap(arbiter)) >> 160 == 0 || isPool(arbiter);
}

/// What a `Restriction` compares: a pool's id, or an account in the same bits.
function asSubject(Arbiter arbiter) pure returns (AssetId) {
    return AssetId.wrap(uint256(Arbiter.unwrap(arbiter)));
}

/// Who gets the price.
enum Outcome {
    Buyer,
    Seller
}

/// Why the buyer complains.
enum Complaint {
    NotArrived,
    NotAsAgreed
}

/// The two orders of goods.
enum Side {
    Sale,
    Purchase
}

/// A shop sells goods. `conditions.volume` is how many pieces, `conditions.certifier` the Receipt it is signed for.
struct SaleOrder {
    address seller;
    GoodsId goods;
    uint64 price;
    /// From the seal until the parcel has to be on its way; later anyone may have the buyer refunded.
    uint32 shipWithin;
    /// From then on until it has to be there.
    uint32 deliverWithin;
    /// How long the buyer may complain after that.
    uint32 complaintTime;
    Arbiter arbiter;
    /// Who gets the price when a complaint about the goods is not ruled in time. One that nothing arrived is the buyer's
    /// then, unless the order has an arbiter and says `Seller`.
    Outcome defaultOutcome;
    /// What the seller has at stake for each piece, the buyer's when the seller does not ship or is found wrong.
    uint64 sellerBond;
    /// Who brought the buyer, and gets `commission` of the price of each piece; zero: nobody.
    address referrer;
    uint64 commission;
    /// How much longer the buyer may complain who resells (`IReceipt.extend`).
    uint32 resaleMargin;
    /// Of a resale: the deal by which the seller gets what it sells; zero: none.
    DealId supply;
    Restriction onlyBuyer;
    Conditions conditions;
}

/// Somebody buys goods. `conditions.volume` is how many pieces, at most `MAX_PURCHASE_VOLUME`.
struct PurchaseOrder {
    address buyer;
    GoodsId goods;
    uint64 maxPrice;
    /// Commits to where the parcel goes (`src/protocol/ship-to.ts`).
    bytes32 shipTo;
    /// The only `SaleOrder` it takes, by struct hash; the bounds below are not looked at then. Zero: any within them.
    bytes32 saleOrder;
    Restriction onlySeller;
    uint32 maxShipWithin;
    uint32 maxDeliverWithin;
    uint32 minComplaintTime;
    /// The arbiters that the buyer takes, exactly one or a group. Zero: only sales without an arbiter.
    Restriction onlyArbiter;
    /// `Buyer`: sales whose default is `Seller` are refused.
    Outcome defaultOutcome;
    uint64 minSellerBond;
    uint32 minResaleMargin;
    /// Purchases of one buyer with the same basket are sealed all together, each whole, or not at all; zero: none.
    bytes32 basket;
    /// How many purchases the basket has.
    uint16 basketSize;
    Conditions conditions;
}

/// A sealed deal of goods, everything frozen as it was agreed. The Receipt stores the first 24 bytes of its hash;
/// whoever acts on it brings the content back from the `GoodsSealed` event.
struct GoodsDeal {
    /// The purchases that share a volume: `toRequestId(buyer, salt)`.
    RequestId purchaseId;
    address seller;
    address buyer;
    address referrer;
    GoodsId goods;
    bytes32 shipTo;
    Arbiter arbiter;
    DealId supply;
    uint64 price;
    uint64 sellerBond;
    uint64 commission;
    uint32 shipWithin;
    uint32 deliverWithin;
    uint32 complaintTime;
    uint32 resaleMargin;
    Outcome defaultOutcome;
    uint40 sealedAt;
    /// The first piece's index in the purchase, and how many pieces this deal has.
    uint32 firstPiece;
    uint32 quantity;
}

// Every member is one word: hashed and sent where it lies, as `Deal`.
uint256 constant GOODS_DEAL_BYTES = 19 * 32;

using {goodsDealId} for GoodsDeal global;

/// One sealed deal of goods: `keccak256(abi.encode(purchaseId, firstPiece))`.
function goodsDealId(GoodsDeal memory deal) pure returns (DealId) {
    return toDealId(deal.purchaseId, deal.firstPiece);
}

/// `keccak256(abi.encode(deal))`: what buyer and seller sign for when they agree how it ends.
function hashOfGoods(GoodsDeal calldata deal) pure returns (bytes32 hash) {
    assembly ("memory-safe") {
        let free := mload(0x40)
        calldatacopy(free, deal, GOODS_DEAL_BYTES)
        hash := keccak256(free, GOODS_DEAL_BYTES)
    }
}

/// What the Receipt keeps of a deal in memory: the first 24 bytes of that hash. A collision costs 2^96.
function commitmentOfGoods(GoodsDeal memory deal) pure returns (bytes24 commitment) {
    assembly ("memory-safe") {
        commitment := shl(64, shr(64, keccak256(deal, GOODS_DEAL_BYTES)))
    }
}

/// Where a deal stands. From `Paid` on it is over.
enum Stage {
    None,
    Sealed,
    Shipped,
    Disputed, // the buyer complained, the seller has not answered
    Contested, // the seller answered: somebody has to rule
    Paid, // the seller got its price: confirmed, or no complaint in time
    Refunded, // the buyer got it back: not shipped, or the seller's own will
    Split, // both signed who gets what
    WonBySeller,
    WonByBuyer
}

/// Why a match of goods is not sealed. `src/protocol/goods-refusals.ts` mirrors the order.
enum GoodsRefusal {
    None,
    // about one order
    BadSignature,
    Expired,
    WrongEpoch,
    CancelledOrFilled,
    NotTheMatcher,
    OtherCertifier,
    TermsNotMet,
    CommissionTooHigh, // above the price, or for nobody
    ArbiterIsParty, // the seller, the referrer or the buyer would be the judge
    VolumeTooLarge, // of a purchase
    // about both orders together
    OtherGoods,
    OtherSale,
    PriceAboveBid,
    Restricted,
    SelfDealing,
    ShipsTooLate,
    DeliversTooLate,
    ComplaintTooShort,
    ArbiterNotAccepted, // by the buyer; or it is neither an account nor a pool
    DefaultNotAccepted,
    SellerBondTooLow,
    ResaleMarginTooShort,
    FillTooSmall,
    BasketBroken, // another purchase of the basket is missing, or not whole, or the batch is not strict
    // about the market
    NotRegistered, // governance takes no new deals of this Receipt
    BuyerUnfunded, // its free money, or what it allows the Receipt to hold
    SellerUnfunded,
    OperatorLimit
}
