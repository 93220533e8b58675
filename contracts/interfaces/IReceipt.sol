// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Complaint, GoodsDeal, GoodsRefusal, Outcome, PurchaseOrder, SaleOrder, Side, Stage} from "../types/Goods.sol";
import {AssetId, DealId, UnitId} from "../types/Ids.sol";
import {IClerk, Terms} from "./IClerk.sol";
import {IJury} from "./IJury.sol";
import {IKeyring} from "./IKeyring.sol";
import {IResultReceiver} from "./IResultReceiver.sol";

struct SignedSaleOrder {
    SaleOrder order;
    bytes signature;
}

struct SignedPurchaseOrder {
    PurchaseOrder order;
    bytes signature;
}

/// @notice Two orders that go together, by their places in the batch.
struct GoodsMatch {
    uint16 sale;
    uint16 purchase;
}

/// @notice Orders, each once, and the matches among them.
struct GoodsBatch {
    SignedSaleOrder[] sales;
    SignedPurchaseOrder[] purchases;
    /// Of all orders that have some, each once, in any order. The checkers are `IGoodsTerms`.
    Terms[] terms;
    GoodsMatch[] matches;
}

/// @notice What would become of a match.
struct GoodsPreview {
    Side side;
    /// `None`: it would be sealed.
    GoodsRefusal refusal;
    /// Of how many pieces the deal would be; zero where it is refused.
    uint32 quantity;
}

/// @notice A deal. The Receipt keeps it in one slot (`GoodsSlot`).
struct GoodsState {
    Stage stage;
    /// When it came to that stage.
    uint40 since;
    /// Whether `extend` has lengthened the time to complain.
    bool extended;
    /// What the buyer complains of; means nothing before it does.
    Complaint complaint;
    /// The first 24 bytes of `keccak256(abi.encode(deal))`.
    bytes24 commitment;
}

/// @notice By which rules disputes go; for the contract's whole life.
struct DisputeRules {
    /// How long (seconds) the seller has to answer a complaint.
    uint32 answerTime;
    /// How long (seconds) the arbiter has from then on.
    uint32 rulingTime;
    /// What each side puts up for a dispute: so many hundredths of a percent of the price, and at least `minBond`
    /// (nano-HANSE).
    uint16 bondShare;
    uint64 minBond;
    /// Who draws jurors, and how it is asked: the app that shows them the case, category, trust, and what it demands of
    /// the pool.
    IJury jury;
    AssetId juryApp;
    uint16 juryCategory;
    uint32 juryTrust;
    uint32 juryMinSeats;
    uint64 juryMinSeatStake;
}

/// @title IReceipt
/// @notice Goods: orders, deals, and whether the parcel came. Beside the Clerk, as its certifier: what buyer and seller
/// lock for a deal is a bond that the Clerk holds in this contract's name, within what each of them allows it
/// (`IClerk.allowCertifier`). The Clerk's laws hold whatever is wrong here: no more than that can be lost.
///
/// Laws:
/// 1. What is bonded here of an account is exactly the sum of what its deals that are not over hold of it.
/// 2. A deal pays out exactly what was locked in its name, once, to its own buyer, seller and referrer.
/// 3. An order is sealed never beyond its volume, past its expiry, in another epoch or by another matcher than it says,
///    and only while it is signed for its account; a purchase never on terms its signer did not sign, nor above its price.
/// 4. The price goes to the seller only by the buyer's signature, by time without complaint, by both signatures, or by a
///    ruling; it goes back by the seller's will, by time without shipping or without an answer, by both signatures, or by
///    a ruling. Commission is paid out of what the seller gets, in proportion to it, and so never of what goes back.
///
/// The course of a deal:
///
///   Sealed ─ship─► Shipped ─dispute─► Disputed ─contest─► Contested ─rule/enforce─► WonBySeller | WonByBuyer
///                     │                  └─enforce, no answer in time─► WonByBuyer
///                     └─release, no complaint in time─► Paid
///
///   Sealed, Shipped or Disputed ─refund─► Refunded
///   any of the four ─confirm─► Paid, once it is disputed WonBySeller
///   any of the four ─split─► Split
///
/// Money at each end, where price, commission and bond are those of all pieces:
/// - Paid: price less commission and the seller's bond to the seller; commission to the referrer.
/// - Refunded: the price to the buyer; the seller's bond to the seller, or to the buyer when the seller has not shipped
///   in time and somebody else than the seller has the buyer refunded.
/// - Split: `toBuyer` of the price to the buyer, the rest as if paid; all bonds back.
/// - WonBySeller: as paid, and the buyer's dispute bond to the seller, who gets its own back.
/// - WonByBuyer: the price, the seller's bond and the seller's dispute bond to the buyer, who gets its own back.
/// So a dispute is free for nobody who loses it. What is split is rounded in the seller's favour, against the referrer.
///
/// Orders are EIP-712 typed data of the domain ("Hanse Receipt", "1", chain id, this contract), signed in every way that
/// `IKeyring` tells. What is taken of an order is counted by side, signer and salt, as in the Clerk. A purchase is of at
/// most `MAX_PURCHASE_VOLUME` pieces (16,777,214): its count stands in the slot of its first deal. So a buyer's salts may be
/// any; a seller who numbers salts one after the other pays less gas: eight of them share a slot.
/// @dev Warning: an operator key's limit is counted by each contract that takes orders: a key with powers for both Clerk
/// and Receipt may lock up to its limit in each.
interface IReceipt is IResultReceiver {
    /// @notice A deal was sealed. Whoever acts on it later brings `deal` back as calldata.
    event GoodsSealed(
        DealId indexed id,
        address indexed seller,
        address indexed buyer,
        bytes32 saleHash,
        bytes32 purchaseHash,
        GoodsDeal deal
    );
    /// @notice Match `index` of the caller's batch was left out.
    event GoodsRefused(uint256 index, bytes32 indexed purchaseHash, Side side, GoodsRefusal refusal);
    event GoodsOrderCancelled(address indexed account, Side indexed side, bytes32 indexed salt);

