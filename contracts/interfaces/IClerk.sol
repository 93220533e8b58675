// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Deal} from "../types/Deals.sol";
import {DealId} from "../types/Ids.sol";
import {AppOrder, DatasetOrder, PoolOrder, RequestOrder} from "../types/Orders.sol";
import {Leg, Refusal} from "../types/Refusals.sol";
import {IKeyring} from "./IKeyring.sol";
import {IRegistry} from "./IRegistry.sol";

/// @notice An account, in one slot. All amounts are nano-HANSE.
struct Account {
    /// May be withdrawn, or locked by a seal or a bond.
    uint64 free;
    /// Held for running deals and bonds.
    uint64 locked;
    /// Orders of another epoch are void.
    uint64 epoch;
}

/// @notice What a certifier may hold of an account, and holds, in one slot (nano-HANSE).
struct Bond {
    uint64 allowance;
    uint64 bonded;
}

/// @notice A deal, in one slot.
struct DealState {
    /// Units not settled yet.
    uint32 openUnits;
    /// Of a request's first deal: how much of the requester's orders with that salt is sealed, over all their deals.
    /// Zero in every other.
    uint32 requestFilled;
    /// The first 24 bytes of `keccak256(abi.encode(deal))`.
    bytes24 commitment;
}

struct SignedAppOrder {
    AppOrder order;
    bytes signature;
}

struct SignedDatasetOrder {
    DatasetOrder order;
    bytes signature;
}

struct SignedPoolOrder {
    PoolOrder order;
    bytes signature;
}

struct SignedRequestOrder {
    RequestOrder order;
    bytes signature;
}

// Stands for "no dataset" in a match.
uint16 constant NO_DATASET = type(uint16).max;

/// @notice A sponsor's word that it pays for a request: EIP-712
/// `Sponsorship(bytes32 request,uint64 cap,uint64 validUntil,uint64 epoch)`, where `request` is the request's struct hash.
struct Sponsorship {
    /// The most (nano-HANSE) that the sponsor pays for the request, over all its deals.
    uint64 cap;
    /// The last second at which it may be sealed.
    uint64 validUntil;
    /// The sponsor's epoch, as in an order.
    uint64 epoch;
    bytes signature;
}

/// @notice What an order's `terms` is the hash of: `keccak256(abi.encode(checker, data))`.
struct Terms {
    /// The `ITerms` that decides.
    address checker;
    bytes data;
}

/// @notice Four orders that go together, by their places in the batch. `dataset` is `NO_DATASET` where there is none.
struct Match {
    uint16 app;
    uint16 dataset;
    uint16 pool;
    uint16 request;
}

/// @notice Orders, each once, and the matches among them.
struct Batch {
    SignedAppOrder[] apps;
    SignedDatasetOrder[] datasets;
    SignedPoolOrder[] pools;
    SignedRequestOrder[] requests;
    /// One for each request that names a sponsor, in the order of the requests.
    Sponsorship[] sponsorships;
    /// Of all orders that have some, each once, in any order.
    Terms[] terms;
    Match[] matches;
}

/// @notice What would become of a match.
struct Preview {
    Leg leg;
    /// `None`: it would be sealed.
    Refusal refusal;
    /// Of how many tasks the deal would be; zero where it is refused.
    uint32 volume;
}

/// @notice The sellers' orders that made a deal; `dataset` is zero where there was none.
struct OrderHashes {
    bytes32 app;
    bytes32 dataset;
    bytes32 pool;
}

/// @notice An amount (nano-HANSE) that an account gives or gets.
struct Entry {
    address account;
    uint64 amount;
}

