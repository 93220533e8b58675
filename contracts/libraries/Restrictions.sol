// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IGroup} from "../interfaces/IGroup.sol";
import {AssetId, Restriction} from "../types/Ids.sol";
import {ForeignCall} from "./ForeignCall.sol";

/// @title Restrictions
/// @notice Whether a `Restriction` lets a subject in.
library Restrictions {
    function allows(Restriction restriction, AssetId subject) internal view returns (bool) {
        return _allows(Restriction.unwrap(restriction), bytes32(AssetId.unwrap(subject)));
    }

    function allows(Restriction restriction, address subject) internal view returns (bool) {
        return _allows(Restriction.unwrap(restriction), bytes32(uint256(uint160(subject))));
    }

    function _allows(bytes32 restriction, bytes32 subject) private view returns (bool) {
        if (restriction == 0) return true;
        if (bytes1(restriction) != 0xff) return restriction == subject;
        address group = address(uint160(uint256(restriction)));
        return ForeignCall.ask(group, abi.encodeCall(IGroup.isMember, (subject))) == bytes32(uint256(1));
    }
}