    event Shipped(DealId indexed id, bytes32 trackingHash);
    /// @notice `id` is the supply of the resale `resale`: its buyer may complain for longer.
    event ComplaintExtended(DealId indexed id, DealId indexed resale);
    event Disputed(DealId indexed id, Complaint complaint, bytes32 evidenceHash, uint64 bond);
    event Contested(DealId indexed id, bytes32 evidenceHash, uint64 bond);
    /// @notice Jurors may be drawn: the request that this contract signed, to be sealed with the sponsor's signature.
    event JurySummoned(DealId indexed id, UnitId indexed unit, address indexed sponsor, bytes32 requestHash);
    event JuryRuled(UnitId indexed unit, Outcome outcome);
    /// @notice The deal is over. What buyer, seller and referrer got of all that was locked (nano-HANSE).
    event GoodsSettled(DealId indexed id, Stage stage, uint64 toBuyer, uint64 toSeller, uint64 toReferrer);

    /// @notice Match `index` names an order that is not in the batch.
    error ReceiptMatchOutOfRange(uint256 index);
    /// @notice A strict batch holds a match that cannot be sealed.
    error ReceiptMatchRefused(uint256 index, Side side, GoodsRefusal refusal);
    /// @notice The content brought back is not that of a sealed deal.
    error ReceiptDealUnknown(DealId id);
    /// @notice What is asked cannot be done at that stage.
    error ReceiptWrongStage(DealId id, Stage stage);
    /// @notice Too early: possible only after `until`.
    error ReceiptTooEarly(DealId id, uint256 until);
    /// @notice Too late: it was possible up to and including `until`.
    error ReceiptTooLate(DealId id, uint256 until);
    /// @notice The caller is neither `account` nor its operator with the power for parcels.
    error ReceiptNotAllowed(address account, address caller);
    /// @notice Not signed for `account`.
    error ReceiptNotSigned(address account);
    /// @notice More than the price.
    error ReceiptSplitTooHigh(uint64 toBuyer, uint256 price);
    /// @notice The deal's arbiter is another.
    error ReceiptNotTheArbiter(DealId id, address caller);
    /// @notice The deal's arbiter is no pool of jurors.
    error ReceiptNoJury(DealId id);
    /// @notice `resale` is not a running resale of what `supply` delivers to the same shop, of at most as much.
    error ReceiptNotItsResale(DealId supply, DealId resale);
    /// @notice Only the jury tells rulings.
    error ReceiptNotTheJury(address caller);
    /// @notice Rules that cannot work: no time to answer or rule, a share above the whole, disputes that cost nothing.
    error ReceiptRulesInvalid();

