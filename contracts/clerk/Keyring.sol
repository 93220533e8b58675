// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {IKeyring, Operator} from "../interfaces/IKeyring.sol";
import {BulkOrder} from "../libraries/BulkOrder.sol";
import {Signatures} from "../libraries/Signatures.sol";

/// @title Keyring
/// @notice Who may sign for whom. `IKeyring` says what each part does, emits, refuses and assumes.
contract Keyring is IKeyring {
    mapping(address account => mapping(address key => Operator)) private _operators;
    mapping(address account => mapping(bytes32 digest => bool)) private _presigned;

    /// @inheritdoc IKeyring
    function setOperator(address key, Operator calldata grant) external {
        require(key != address(0) && key != msg.sender, KeyringKeyInvalid(key));
        _operators[msg.sender][key] = grant;
        emit OperatorSet(msg.sender, key, grant.powers, grant.limit, grant.validUntil);
    }

    /// @inheritdoc IKeyring
    function presign(bytes32 digest, bool signed) external {
        _presigned[msg.sender][digest] = signed;
        emit Presigned(msg.sender, digest, signed);
    }

    /// @inheritdoc IKeyring
    function check(
        address account,
        uint16 power,
        bytes32 domainSeparator,
        bytes32 structHash,
        bytes calldata signature
    ) external view returns (bool valid, address operator, uint64 limit) {
        if (account == address(0)) return (false, address(0), 0);
        (bytes32 signed, bytes calldata inner) = BulkOrder.unwrap(power, structHash, signature);
        bytes32 digest = MessageHashUtils.toTypedDataHash(domainSeparator, signed);

        if (inner.length == 0 && _presigned[account][digest]) return (true, address(0), type(uint64).max);

        address key = Signatures.recover(digest, inner);
        if (key == account) return (true, address(0), type(uint64).max);
        // A key that could not be recovered is zero, and nobody's operator.
        if (mayAct(account, key, power)) return (true, key, _operators[account][key].limit);

        return (Signatures.isContracts(account, digest, inner), address(0), type(uint64).max);
    }

    /// @inheritdoc IKeyring
    function operatorOf(address account, address key) external view returns (Operator memory) {
        return _operators[account][key];
    }

    /// @inheritdoc IKeyring
    function isPresigned(address account, bytes32 digest) external view returns (bool) {
        return _presigned[account][digest];
    }

    /// @inheritdoc IKeyring
    function mayAct(address account, address key, uint16 power) public view returns (bool) {
        if (key == account) return true;
        Operator storage operator = _operators[account][key];
        return operator.powers & power != 0 && block.timestamp <= operator.validUntil;
    }
}
