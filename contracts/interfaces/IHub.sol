// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {GoodsDeal} from "../types/Goods.sol";
import {ShopCode} from "../types/ShopCode.sol";
import {IClerk} from "./IClerk.sol";
import {IReceipt} from "./IReceipt.sol";

enum Standing {
    None,
    Member,
    Suspended, // by governance, for too little stake, or both
    Leaving,
    Left
}

/// @notice A shop. Its first five members share a slot; what belongs to a key before and to leaving is written only when
/// there is such.
struct Shop {
    address owner;
    /// What the Clerk holds of the owner for this shop (nano-HANSE).
    uint64 stake;
    Standing standing;
    /// Why it is suspended, where it is: governance lifts the first, `addStake` the second, and neither the other's.
    bool suspendedByGovernance;
    bool understaked;
    /// Ed25519, as it signs requests now.
    bytes32 key;
    /// The key before, good until `overlapEnds`; zero: none.
    bytes32 previousKey;
    uint40 overlapEnds;
    /// From when on its stake may be released, if its owner's deals do not keep it longer (`IHub.release`). Zero: it has not
    /// asked to leave.
    uint40 releasableAt;
    /// Where its service answers.
    string endpoint;
}

/// @notice What governance sets.
struct HubParameters {
    /// The stake (nano-HANSE) of a shop with a code of five characters and more; of four, three and two characters it is
    /// 4, 16 and 64 times as much, and that has to fit 64 bits.
    uint64 stake;
    /// How long (seconds) the stake stays after a shop asked to leave (what has begun stays as it is), and how long after a
    /// lost dispute it may be punished.
    uint32 unbondingTime;
    /// The longest time (seconds) for which a rotated key stays good.
    uint32 longestOverlap;
    /// What a lost dispute costs: so many hundredths of a percent of the stake, at most 10,000.
    uint16 lossShare;
    /// Who decides on joining (`IAdmission`); zero: anyone may.
    address admission;
}

/// @notice Decides who may join.
interface IAdmission {
    /// @dev Warning: called with 100,000 gas, statically; anything but the word 1 means "no".
    function admits(address applicant, ShopCode code, bytes32 key) external view returns (bool);
}

/// @title IHub
/// @notice Who is in: shops by code, with the key they sign with and where they answer. It knows nothing about products,
/// partnerships or deals, but for two questions to the registered Receipts: what deals keep the stake of a shop that
/// leaves, and whether a dispute was lost.
///
/// Laws:
/// 1. A code is one shop's for ever, also after it left.
/// 2. What the Clerk holds of an account in this contract's name is the sum of its shops' stakes.
/// 3. A stake is released no sooner than `unbondingTime` after the shop asked to leave, not while its owner, as a seller, has
///    deals that are not over, and not while a dispute that it lost may still be punished: no stake is gone before it.
/// 4. Stake is lost by governance's will or by a dispute that its owner lost as a seller: once for each, and only to the
///    treasury.
/// @dev An Ed25519 key cannot be proved on chain: peers trust it once the endpoint serves a statement, signed by it, that names
/// this Hub, the owner and the code.
/// @dev The stake is a bond: the owner allows the Hub as much first (`IClerk.allowCertifier`), over all its shops.
interface IHub {
    event ShopJoined(
        ShopCode indexed code,
        address indexed owner,
        bytes32 key,
        uint64 stake,
        string endpoint,
        string profile
    );
    event ShopUpdated(ShopCode indexed code, string endpoint, string profile);
    /// @notice `previousKey` stays good up to and including `overlapEnds`; where that is zero it is revoked.
    event KeyRotated(ShopCode indexed code, bytes32 key, bytes32 previousKey, uint40 overlapEnds);
    event StakeAdded(ShopCode indexed code, uint64 amount, uint64 stake);
    /// @notice Its stake may be released from then on, if its owner's deals do not keep it longer.
    event ShopLeaving(ShopCode indexed code, uint40 releasableAt);
    event ShopLeft(ShopCode indexed code, uint64 released);
    /// @notice A reason to suspend it came or went; `suspended` says whether there is one now.
    event ShopSuspended(ShopCode indexed code, bool suspended);
    event ShopSlashed(ShopCode indexed code, uint64 amount, uint64 stake);
    event HubParametersSet(HubParameters parameters);
    event HubReceiptSet(address indexed receipt, bool registered);

    /// @notice No code of 2 to 8 characters `A–Z` and `0–9`, the first a letter.
    error HubCodeInvalid(ShopCode code);
    /// @notice Some shop's, of today or of before.
    error HubCodeTaken(ShopCode code);
    error HubKeyMissing();
    /// @notice Empty, or longer than 256 bytes.
    error HubEndpointInvalid(uint256 length);
    error HubNotAdmitted(address applicant, ShopCode code);
    error HubNotTheOwner(ShopCode code, address caller);
    error HubWrongStanding(ShopCode code, Standing standing);
    error HubOverlapTooLong(uint256 overlap, uint256 longest);
    /// @notice More is to be slashed than is there.
    error HubStakeTooLow(ShopCode code, uint64 stake, uint64 wanted);
    /// @notice Possible from `until` on.
    error HubTooEarly(ShopCode code, uint256 until);
    error HubDealsOpen(ShopCode code, address receipt, uint32 open);
    error HubReceiptUnknown(address receipt);
    /// @notice The deal was not lost by this shop's owner as its seller, or the shop has paid for it before.
    error HubNotLost(ShopCode code);
    /// @notice It was possible up to and including `until`.
    error HubTooLate(ShopCode code, uint256 until);
    /// @notice A share above the whole, or a stake that does not fit 64 bits for the shortest code.
    error HubParametersInvalid();

