// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Clerk} from "../../../contracts/clerk/Clerk.sol";
import {Account, Batch, Bond, DealState, IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {DealId} from "../../../contracts/types/Ids.sol";

/// @notice A Clerk with one fault: it runs the real one's code on its own storage, and then undoes or adds a line.
/// What is planted must be found by the laws, or they prove nothing.
abstract contract PlantedClerk {
    // The Clerk's storage, in its order.
    mapping(address owner => Account) internal _accounts;
    mapping(address owner => mapping(address certifier => Bond)) internal _bonds;
    string private _name;
    string private _version;
    mapping(address signer => mapping(bytes32 orderHash => uint32)) internal _filled;
    mapping(DealId id => DealState) internal _deals;
    address private _owner;
    address private _pendingOwner;
    mapping(address certifier => bool) private _isCertifier;

    /// @dev Far from the Clerk's own.
    Clerk[1 << 64] private _gap;
    Clerk internal _real;

    function plant(Clerk real, address governance) external {
        (_real, _owner) = (real, governance);
    }

    fallback() external {
        (bool success, bytes memory answer) = address(_real).delegatecall(msg.data);
        if (success) _fault();
        assembly {
            if iszero(success) {
                revert(add(answer, 0x20), mload(answer))
            }
            return(add(answer, 0x20), mload(answer))
        }
    }

    /// @dev Runs after every call that succeeded.
    function _fault() internal virtual;

    function _settled() internal pure returns (Deal memory deal) {
        deal = abi.decode(msg.data[4:], (Deal));
    }
}

/// @notice No fault: shows that the laws hold on a twin as such.
contract FaultlessClerk is PlantedClerk {
    function _fault() internal override {}
}

/// @notice Law 1: credits one more than was held.
contract MintingClerk is PlantedClerk {
    function _fault() internal override {
        if (msg.sig == IClerk.settle.selector) ++_accounts[_settled().payer].free;
    }
}

/// @notice Law 2: releases the buyer's unit as free money that was locked for the next one.
contract EarlyClerk is PlantedClerk {
    function _fault() internal override {
        if (msg.sig != IClerk.settle.selector) return;
        Account storage payer = _accounts[_settled().payer];
        if (payer.locked != 0) (payer.locked, payer.free) = (payer.locked - 1, payer.free + 1);
    }
}

/// @notice Law 3: forgets what was taken of app and pool orders.
contract ForgetfulClerk is PlantedClerk {
    function _fault() internal override {
        if (msg.sig != IClerk.seal.selector) return;
        (Batch memory batch, ) = abi.decode(msg.data[4:], (Batch, bool));
        for (uint256 i = 0; i < batch.pools.length; ++i) {
            address owner = _real.REGISTRY().ownerOrZero(batch.pools[i].order.pool);
            bytes32 hash = _real.hashPoolOrder(batch.pools[i].order);
            if (_filled[owner][hash] != type(uint32).max) _filled[owner][hash] = 0;
        }
    }
}

/// @notice Law 4: does not count the unit as settled.
contract RepeatingClerk is PlantedClerk {
    function _fault() internal override {
        if (msg.sig == IClerk.settle.selector) ++_deals[_settled().dealId()].openUnits;
    }
}
