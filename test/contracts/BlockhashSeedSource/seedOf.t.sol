// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {BlockhashSeedSource} from "../../../contracts/certifiers/BlockhashSeedSource.sol";
import {ISeedSource} from "../../../contracts/interfaces/ISeedSource.sol";
import {Assertions} from "../Panel/support/Assertions.sol";
import {Deployer} from "../support/Deployer.sol";
import {vm} from "../support/Vm.sol";

// seedOf, record
// ├── of a block to come, or of this one: unknown
// ├── of the last 256: the block's hash
// ├── of older ones: what was recorded, by anyone, once
// └── recording what is unknown: refused
contract BlockhashSeedSourceTest is Assertions {
    ISeedSource private _seeds;

    function setUp() external {
        vm.roll(1_000);
        _seeds = ISeedSource(Deployer.create("BlockhashSeedSource", ""));
    }

    function test_unknownUntilTheBlockIsPast() external {
        equal(_seeds.seedOf(1_000), 0, "this block");
        equal(_seeds.seedOf(1_001), 0, "the next");
        vm.expectRevert(
            abi.encodeWithSelector(BlockhashSeedSource.BlockhashSeedSourceUnknown.selector, uint256(1_000))
        );
        _seeds.record(1_000);
        vm.roll(1_001);
        equal(_seeds.seedOf(1_000), blockhash(1_000), "the block's hash");
        isTrue(_seeds.seedOf(1_000) != 0, "known");
    }

    function test_keepsWhatWasRecorded() external {
        vm.roll(1_256);
        bytes32 seed = _seeds.seedOf(1_000);
        isTrue(seed != 0, "still known");
        _seeds.record(1_000);
        vm.roll(1_257);
        equal(blockhash(1_000), 0, "forgotten by the chain");
        equal(_seeds.seedOf(1_000), seed, "kept");
        _seeds.record(1_000);
        equal(_seeds.seedOf(1_000), seed, "kept for good");
    }

    function test_losesWhatWasNot() external {
        vm.roll(1_257);
        equal(_seeds.seedOf(1_000), 0, "lost");
        vm.expectRevert(
            abi.encodeWithSelector(BlockhashSeedSource.BlockhashSeedSourceUnknown.selector, uint256(1_000))
        );
        _seeds.record(1_000);
    }
}