/// @title IClerk
/// @notice What was agreed and who holds the money: accounts, signed orders, deals.
///
/// Laws:
/// 1. The free and locked money of all accounts is never more than the tokens that the `TILL` holds.
/// 2. Each unit of a deal is settled at most once, and pays out exactly what the buyer and the pool locked for it and
///    what the deal's certifier seizes of its own bonds: never more, never less, to nobody else's cost.
/// 3. Money leaves an account's locked balance only by the verdict of the certifier that holds it there.
/// 4. An order is sealed never beyond its volume, past its expiry, in another epoch, by another matcher or under another
///    certifier than it says, and only while it is signed for its account.
/// 5. Nobody's money is locked but by its own signature, its operator's within the limit, or its sponsorship within the
///    cap; and held as a bond only within its allowance.
///
/// What is taken of an order is counted by its kind, signer and salt: orders of one kind with the same salt share one
/// volume, so that a price is changed by signing again. Whoever numbers salts one after the other pays less gas: eight of
/// them share a slot.
/// @dev Orders are EIP-712 typed data of the domain ("Hanse Clerk", "1", chain id, this contract).
/// @dev Warning: the asset is no part of what shares a volume: an owner of several assets of one kind numbers its
/// orders through over all of them.
interface IClerk {
    event Deposited(address indexed account, address indexed from, uint64 amount);
    event Withdrawn(address indexed account, address indexed to, uint64 amount);

    /// @notice `account` lets `certifier` hold up to `amount` of its money.
    event CertifierAllowed(address indexed account, address indexed certifier, uint64 amount);
    event Bonded(address indexed account, address indexed certifier, uint64 amount);
    event Unbonded(address indexed account, address indexed certifier, uint64 amount);

    event EpochRaised(address indexed account, uint64 epoch);
    event OrderCancelled(address indexed account, Leg indexed leg, bytes32 indexed salt);
    event Paid(address indexed from, address indexed to, uint64 amount);
    event SurplusRecovered(address indexed token, address indexed to, uint256 amount);

    /// @notice A deal was sealed. Whoever acts on it later brings `deal` back as calldata.
    event DealSealed(
        DealId indexed id,
        bytes32 indexed pool,
        bytes32 indexed requestHash,
        OrderHashes orders,
        Deal deal,
        bytes params
    );

    /// @notice Match `index` of the caller's batch was left out.
    event MatchRefused(uint256 index, bytes32 indexed requestHash, Leg leg, Refusal refusal);

    /// @notice One unit was settled; `seized` is what its certifier added from bonds.
    event UnitSettled(DealId indexed id, uint32 openUnits, uint64 seized);

    /// @notice From now on new deals may (not) be sealed with `certifier`.
    event CertifierRegistered(address indexed certifier, bool registered);

    /// @notice More is asked of `account` than is free.
    error ClerkBalanceTooLow(address account, uint64 free, uint256 wanted);
    /// @notice Zero, where money has to move.
    error ClerkAmountInvalid(uint256 amount);
    /// @notice An epoch only rises.
    error ClerkEpochNotRaised(address account, uint64 current, uint64 wanted);
    /// @notice Match `index` names an order that is not in the batch.
    error ClerkMatchOutOfRange(uint256 index);
    /// @notice A strict batch holds a match that cannot be sealed.
    error ClerkMatchRefused(uint256 index, Leg leg, Refusal refusal);
    /// @notice The content brought back is not that of a sealed deal.
    error ClerkDealUnknown(DealId id);
    /// @notice Only the deal's certifier settles it.
    error ClerkNotTheCertifier(address certifier, address caller);
    /// @notice Every unit is settled.
    error ClerkDealClosed(DealId id);
    /// @notice Credits differ from what the unit holds and what was seized.
    error ClerkUnbalanced(uint256 held, uint256 credited);
    /// @notice The certifier would hold more than it was allowed to.
    error ClerkAllowanceTooLow(address account, address certifier, uint64 allowance, uint256 wanted);
    /// @notice Only the token tells of approvals.
    error ClerkNotTheToken(address caller);
    /// @notice The certifier holds less of `account` than it would release or seize.
    error ClerkBondTooLow(address account, address certifier, uint64 bonded, uint64 wanted);

    // ── Accounts ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Moves `amount` of the caller's tokens into its account. Emits `Deposited`.
    /// @dev Assumes that the caller approved the Clerk in the token, whose errors come through. Reverts with
    /// `ClerkAmountInvalid` on zero.
    function deposit(uint64 amount) external;

    /// @notice Moves `amount` of the caller's tokens into `account`. Emits `Deposited`.
    /// @dev As `deposit`. Warning: the money is `account`'s from then on.
    function depositFor(address account, uint64 amount) external;

