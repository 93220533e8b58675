// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {Entry} from "../../../../contracts/interfaces/IClerk.sol";
import {HubParameters, IHub, Shop} from "../../../../contracts/interfaces/IHub.sol";
import {IReceipt} from "../../../../contracts/interfaces/IReceipt.sol";
import {GoodsDeal} from "../../../../contracts/types/Goods.sol";
import {DealId} from "../../../../contracts/types/Ids.sol";
import {ShopCode} from "../../../../contracts/types/ShopCode.sol";

/// @notice A Hub with one fault: it runs the real one's code on its own storage, and then undoes or adds a line.
/// What is planted must be found by the laws, or they prove nothing.
abstract contract PlantedHub {
    // The Hub's storage, in its order.
    HubParameters internal _parameters;
    mapping(ShopCode code => Shop) internal _shops;
    ShopCode[] internal _codes;
    EnumerableSet.AddressSet internal _receipts;
    mapping(ShopCode code => mapping(IReceipt receipt => mapping(DealId id => bool))) internal _isPunished;
    address private _owner;
    address private _pendingOwner;

    /// @dev Far from the Hub's own.
    IHub[1 << 64] private _gap;
    IHub internal _real;

    function plant(IHub real, address governance) external {
        (_real, _owner, _parameters) = (real, governance, real.parameters());
    }

    fallback() external {
        _prepare();
        (bool success, bytes memory answer) = address(_real).delegatecall(msg.data);
        if (success) _fault();
        assembly {
            if iszero(success) {
                revert(add(answer, 0x20), mload(answer))
            }
            return(add(answer, 0x20), mload(answer))
        }
    }

    /// @dev Runs before every call.
    function _prepare() internal virtual {}

    /// @dev Runs after every call that succeeded.
    function _fault() internal virtual;

    /// @dev The shop of a call whose first parameter is a code.
    function _codeOfCall() internal pure returns (ShopCode) {
        return ShopCode.wrap(bytes8(msg.data[4:]));
    }
}

/// @notice No fault: shows that the laws hold on a twin as such.
contract FaultlessHub is PlantedHub {
    function _fault() internal override {}
}

/// @notice Law 1: a code is free again once its shop left.
contract ForgettingHub is PlantedHub {
    function _fault() internal override {
        if (msg.sig == IHub.release.selector) delete _shops[_codeOfCall()];
    }
}

/// @notice Law 1: drops the last of the list.
contract ShorteningHub is PlantedHub {
    function _fault() internal override {
        if (msg.sig == IHub.leave.selector) _codes.pop();
    }
}

/// @notice Law 2: counts more than was bonded.
contract BoastingHub is PlantedHub {
    function _fault() internal override {
        if (msg.sig == IHub.addStake.selector) ++_shops[_codeOfCall()].stake;
    }
}

/// @notice Law 2: gives some of the bond back while the stake is said to be whole.
contract LeakingHub is PlantedHub {
    function _fault() internal override {
        if (msg.sig == IHub.join.selector) _real.CLERK().unbond(msg.sender, 1);
    }
}

/// @notice Law 3: lets go at once.
contract HastyHub is PlantedHub {
    function _fault() internal override {
        if (msg.sig == IHub.leave.selector) _shops[_codeOfCall()].releasableAt = 1;
    }
}

/// @notice Law 3: forgives what was lost at once.
contract ForgivingHub is PlantedHub {
    uint32 private _unbondingTime;

    function _prepare() internal override {
        if (msg.sig == IHub.release.selector)
            (_unbondingTime, _parameters.unbondingTime) = (_parameters.unbondingTime, 0);
    }

    function _fault() internal override {
        if (msg.sig == IHub.release.selector) _parameters.unbondingTime = _unbondingTime;
    }
}

/// @notice Law 3: asks no Receipt.
contract DeafHub is PlantedHub {
    using EnumerableSet for EnumerableSet.AddressSet;

    function _fault() internal override {
        if (msg.sig == IHub.leave.selector && _receipts.length() != 0) _receipts.remove(_receipts.at(0));
    }
}

/// @notice Law 4: forgets that a shop has paid.
contract VindictiveHub is PlantedHub {
    function _fault() internal override {
        if (msg.sig != IHub.punish.selector) return;
        (ShopCode code, IReceipt receipt, GoodsDeal memory deal) = abi.decode(
            msg.data[4:],
            (ShopCode, IReceipt, GoodsDeal)
        );
        _isPunished[code][receipt][deal.goodsDealId()] = false;
    }
}

/// @notice Law 4: has some of what is slashed go to whoever calls.
contract RobbingHub is PlantedHub {
    function _fault() internal override {
        if (msg.sig != IHub.slash.selector) return;
        Shop storage robbed = _shops[_codeOfCall()];
        if (robbed.stake == 0) return;
        --robbed.stake;
        Entry[] memory seized = new Entry[](1);
        Entry[] memory credits = new Entry[](1);
        (seized[0], credits[0]) = (Entry(robbed.owner, 1), Entry(msg.sender, 1));
        _real.CLERK().slash(seized, credits);
    }
}
