// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Account, Batch, Bond, DealState, IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {DealId} from "../../../contracts/types/Ids.sol";
import {RequestOrder} from "../../../contracts/types/Orders.sol";
import {Leg} from "../../../contracts/types/Refusals.sol";

/// @notice A Clerk with one fault: it runs the real one's code on its own storage, and then undoes or adds a line.
/// What is planted must be found by the laws, or they prove nothing.
abstract contract PlantedClerk {
    // The Clerk's storage, in its order.
    mapping(address owner => Account) internal _accounts;
    mapping(address owner => mapping(address certifier => Bond)) internal _bonds;
    mapping(address signer => mapping(uint256 group => uint256)) internal _lanes;
    mapping(DealId id => DealState) internal _deals;
    string private _name;
    string private _version;
    mapping(address owner => mapping(address operator => uint64)) internal _spent;
    mapping(address sponsor => mapping(bytes32 requestHash => uint64)) internal _sponsored;
    mapping(address certifier => bool) private _isCertifier;
    address private _owner;
    address private _pendingOwner;

    /// @dev Far from the Clerk's own.
    IClerk[1 << 64] private _gap;
    IClerk internal _real;
    address[] internal _people;
    address[] internal _operators;

    function plant(IClerk real, address governance, address[] calldata people, address[] calldata operators) external {
        (_real, _owner, _people, _operators) = (real, governance, people, operators);
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

/// @notice Law 1: lets governance reach the Till.
contract LeakyClerk is PlantedClerk {
    function _fault() internal override {
        if (msg.sig == IClerk.recoverSurplus.selector) _real.TOKEN().transferFrom(_real.TILL(), msg.sender, 1);
    }
}

/// @notice Law 2: does not count the unit as settled.
contract RepeatingClerk is PlantedClerk {
    function _fault() internal override {
        if (msg.sig == IClerk.settle.selector) ++_deals[_settled().dealId()].openUnits;
    }
}

/// @notice Law 3: releases the buyer's unit as free money that was locked for the next one.
contract EarlyClerk is PlantedClerk {
    function _fault() internal override {
        if (msg.sig != IClerk.settle.selector) return;
        Account storage payer = _accounts[_settled().payer];
        if (payer.locked != 0) (payer.locked, payer.free) = (payer.locked - 1, payer.free + 1);
    }
}

/// @notice Law 4: forgets what was taken of pool orders.
contract ForgetfulClerk is PlantedClerk {
    function _fault() internal override {
        if (msg.sig != IClerk.seal.selector) return;
        (Batch memory batch, ) = abi.decode(msg.data[4:], (Batch, bool));
        for (uint256 i = 0; i < batch.pools.length; ++i) {
            address owner = _real.REGISTRY().ownerOrZero(batch.pools[i].order.pool);
            uint256 salt = uint256(batch.pools[i].order.conditions.salt);
            _lanes[owner][(salt >> 3) | (uint256(Leg.Pool) << 253)] = 0;
        }
    }
}

/// @notice Law 4: an epoch raised is no epoch.
contract TimelessClerk is PlantedClerk {
    function _fault() internal override {
        if (msg.sig == IClerk.raiseEpoch.selector) _accounts[msg.sender].epoch = 0;
    }
}

/// @notice Law 4: adds what is taken to the lane beside, too.
contract SpillingClerk is PlantedClerk {
    function _fault() internal override {
        if (msg.sig != IClerk.seal.selector) return;
        (Batch memory batch, ) = abi.decode(msg.data[4:], (Batch, bool));
        address owner = _real.REGISTRY().ownerOrZero(batch.apps[0].order.app);
        uint256 salt = uint256(batch.apps[0].order.conditions.salt);
        _lanes[owner][(salt >> 3) | (uint256(Leg.App) << 253)] |= 1 << (((salt ^ 1) & 7) << 5);
    }
}

/// @notice Law 5: forgets what operators spent.
contract UnlimitedClerk is PlantedClerk {
    function _fault() internal override {
        if (msg.sig != IClerk.seal.selector) return;
        for (uint256 i = 0; i < _people.length; ++i) {
            _spent[_people[i]][_operators[i]] = 0;
        }
    }
}

/// @notice Law 5: forgets what sponsors paid.
contract UncappedClerk is PlantedClerk {
    function _fault() internal override {
        if (msg.sig != IClerk.seal.selector) return;
        (Batch memory batch, ) = abi.decode(msg.data[4:], (Batch, bool));
        for (uint256 i = 0; i < batch.requests.length; ++i) {
            RequestOrder memory request = batch.requests[i].order;
            _sponsored[request.sponsor][_real.hashRequestOrder(request)] = 0;
        }
    }
}

/// @notice Law 5: has the requester pay the sponsor a little back.
contract RobbingClerk is PlantedClerk {
    function _fault() internal override {
        if (msg.sig != IClerk.seal.selector) return;
        (Batch memory batch, ) = abi.decode(msg.data[4:], (Batch, bool));
        RequestOrder memory request = batch.requests[0].order;
        if (request.sponsor == address(0) || _accounts[request.requester].free == 0) return;
        --_accounts[request.requester].free;
        ++_accounts[request.sponsor].free;
    }
}