    // ── Orders ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Seals matches into deals, in the order given. Anyone may call it. Of each match the smallest remaining
    /// volume is sealed, at the seller's price. Emits `GoodsSealed` for each deal, `GoodsRefused` for each match left out.
    /// Of what is wrong with a match the first is told: with the purchase, with the sale, that governance takes no new deals,
    /// with both together, with terms (where there are some, after volumes), volumes, basket, money.
    /// @param strict Whether one refusal reverts it all (`ReceiptMatchRefused`); baskets are sealed only so.
    /// @return sealedCount How many deals were sealed.
    /// @dev Contracts named by orders (signers, groups, terms) are called statically, with capped gas and return data, and
    /// before anything changes. Reverts with `ReceiptMatchOutOfRange`, `ForeignCallGasTooLow`, and `ReceiptMatchRefused`
    /// where `strict`.
    function seal(GoodsBatch calldata batch, bool strict) external returns (uint256 sealedCount);

    /// @notice What a strict `seal` would do with each match if it were the only one, called by `sealer`; a basket counts as
    /// whole where the batch holds all of it.
    function preview(GoodsBatch calldata batch, address sealer) external view returns (GoodsPreview[] memory);

    /// @notice Cancels the caller's orders of one side with these salts for good. Emits `GoodsOrderCancelled` for each.
    /// Raising the epoch in the Clerk cancels everything older.
    function cancel(Side side, bytes32[] calldata salts) external;

    // ── The parcel ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice The seller says that the parcel is on its way. Emits `Shipped`.
    /// @param trackingHash Commits to what the carrier calls it.
    /// @dev Reverts with `ReceiptDealUnknown`, `ReceiptNotAllowed`, `ReceiptWrongStage`, and `ReceiptTooLate` after
    /// `shipWithin`.
    function ship(GoodsDeal calldata deal, bytes32 trackingHash) external;

    /// @notice The buyer has what it wanted: the seller is paid. Anyone who brings the buyer's signature of
    /// `Confirmation(bytes32 deal)`, where `deal` is `keccak256(abi.encode(deal))`; the buyer itself and its operators need
    /// none (empty). At any time before the end; in a dispute the buyer thereby loses it. Emits `GoodsSettled`.
    /// @dev Reverts with `ReceiptDealUnknown`, `ReceiptWrongStage`, `ReceiptNotSigned`.
    function confirm(GoodsDeal calldata deal, bytes calldata signature) external;

    /// @notice Pays the seller when nobody has complained in time. Anyone. Emits `GoodsSettled`.
    /// @dev Reverts with `ReceiptDealUnknown`, `ReceiptWrongStage`, `ReceiptTooEarly`.
    function release(GoodsDeal calldata deal) external;

    /// @notice Gives the price back: the seller (or its operator) before it is shipped, after, or in answer to a complaint;
    /// anyone when it was not shipped in time. Not once the seller contests. Emits `GoodsSettled`.
    /// @dev Answering a complaint with a refund costs the seller nothing; the buyer gets its dispute bond back. Reverts
    /// with `ReceiptDealUnknown`, `ReceiptWrongStage`, `ReceiptNotAllowed`, `ReceiptTooEarly`.
    function refund(GoodsDeal calldata deal) external;

    /// @notice Both sides agree who gets what, by their signatures of `Split(bytes32 deal,uint64 toBuyer)`; either side
    /// itself and its operators need none (empty). Anyone. At any time before the end. Emits `GoodsSettled`.
    /// @param toBuyer What the buyer gets of the price (nano-HANSE).
    /// @dev Warning: what one side signed stays good until the deal ends: it cannot be taken back.
    /// @dev Reverts with `ReceiptDealUnknown`, `ReceiptWrongStage`, `ReceiptSplitTooHigh`, `ReceiptNotSigned`.
    function split(
        GoodsDeal calldata deal,
        uint64 toBuyer,
        bytes calldata buyerSignature,
        bytes calldata sellerSignature
    ) external;

    /// @notice Lengthens the time to complain about `supply` by its `resaleMargin`: its buyer sells on what it delivers,
    /// and would otherwise pay for a late complaint of its own customer. Anyone; once, however many resales there are: done
    /// again it changes nothing. Emits `ComplaintExtended`.
    /// @param resale A deal that is not over, whose seller is the supply's buyer, that names the supply, and is of the
    /// same goods or others, but of no more pieces.
    /// @dev Reverts with `ReceiptDealUnknown` for either, `ReceiptNotItsResale`, `ReceiptWrongStage` unless the supply is
    /// sealed or shipped, and `ReceiptTooLate` when its time to complain is over.
    function extend(GoodsDeal calldata supply, GoodsDeal calldata resale) external;

