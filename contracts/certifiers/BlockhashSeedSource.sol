// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISeedSource} from "../interfaces/ISeedSource.sol";

/// @title BlockhashSeedSource
/// @notice Block hashes as seeds: the chain knows the last 256 by itself, older ones if somebody recorded them in time.
/// @dev Warning: who proposes a block can try variants of it, and so has some choice among draws. A validators' beacon
/// behind the same interface has not.
contract BlockhashSeedSource is ISeedSource {
    mapping(uint256 blockNumber => bytes32) private _recorded;

    /// @notice The block is not there yet, or too old.
    error BlockhashSeedSourceUnknown(uint256 blockNumber);

    /// @inheritdoc ISeedSource
    function record(uint256 blockNumber) external {
        bytes32 seed = seedOf(blockNumber);
        require(seed != 0, BlockhashSeedSourceUnknown(blockNumber));
        _recorded[blockNumber] = seed;
    }

    /// @inheritdoc ISeedSource
    function seedOf(uint256 blockNumber) public view returns (bytes32 seed) {
        // The chain's own memory first: it costs next to nothing, and can say nothing else than what was recorded.
        seed = blockhash(blockNumber);
        if (seed == 0) seed = _recorded[blockNumber];
    }
}
