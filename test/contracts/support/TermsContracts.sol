// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ITerms} from "../../../contracts/interfaces/ITerms.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {Leg} from "../../../contracts/types/Refusals.sol";

/// @notice A pool that is cheaper by the dozen: `data` is `abi.encode(Step[])`, from the least volume up; the price must
/// be at least that of the last step the deal's volume reaches.
contract PriceSteps is ITerms {
    struct Step {
        uint32 volume;
        uint64 price;
    }

    function accepts(Leg, bytes32, Deal calldata draft, bytes calldata data) external pure returns (bool) {
        Step[] memory steps = abi.decode(data, (Step[]));
        uint64 least = type(uint64).max;
        for (uint256 i = 0; i < steps.length; ++i) {
            if (draft.volume >= steps[i].volume) least = steps[i].price;
        }
        return draft.poolPrice >= least;
    }
}

/// @notice An order that is not for now: `data` is `abi.encode(from, to)` in seconds.
contract Period is ITerms {
    function accepts(Leg, bytes32, Deal calldata, bytes calldata data) external view returns (bool) {
        (uint256 from, uint256 to) = abi.decode(data, (uint256, uint256));
        return from <= block.timestamp && block.timestamp <= to;
    }
}

/// @notice Accepts exactly one question.
contract OneQuestion is ITerms {
    bytes32 private _question;

    function set(Leg leg, bytes32 orderHash, Deal calldata draft, bytes calldata data) external {
        _question = keccak256(abi.encode(leg, orderHash, draft, data));
    }

    function accepts(
        Leg leg,
        bytes32 orderHash,
        Deal calldata draft,
        bytes calldata data
    ) external view returns (bool) {
        return keccak256(abi.encode(leg, orderHash, draft, data)) == _question;
    }
}

/// @notice Deals of at most so many tasks: `data` is `abi.encode(most)`.
contract VolumeAtMost is ITerms {
    function accepts(Leg, bytes32, Deal calldata draft, bytes calldata data) external pure returns (bool) {
        return draft.volume <= abi.decode(data, (uint256));
    }
}