    // ── Disputes ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice The buyer (or its operator) complains about what was shipped, and puts up `disputeBond`. That nothing arrived
    /// it can say only once it should have (`deliverWithin`). Emits `Disputed`.
    /// @dev Reverts with `ReceiptDealUnknown`, `ReceiptNotAllowed`, `ReceiptWrongStage`, `ReceiptTooEarly`,
    /// `ReceiptTooLate` after the time to complain; the Clerk's errors where the bond is not there or not allowed come
    /// through.
    function dispute(GoodsDeal calldata deal, Complaint complaint, bytes32 evidenceHash) external;

    /// @notice The seller (or its operator) answers that the complaint is wrong, and puts up as much. Emits `Contested`.
    /// @dev As `dispute`; `ReceiptTooLate` after the time to answer.
    function contest(GoodsDeal calldata deal, bytes32 evidenceHash) external;

    /// @notice The arbiter, an account, rules. Emits `GoodsSettled`.
    /// @dev Only in a contested deal. Reverts with `ReceiptDealUnknown`, `ReceiptWrongStage`, `ReceiptNotTheArbiter`, and
    /// `ReceiptTooLate` after the time to rule.
    function rule(GoodsDeal calldata deal, Outcome outcome) external;

    /// @notice Has jurors of the deal's arbiter pool asked: signs, in the Keyring, a request whose requester is this
    /// contract, whose salt is the deal's id and which the caller sponsors. All its terms follow from the rules and the
    /// deal; only the price is the caller's. Emits `JurySummoned`.
    /// @param maxPoolPrice The most that the pool is paid (nano-HANSE).
    /// @param validUntil The last second at which the request may be sealed.
    /// @dev The request has one task: whoever sponsors, jurors are asked once. Reverts with `ReceiptDealUnknown`,
    /// `ReceiptWrongStage` unless contested, `ReceiptNoJury`, `ReceiptTooLate`.
    function summon(GoodsDeal calldata deal, uint64 maxPoolPrice, uint64 validUntil) external;

    /// @notice Ends a dispute by what stands: a jury's ruling; or, when the seller did not answer in time, for the buyer; or,
    /// when nobody ruled in time, by the order's default. A jury that is late is heard while nobody has had the default
    /// enforced. Anyone. Emits `GoodsSettled`.
    /// @dev Reverts with `ReceiptDealUnknown`, `ReceiptWrongStage`, `ReceiptTooEarly`.
    function enforce(GoodsDeal calldata deal) external;

    // ── Views ────────────────────────────────────────────────────────────────────────────────────────────────────────

    function CLERK() external view returns (IClerk);
    function KEYRING() external view returns (IKeyring);
    function rules() external view returns (DisputeRules memory);

    /// @notice How much is taken of the orders of one side that `signer` signed with this salt; `type(uint32).max` once they
    /// are cancelled.
    function filled(Side side, address signer, bytes32 salt) external view returns (uint32);

    /// @notice What orders signed by an operator key have locked here of its account's money so far (nano-HANSE).
    function spentBy(address owner, address key) external view returns (uint64);

    /// @return open How many deals `seller` has that are not over.
    /// @return lastLostAt When it last lost a dispute as the seller (`WonByBuyer`); zero: never.
    function dealsOf(address seller) external view returns (uint32 open, uint40 lastLostAt);

    function goodsState(DealId id) external view returns (GoodsState memory);

    /// @notice Reverts with `ReceiptDealUnknown` unless `deal` is the content of a sealed deal.
    function checkDeal(GoodsDeal calldata deal) external view returns (DealId id, GoodsState memory);

    /// @notice The last second at which the buyer may complain; zero unless it is shipped.
    function complaintEnd(GoodsDeal calldata deal) external view returns (uint256);

    /// @notice What each side puts up for a dispute of this deal (nano-HANSE).
    function disputeBond(GoodsDeal calldata deal) external view returns (uint64);

    /// @notice The unit by which the jury tells the ruling about a deal.
    function juryUnit(DealId id) external view returns (UnitId);

    /// @notice The EIP-712 struct hashes, as wallets and `src/protocol` compute them.
    function hashSaleOrder(SaleOrder calldata order) external pure returns (bytes32);
    function hashPurchaseOrder(PurchaseOrder calldata order) external pure returns (bytes32);

    /// @notice The EIP-712 digest that is signed (or presigned in the Keyring) for a struct hash.
    function digestOf(bytes32 structHash) external view returns (bytes32);
}
