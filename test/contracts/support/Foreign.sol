// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IClerk} from "../../../contracts/interfaces/IClerk.sol";

/// @notice A contract that an order names, with every manner a stranger's contract can have. It answers any call.
contract Foreign {
    enum Manner {
        Word, // the word set
        Short, // 31 bytes
        Nothing,
        Revert,
        Burn, // all gas it gets
        Bomb, // a megabyte
        Slow, // the word set, after 60,000 gas
        Reenter // changes the Clerk
    }

    Manner private _manner;
    bytes32 private _word;
    IClerk private _clerk;

    constructor(Manner manner, bytes32 word, IClerk clerk) {
        (_manner, _word, _clerk) = (manner, word, clerk);
    }

    // Not view: a stranger's contract may try to change state whatever the caller's interface says.
    fallback() external {
        Manner manner = _manner;
        if (manner == Manner.Reenter) _clerk.raiseEpoch(1);
        require(manner != Manner.Revert, "no");
        if (manner == Manner.Burn) {
            while (true) {}
        }
        if (manner == Manner.Slow) {
            uint256 until = gasleft() - 60_000;
            while (gasleft() > until) {}
        }
        bytes32 word = _word;
        uint256 size = 32;
        if (manner == Manner.Bomb) size = 1 << 20;
        if (manner == Manner.Short) size = 31;
        if (manner == Manner.Nothing) size = 0;
        assembly {
            mstore(0, word)
            return(0, size)
        }
    }
}

/// @notice A smart account that one key signs for.
contract KeyWallet is IERC1271 {
    address private immutable KEY;

    constructor(address key) {
        KEY = key;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        return ECDSA.recover(digest, signature) == KEY ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}