    /// @notice As `deposit`, by a signed approval (ERC-2612) instead of a transaction.
    /// @dev A permit that somebody else handed in before does no harm: what counts is the approval it left.
    function depositWithPermit(uint64 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Called by the token's `approveAndCall` (ERC-1363): deposits `value` for `owner`, and seals where there is
    /// `data`: `abi.encode(Batch batch, bool strict)`, with `owner` as the sealer.
    /// @dev Reverts with `ClerkNotTheToken` for anybody else, with `ClerkAmountInvalid` on zero and beyond 64 bits, and
    /// as `seal` does.
    function onApprovalReceived(address owner, uint256 value, bytes calldata data) external returns (bytes4);

    /// @notice Moves free money of the caller's to other accounts. Emits `Paid` for each.
    /// @dev Reverts with `ClerkBalanceTooLow`.
    function pay(Entry[] calldata credits) external;

    /// @notice Moves `amount` of the caller's free balance out to its wallet. Emits `Withdrawn`.
    /// @dev Reverts with `ClerkAmountInvalid` on zero, `ClerkBalanceTooLow` on more than is free.
    function withdraw(uint64 amount) external;

    /// @notice The caller lets `certifier` hold up to `amount` of its money (not: how much more than it holds already).
    /// Emits `CertifierAllowed`.
    /// @dev Warning: a certifier can slash what it holds, by its own rules. Lowering the allowance releases nothing.
    function allowCertifier(address certifier, uint64 amount) external;

    // ── Orders ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Cancels the caller's orders of one kind with these salts for good. Emits `OrderCancelled` for each.
    function cancel(Leg leg, bytes32[] calldata salts) external;

    /// @notice Cancels everything the caller signed for an earlier epoch. Emits `EpochRaised`.
    /// @dev Reverts with `ClerkEpochNotRaised` unless `epoch` is higher than today's.
    /// @dev Warning: at the highest epoch, `type(uint64).max`, there is no further one to cancel with.
    function raiseEpoch(uint64 epoch) external;

    /// @notice Seals matches into deals, in the order given. Anyone may call it.
    /// Of each match the smallest remaining volume is sealed; the sellers' prices are paid. Emits `DealSealed` for each
    /// deal, `MatchRefused` for each match left out. A sponsor's money is taken only by its own signature, and where a
    /// request names a sponsor, never the requester's.
    /// @param batch Each order is checked once, however many matches share it.
    /// @param strict Whether one refusal reverts it all (`ClerkMatchRefused`).
    /// @return sealedCount How many deals were sealed.
    /// @dev Contracts named by orders (signers, groups, terms) are called statically, with capped gas and return data, and
    /// before anything changes. The certifiers, which governance registered, are asked (statically too) match by match;
    /// whatever one of them reverts with reverts the batch.
    /// @dev Reverts with `ClerkMatchOutOfRange` and `ForeignCallGasTooLow`, and with `ClerkMatchRefused` where
    /// `strict`.
    /// @dev Warning: a contract that an order names may use little gas when the call is simulated and all of its cap
    /// (100,000) when it is mined, and too little gas reverts the whole batch: send that much for each of them.
    /// @dev Warning: orders of assets do not name their owner: their signer is whoever owns the asset at the seal, and
    /// a sale voids the seller's orders. But where one key signs for both accounts (as an operator, or by ERC-1271), an
    /// order is good for whichever of the two owns the asset, of each up to its volume: raise the epoch of the account
    /// that gets the asset before moving it there.
    function seal(Batch calldata batch, bool strict) external returns (uint256 sealedCount);

    /// @notice What `seal` would do with each match if it were the only one, called by `sealer`.
    /// @dev Reverts as `seal` does, with `ClerkMatchOutOfRange` and `ForeignCallGasTooLow`.
    function preview(Batch calldata batch, address sealer) external view returns (Preview[] memory);

    // ── Certifiers ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice The calling certifier locks `amount` of `account`'s free money, within its allowance. Emits `Bonded`.
    /// @dev Reverts with `ClerkAllowanceTooLow`, `ClerkBalanceTooLow`. Whoever was allowed something is a certifier here,
    /// registered or not: the allowance is what protects the account.
    function bond(address account, uint64 amount) external;

    /// @notice The calling certifier sets `amount` of what it holds of `account` free again. Emits `Unbonded`.
    /// @dev Reverts with `ClerkBondTooLow`.
    function unbond(address account, uint64 amount) external;

    /// @notice The calling certifier settles one unit of its deal: what the buyer and the pool locked for it, and what it
    /// seizes of the bonds it holds itself, is credited to the last nano-HANSE. Emits `UnitSettled`.
    /// @param deal The content of the deal, as the event told it.
    /// @param seized Bonds to slash.
    /// @param credits Who gets how much; an account may come several times.
    /// @dev Reverts with `ClerkDealUnknown`, `ClerkNotTheCertifier`, `ClerkDealClosed`, `ClerkBondTooLow`, `ClerkUnbalanced`.
    /// Credits are not told by an event: the certifier's own events tell who earned and lost, and why.
    function settle(Deal calldata deal, Entry[] calldata seized, Entry[] calldata credits) external;

    /// @notice The calling certifier slashes bonds that it holds, outside of any deal. Emits nothing of its own.
    /// @dev Credits have to equal what is seized (`ClerkUnbalanced`), and that what is bonded (`ClerkBondTooLow`).
    function slash(Entry[] calldata seized, Entry[] calldata credits) external;

    // ── Governance ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Governance takes up a certifier for new deals, or retires it. Emits `CertifierRegistered`.
    /// @dev Running deals keep their certifier: this is how the protocol is upgraded, without proxies. Reverts with
    /// `OwnableUnauthorizedAccount` for anybody else.
    function registerCertifier(address certifier, bool registered) external;

    /// @notice Sends tokens that are in nobody's account, whatever token, out of the Clerk's own address. Only governance.
    /// Emits `SurplusRecovered`.
    /// @dev Accounts' money is in the `TILL`, out of this function's reach. Reverts with `OwnableUnauthorizedAccount`
    /// for anybody else; the token's errors come through.
    function recoverSurplus(address token, address to, uint256 amount) external;

    // ── Views ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice The token of all amounts.
    function TOKEN() external view returns (IERC20);

    /// @notice Who holds the tokens of all accounts.
    function TILL() external view returns (address);

    /// @notice Where assets and their owners are looked up.
    function REGISTRY() external view returns (IRegistry);

    /// @notice Who says which keys sign for whom.
    function KEYRING() external view returns (IKeyring);

    function account(address owner) external view returns (Account memory);
    function bondOf(address owner, address certifier) external view returns (Bond memory);
    function isCertifier(address certifier) external view returns (bool);

    /// @notice How much is taken of the orders of one kind that `signer` (the requester, or the owner of the asset) signed
    /// with this salt; `type(uint32).max` once they are cancelled.
    function filled(Leg leg, address signer, bytes32 salt) external view returns (uint32);

    /// @notice What orders and sponsorships signed by an operator key have locked of its account's money so far
    /// (nano-HANSE).
    function spentBy(address owner, address key) external view returns (uint64);

    /// @notice What `sponsor` has paid for a request so far (nano-HANSE).
    function sponsored(address sponsor, bytes32 requestHash) external view returns (uint64);

    function dealState(DealId id) external view returns (DealState memory);

    /// @notice Reverts with `ClerkDealUnknown` unless `deal` is the content of a sealed deal.
    function checkDeal(Deal calldata deal) external view returns (DealState memory);

    /// @notice The EIP-712 struct hashes, as wallets and `src/protocol` compute them.
    function hashAppOrder(AppOrder calldata order) external pure returns (bytes32);
    function hashDatasetOrder(DatasetOrder calldata order) external pure returns (bytes32);
    function hashPoolOrder(PoolOrder calldata order) external pure returns (bytes32);
    function hashRequestOrder(RequestOrder calldata order) external pure returns (bytes32);

    /// @notice The EIP-712 digest that is signed (or presigned in the Keyring) for a struct hash.
    function digestOf(bytes32 structHash) external view returns (bytes32);
}
