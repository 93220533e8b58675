// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Account, Bond, Entry, IClerk} from "../interfaces/IClerk.sol";
import {Till} from "./Till.sol";

/// @title Accounts
/// @notice The Clerk's money: who owns how much, and what of it is locked. Every change of a balance is in this file.
/// @dev Sums of amounts stay below 2^64: all of them together are at most the token's supply, which is below 2^57.
abstract contract Accounts is IClerk {
    using SafeERC20 for IERC20;

    /// @inheritdoc IClerk
    IERC20 public immutable TOKEN;

    /// @inheritdoc IClerk
    address public immutable TILL;

    mapping(address owner => Account) internal _accounts;
    mapping(address owner => mapping(address certifier => Bond)) private _bonds;

    constructor(IERC20 token) {
        TOKEN = token;
        TILL = address(new Till(token));
    }

    /// @inheritdoc IClerk
    function deposit(uint64 amount) external {
        _deposit(msg.sender, amount);
    }

    /// @inheritdoc IClerk
    function depositFor(address owner, uint64 amount) external {
        _deposit(owner, amount);
    }

    /// @inheritdoc IClerk
    function depositWithPermit(uint64 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external {
        // A permit that fails may have been handed in by somebody else just before: the approval is there then.
        // solhint-disable-next-line no-empty-blocks
        try IERC20Permit(address(TOKEN)).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        _deposit(msg.sender, amount);
    }

    /// @inheritdoc IClerk
    function withdraw(uint64 amount) external {
        // Check
        Account storage from = _accounts[msg.sender];
        require(amount != 0, ClerkAmountInvalid(amount));
        require(amount <= from.free, ClerkBalanceTooLow(msg.sender, from.free, amount));
        // Effect
        from.free -= amount;
        emit Withdrawn(msg.sender, msg.sender, amount);
        // Interaction
        TOKEN.safeTransferFrom(TILL, msg.sender, amount);
    }

    /// @inheritdoc IClerk
    function pay(Entry[] calldata credits) external {
        Account storage from = _accounts[msg.sender];
        for (uint256 i = 0; i < credits.length; ++i) {
            (address to, uint64 amount) = (credits[i].account, credits[i].amount);
            require(amount <= from.free, ClerkBalanceTooLow(msg.sender, from.free, amount));
            from.free -= amount;
            _credit(to, amount);
            emit Paid(msg.sender, to, amount);
        }
    }

    /// @inheritdoc IClerk
    function allowCertifier(address certifier, uint64 amount) external {
        _bonds[msg.sender][certifier].allowance = amount;
        emit CertifierAllowed(msg.sender, certifier, amount);
    }

    /// @inheritdoc IClerk
    function bond(address owner, uint64 amount) external {
        Bond storage held = _bonds[owner][msg.sender];
        uint256 wanted = uint256(held.bonded) + amount;
        require(wanted <= held.allowance, ClerkAllowanceTooLow(owner, msg.sender, held.allowance, wanted));

        _lock(owner, amount);
        // wanted <= allowance, which is 64 bits.
        held.bonded = uint64(wanted);
        emit Bonded(owner, msg.sender, amount);
    }

    /// @inheritdoc IClerk
    function unbond(address owner, uint64 amount) external {
        _takeFromBond(owner, amount);
        _credit(owner, amount);
        emit Unbonded(owner, msg.sender, amount);
    }

    /// @inheritdoc IClerk
    function slash(Entry[] calldata seized, Entry[] calldata credits) external {
        _distribute(_seize(seized), credits);
    }

    /// @inheritdoc IClerk
    function account(address owner) external view returns (Account memory) {
        return _accounts[owner];
    }

    /// @inheritdoc IClerk
    function bondOf(address owner, address certifier) external view returns (Bond memory) {
        return _bonds[owner][certifier];
    }

    function _deposit(address owner, uint64 amount) private {
        _depositFrom(msg.sender, owner, amount);
    }

    /// @dev Assumes that `from` asked for it.
    function _depositFrom(address from, address owner, uint64 amount) internal {
        require(amount != 0, ClerkAmountInvalid(amount));
        // Interaction first, on a token that calls nobody back, so that an account never counts what has not arrived.
        TOKEN.safeTransferFrom(from, TILL, amount);
        _credit(owner, amount);
        emit Deposited(owner, from, amount);
    }

    /// @dev Free becomes locked.
    function _lock(address owner, uint256 amount) internal {
        Account storage from = _accounts[owner];
        require(amount <= from.free, ClerkBalanceTooLow(owner, from.free, amount));
        // amount <= free, which is 64 bits.
        from.free -= uint64(amount);
        from.locked += uint64(amount);
    }

    /// @dev Locked money leaves the account; the caller credits it elsewhere in the same transaction.
    function _release(address owner, uint64 amount) internal {
        _accounts[owner].locked -= amount;
    }

    function _credit(address owner, uint64 amount) internal {
        _accounts[owner].free += amount;
    }

    /// @dev Takes from the bonds that the calling certifier holds, and from nobody else's.
    function _seize(Entry[] calldata seized) internal returns (uint256 total) {
        for (uint256 i = 0; i < seized.length; ++i) {
            _takeFromBond(seized[i].account, seized[i].amount);
            total += seized[i].amount;
        }
    }

    /// @dev Credits exactly `held`, or reverts.
    function _distribute(uint256 held, Entry[] calldata credits) internal {
        uint256 credited = 0;
        for (uint256 i = 0; i < credits.length; ++i) {
            credited += credits[i].amount;
            _credit(credits[i].account, credits[i].amount);
        }
        require(credited == held, ClerkUnbalanced(held, credited));
    }

    function _takeFromBond(address owner, uint64 amount) private {
        Bond storage held = _bonds[owner][msg.sender];
        require(amount <= held.bonded, ClerkBondTooLow(owner, msg.sender, held.bonded, amount));
        held.bonded -= amount;
        _release(owner, amount);
    }
}
