// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Account, IClerk} from "../../interfaces/IClerk.sol";
import {IKeyring, POWER_PARCEL} from "../../interfaces/IKeyring.sol";
import {IReceipt} from "../../interfaces/IReceipt.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {Signatures} from "../../libraries/Signatures.sol";
import {Domain} from "../panel/Domain.sol";

/// @title Signers
/// @notice Who signed for whom, and who may act for whom.
abstract contract Signers is IReceipt, Domain {
    /// @inheritdoc IReceipt
    IClerk public immutable CLERK;

    /// @inheritdoc IReceipt
    IKeyring public immutable KEYRING;

    constructor(IClerk clerk) Domain("Hanse Receipt", "1") {
        (CLERK, KEYRING) = (clerk, clerk.KEYRING());
    }

    /// @inheritdoc IReceipt
    function digestOf(bytes32 structHash) public view returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(_domainSeparator(), structHash);
    }

    /// @return valid Whether it is signed for `account`.
    /// @return operator The key that signed, and the most that it may lock; zero: the account itself.
    function _checkSigned(
        address account,
        uint16 power,
        bytes32 structHash,
        bytes calldata signature
    ) internal view returns (bool valid, address operator, uint64 limit) {
        // What most carry; all else is the Keyring's business.
        if (Signatures.isKeys(account, digestOf(structHash), signature)) return (true, address(0), 0);
        return KEYRING.check(account, power, _domainSeparator(), structHash, signature);
    }

    /// @dev Whether the caller acts for `account` in what concerns parcels.
    function _mayAct(address account) internal view returns (bool) {
        return msg.sender == account || KEYRING.mayAct(account, msg.sender, POWER_PARCEL);
    }

    function _checkMayAct(address account) internal view {
        require(_mayAct(account), ReceiptNotAllowed(account, msg.sender));
    }

    /// @dev That `account` agrees: by its signature, or, where there is none, as the caller.
    function _checkAgrees(address account, bytes32 structHash, bytes calldata signature) internal view {
        if (signature.length == 0 && _mayAct(account)) return;
        (bool valid, , ) = _checkSigned(account, POWER_PARCEL, structHash, signature);
        require(valid, ReceiptNotSigned(account));
    }

    function _accountOf(address owner) internal view returns (uint64 free, uint64 epoch) {
        Account memory account = CLERK.account(owner);
        return (account.free, account.epoch);
    }
}
