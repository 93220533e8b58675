// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {ForeignCall} from "./ForeignCall.sol";

/// @title Signatures
/// @notice Whether somebody signed a digest: keys (65 bytes, or 64 by EIP-2098) and contracts (ERC-1271).
library Signatures {
    /// @notice The key that signed, or zero. A malleable twin (high s) is refused.
    function recover(bytes32 digest, bytes calldata signature) internal pure returns (address signer) {
        if (signature.length == 64) {
            (signer, , ) = ECDSA.tryRecover(digest, bytes32(signature[:32]), bytes32(signature[32:]));
        } else {
            (signer, , ) = ECDSA.tryRecoverCalldata(digest, signature);
        }
    }

    /// @notice Whether `account`'s own key signed. Never reverts on a bad signature.
    function isKeys(address account, bytes32 digest, bytes calldata signature) internal pure returns (bool) {
        return account != address(0) && recover(digest, signature) == account;
    }

    /// @notice Whether `account` is a contract that takes the signature for its own (ERC-1271).
    function isContracts(address account, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        // No code is no contract: a plain account with a bad signature ends here, without the cost of a foreign call.
        if (account.code.length == 0) return false;
        bytes32 answer = ForeignCall.ask(account, abi.encodeCall(IERC1271.isValidSignature, (digest, signature)));
        return answer == bytes32(IERC1271.isValidSignature.selector);
    }
}
