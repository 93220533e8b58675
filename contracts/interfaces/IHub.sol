// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {GoodsDeal} from "../types/Goods.sol";
import {IClerk} from "./IClerk.sol";
import {IReceipt} from "./IReceipt.sol";

/// A shop's name in the federation: 2 to 8 characters `A–Z` and `0–9`, the first a letter, padded with zeros on the right.
type ShopCode is bytes8;

enum Standing {
    None,
    Member,
    Suspended, // by governance, or for too little stake
    Leaving,
    Left
}

/// @notice A shop, in three slots and its endpoint.
struct Shop {
    address owner;
    /// What the Clerk holds of the owner for this shop (nano-HANSE).
    uint64 stake;
    Standing standing;
    /// Ed25519, as it signs requests now.
    bytes32 key;
    /// The key before, good until `overlapEnds`.
    bytes32 previousKey;
    uint40 overlapEnds;
    /// When it asked to leave.
    uint40 leftAt;
    /// Where its service answers.
    string endpoint;
}

/// @notice What governance sets.
struct HubParameters {
    /// The stake (nano-HANSE) of a shop with a code of five characters and more; of four, three and two characters it is
    /// 4, 16 and 64 times as much.
    uint64 stake;
    /// How long (seconds) the stake stays after a shop asked to leave.
    uint32 unbondingTime;
    /// The longest time (seconds) for which a rotated key stays good.
    uint32 longestOverlap;
    /// What a lost dispute costs: so many hundredths of a percent of the stake.
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
/// partnerships or deals, but for two questions to the registered Receipts: whether a shop that leaves has deals that are
/// not over, and whether a dispute was lost.
///
/// Laws:
/// 1. A code is one shop's for ever, also after it left.
/// 2. What the Clerk holds of an account in this contract's name is the sum of its shops' stakes.
/// 3. A stake is released no sooner than `unbondingTime` after the shop asked to leave, and not before its owner's last
///    deal is over.
/// @dev An Ed25519 key cannot be proved on chain: peers trust it once the endpoint serves a statement, signed by it, that names
/// this Hub, the owner and the code.
/// @dev The stake is a bond: the owner allows the Hub as much first (`IClerk.allowCertifier`).
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
    /// @notice `previousKey` stays good up to and including `overlapEnds`.
    event KeyRotated(ShopCode indexed code, bytes32 key, bytes32 previousKey, uint40 overlapEnds);
    event StakeAdded(ShopCode indexed code, uint64 amount, uint64 stake);
    event ShopLeaving(ShopCode indexed code, uint40 releasableAt);
    event ShopLeft(ShopCode indexed code, uint64 released);
    event ShopSuspended(ShopCode indexed code, bool suspended);
    event ShopSlashed(ShopCode indexed code, uint64 amount, uint64 stake);
    event HubParametersSet(HubParameters parameters);
    event HubReceiptSet(address indexed receipt, bool registered);

    error HubCodeInvalid(ShopCode code);
    error HubCodeTaken(ShopCode code);
    error HubKeyMissing();
    /// @notice Empty, or longer than 256 bytes.
    error HubEndpointInvalid(uint256 length);
    error HubNotAdmitted(address applicant, ShopCode code);
    error HubNotTheOwner(ShopCode code, address caller);
    error HubWrongStanding(ShopCode code, Standing standing);
    error HubOverlapTooLong(uint256 overlap, uint256 longest);
    error HubStakeTooLow(ShopCode code, uint64 stake, uint64 needed);
    error HubTooEarly(ShopCode code, uint256 until);
    error HubDealsOpen(ShopCode code, address receipt, uint32 open);
    error HubReceiptUnknown(address receipt);
    /// @notice The deal was not lost by this shop, or was told before.
    error HubNotLost(ShopCode code);
    error HubParametersInvalid();

    /// @notice The caller joins with a shop of that code, for good; its stake is bonded. Emits `ShopJoined`.
    /// @param key Ed25519, 32 bytes.
    /// @param endpoint `https://…`, at most 256 bytes.
    /// @param profile URI of a description; not stored.
    /// @dev Reverts with `HubCodeInvalid`, `HubCodeTaken`, `HubKeyMissing`, `HubEndpointInvalid`, `HubNotAdmitted`; the
    /// Clerk's errors come through.
    function join(ShopCode code, bytes32 key, string calldata endpoint, string calldata profile) external;

    /// @notice Emits `ShopUpdated`. Only the owner, while it is a member or suspended.
    function update(ShopCode code, string calldata endpoint, string calldata profile) external;

    /// @notice The shop signs with another key from now on. Emits `KeyRotated`. Only the owner, while not left.
    /// @param overlap For how long (seconds) the old key stays good; zero revokes it at once, and a key before it too.
    function rotateKey(ShopCode code, bytes32 key, uint32 overlap) external;

    /// @notice Bonds more of the owner's money; lifts a suspension for too little stake. Emits `StakeAdded`.
    function addStake(ShopCode code, uint64 amount) external;

    /// @notice The shop leaves: it is no member any more, and its stake is released later. Emits `ShopLeaving`.
    function leave(ShopCode code) external;

    /// @notice Releases the stake of a shop that left. Anyone. Emits `ShopLeft`.
    /// @dev Reverts with `HubWrongStanding`, `HubTooEarly`, `HubDealsOpen`.
    function release(ShopCode code) external;

    /// @notice Slashes a shop whose owner lost a dispute as seller, by `lossShare` of the stake, to the treasury; with less
    /// than the least stake left the shop is suspended. Anyone, once for each deal. Emits `ShopSlashed`, `ShopSuspended`.
    /// @dev Reverts with `HubReceiptUnknown`, `HubNotLost`, and what `IReceipt.checkDeal` reverts with.
    function punish(ShopCode code, IReceipt receipt, GoodsDeal calldata deal) external;

    // ── Governance ───────────────────────────────────────────────────────────────────────────────────────────────────

    function suspend(ShopCode code, bool suspended) external;
    /// @notice To the treasury.
    function slash(ShopCode code, uint64 amount) external;
    function setParameters(HubParameters calldata parameters) external;
    /// @notice Receipts whose deals keep a stake, and whose lost disputes cost some.
    function setReceipt(IReceipt receipt, bool registered) external;

    // ── Views ────────────────────────────────────────────────────────────────────────────────────────────────────────

    function CLERK() external view returns (IClerk);
    function TREASURY() external view returns (address);
    function parameters() external view returns (HubParameters memory);
    function receipts() external view returns (address[] memory);

    /// @notice What a shop of this code has to stake (nano-HANSE).
    function stakeFor(ShopCode code) external view returns (uint64);
    function shop(ShopCode code) external view returns (Shop memory);
    function shopCount() external view returns (uint256);

    /// @notice Shops in the order in which they joined, those that left too. At most `count`, fewer at the end.
    function shops(uint256 from, uint256 count) external view returns (ShopCode[] memory codes, Shop[] memory page);

    /// @notice Whether `key` is good for the shop's signatures now: of a member, and its key or the previous one in its
    /// overlap.
    function isKeyOf(ShopCode code, bytes32 key) external view returns (bool);
}