    /// @notice The caller joins with a shop of that code, for good; its stake is bonded. Emits `ShopJoined`.
    /// @param key Ed25519, 32 bytes.
    /// @param endpoint `https://…`, at most 256 bytes.
    /// @param profile URI of a description; not stored.
    /// @dev Reverts with `HubCodeInvalid`, `HubCodeTaken`, `HubKeyMissing`, `HubEndpointInvalid`, `HubNotAdmitted`; the
    /// Clerk's errors come through, and `ForeignCallGasTooLow` where admission is asked.
    /// @dev Warning: codes go to who comes first, and whoever sees the transaction on its way may come before.
    function join(ShopCode code, bytes32 key, string calldata endpoint, string calldata profile) external;

    /// @notice The shop answers elsewhere. Emits `ShopUpdated`. Only the owner, while it is a member or suspended.
    /// @dev Reverts with `HubNotTheOwner`, `HubWrongStanding`, `HubEndpointInvalid`.
    function update(ShopCode code, string calldata endpoint, string calldata profile) external;

    /// @notice The shop signs with another key from now on. Emits `KeyRotated`. Only the owner, while not left.
    /// @param overlap For how long (seconds) the old key stays good; zero revokes it at once. A key before it is good no
    /// longer in any case: never more than two are.
    /// @dev Reverts with `HubNotTheOwner`, `HubWrongStanding`, `HubKeyMissing`, `HubOverlapTooLong`.
    function rotateKey(ShopCode code, bytes32 key, uint32 overlap) external;

    /// @notice Bonds more of the owner's money, zero included; where `stakeFor` is reached, that lifts a suspension for too
    /// little stake. Emits `StakeAdded`, `ShopSuspended`. Only the owner, while it is a member or suspended.
    /// @dev Reverts with `HubNotTheOwner`, `HubWrongStanding`; the Clerk's errors come through.
    function addStake(ShopCode code, uint64 amount) external;

    /// @notice The shop leaves: it is no member any more, and its stake is released later. There is no way back. Emits
    /// `ShopLeaving`. Only the owner, while it is a member or suspended.
    /// @dev Reverts with `HubNotTheOwner`, `HubWrongStanding`.
    function leave(ShopCode code) external;

    /// @notice Releases the stake of a shop that leaves, once its time is over, its owner has no deals as a seller, and none
    /// that it lost may be punished any more, whenever they were sealed. Anyone. Emits `ShopLeft`.
    /// @dev Reverts with `HubWrongStanding`, `HubDealsOpen`, `HubTooEarly`.
    function release(ShopCode code) external;

    /// @notice Slashes a shop whose owner lost a dispute as seller, by `lossShare` of the stake, to the treasury; with less
    /// than `stakeFor` left the shop is suspended. Anyone, once for each deal and shop: an owner of several answers with
    /// each of them, so that nobody chooses the cheapest. Up to `unbondingTime` after the deal ended, so that a shop does not
    /// answer for what was lost, and paid for, long before it joined. Emits `ShopSlashed`, `ShopSuspended`.
    /// @dev Reverts with `HubReceiptUnknown`, `HubWrongStanding` once it has left, what `IReceipt.checkDeal` reverts with,
    /// `HubNotLost`, `HubTooLate`.
    function punish(ShopCode code, IReceipt receipt, GoodsDeal calldata deal) external;

    // ── Governance ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Suspends a shop, or lifts that; a suspension for too little stake is not lifted by it. Emits `ShopSuspended`.
    /// @dev Reverts with `OwnableUnauthorizedAccount`, as everything here, and `HubWrongStanding` unless it is a member or
    /// suspended.
    function suspend(ShopCode code, bool suspended) external;

    /// @notice Takes some of a shop's stake, to the treasury; with less than `stakeFor` left it is suspended. Emits
    /// `ShopSlashed`, `ShopSuspended`.
    /// @dev Reverts with `HubWrongStanding` once it has left, and `HubStakeTooLow`.
    function slash(ShopCode code, uint64 amount) external;

    /// @notice Sets what holds from now on; who is in stays in, whatever its stake. Emits `HubParametersSet`.
    /// @dev Reverts with `HubParametersInvalid`.
    function setParameters(HubParameters calldata parameters) external;

    /// @notice Receipts whose deals keep a stake, and whose lost disputes cost some. Emits `HubReceiptSet`.
    /// @dev Warning: a Receipt that is taken off keeps no stake any more, whatever deals run there.
    function setReceipt(IReceipt receipt, bool registered) external;

    // ── Views ────────────────────────────────────────────────────────────────────────────────────────────────────────

    function CLERK() external view returns (IClerk);
    function TREASURY() external view returns (address);
    function parameters() external view returns (HubParameters memory);
    function receipts() external view returns (address[] memory);

    /// @notice What a shop of this code has to stake (nano-HANSE).
    /// @dev Reverts with `HubCodeInvalid`.
    function stakeFor(ShopCode code) external view returns (uint64);

    /// @notice A shop as it stands; of the standing `None` where nobody has joined by that code.
    function shop(ShopCode code) external view returns (Shop memory);
    function shopCount() external view returns (uint256);

    /// @notice Shops in the order in which they joined, those that left too. At most `count`, fewer at the end.
    function shops(uint256 from, uint256 count) external view returns (ShopCode[] memory codes, Shop[] memory page);

    /// @notice Whether `key` is good for the shop's signatures now: of a member, and its key or the previous one in its
    /// overlap.
    function isKeyOf(ShopCode code, bytes32 key) external view returns (bool);
}
