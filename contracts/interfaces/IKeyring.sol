// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

// What an operator key may sign in its account's name; powers add up. `src/protocol/powers.ts` is the twin.
uint16 constant POWER_APP_ORDER = 1 << 0;
uint16 constant POWER_DATASET_ORDER = 1 << 1;
uint16 constant POWER_POOL_ORDER = 1 << 2;
uint16 constant POWER_REQUEST_ORDER = 1 << 3;
uint16 constant POWER_SPONSORSHIP = 1 << 4;
// A worker's sealed answers.
uint16 constant POWER_CONTRIBUTION = 1 << 5;
// A pool owner's results at trust 0 and 1, which name the worker that is paid.
uint16 constant POWER_RESULT = 1 << 6;
uint16 constant POWER_SALE_ORDER = 1 << 7;
uint16 constant POWER_PURCHASE_ORDER = 1 << 8;
// What becomes of a deal of goods: ship, confirm, refund, split, dispute, contest, and rate the seller.
// Warning: no limit holds for it. Such a key can have the other side paid all of its account's deals, and put up the bonds
// of disputes, as far as the account allows the Receipt.
uint16 constant POWER_PARCEL = 1 << 9;

/// @notice What an account lets an operator key do, in one slot.
struct Operator {
    /// The sum of `POWER_…`; zero: nothing.
    uint16 powers;
    /// The most (nano-HANSE) that orders and sponsorships signed by the key may lock of the account's money, over all
    /// of the key's life.
    /// Warning: app and dataset orders lock nothing, whatever price the key signs.
    uint64 limit;
    /// The last second at which the key may sign.
    uint40 validUntil;
}

/// @title IKeyring
/// @notice Who may sign for an account, so that a shop, a pool or a worker does not keep the wallet that holds its money
/// online. Nobody has a privilege here, and no key can withdraw anything: whoever relies on the answer decides what a
/// signature does.
///
/// Signatures, over an EIP-712 digest:
/// - 65 or 64 bytes (EIP-2098): the account's own key, or an operator key that has the power;
/// - none: presigned by the account, in a transaction of its own;
/// - anything, for an account with code: ERC-1271;
/// - bulk: one of the above over a Merkle tree of up to 2^10 orders of one kind, followed by the order's place in it:
///   `signature ‖ proof (32 bytes each, from the leaf up) ‖ index (2 bytes) ‖ number of proof words (1 byte) ‖
///   BULK_MAGIC (4 bytes)`. What is signed is the EIP-712 struct `BulkOrder(<Kind>Order[2]…[2] tree)`, one `[2]` for each
///   proof word: a wallet shows all the orders.
/// @dev For signatures an operator's key is a plain key: where it has code, its ERC-1271 is not asked. Where it is
/// asked who the caller may act for (`mayAct`), the operator may be a contract.
interface IKeyring {
    event OperatorSet(address indexed account, address indexed key, uint16 powers, uint64 limit, uint40 validUntil);
    event Presigned(address indexed account, bytes32 indexed digest, bool signed);

    /// @notice The key is zero, or the caller: an account is no operator of itself.
    error KeyringKeyInvalid(address key);

    /// @notice The caller lets `key` sign for it, in place of whatever it let it do before. Emits `OperatorSet`.
    /// @dev Zero powers revoke: what the key signed and nobody has used yet is void at once. Reverts with
    /// `KeyringKeyInvalid`.
    function setOperator(address key, Operator calldata grant) external;

    /// @notice The caller signs a digest on chain, or takes that back. Emits `Presigned`.
    /// @param digest The whole EIP-712 digest, which names chain and contract: good nowhere else.
    function presign(bytes32 digest, bool signed) external;

    /// @notice Whether `structHash` is signed for `account`.
    /// @param power The one that an operator needs.
    /// @param domainSeparator The EIP-712 domain of whoever asks.
    /// @return valid Whether it is.
    /// @return operator The key that signed, where it was not the account itself; zero: the account.
    /// @return limit The operator's `limit`; without an operator `type(uint64).max`. Means nothing where `valid` is
    /// false.
    /// @dev Never reverts on a bad signature. Contracts are asked statically with capped gas (`ForeignCallGasTooLow`).
    function check(
        address account,
        uint16 power,
        bytes32 domainSeparator,
        bytes32 structHash,
        bytes calldata signature
    ) external view returns (bool valid, address operator, uint64 limit);

    /// @notice Whether `key` is `account` itself or an operator with `power`, not expired.
    function mayAct(address account, address key, uint16 power) external view returns (bool);

    function operatorOf(address account, address key) external view returns (Operator memory);
    function isPresigned(address account, bytes32 digest) external view returns (bool);
}
