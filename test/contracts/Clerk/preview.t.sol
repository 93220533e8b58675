// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Batch, IClerk, Match, Preview, SignedRequestOrder} from "../../../contracts/interfaces/IClerk.sol";
import {AppOrder, DatasetOrder, PoolOrder, RequestOrder} from "../../../contracts/types/Orders.sol";
import {Leg, Refusal} from "../../../contracts/types/Refusals.sol";
import {MarketTest} from "../support/MarketTest.sol";
import {Vm, vm} from "../support/Vm.sol";

/// preview
///   given an index out of range        it should revert, as seal does
///   given several matches              it should tell of each as if it were alone
///   given orders spoiled in any way    it should tell the leg, the refusal and the volume that seal comes to
///   (each `refused` and `sealOne` of all other suites compares the two as well)
contract PreviewTest is MarketTest {
    AppOrder private a;
    DatasetOrder private d;
    PoolOrder private p;
    RequestOrder private r;

    function setUp() public override {
        super.setUp();
        (a, d, p, r) = (appOrder(), datasetOrder(), poolOrder(), requestOrder());
        r.dataset = dataset;
    }

    /// @dev One of the ways in which orders do not go together, by no test's choice but the fuzzer's.
    function _spoil(uint256 seed) private {
        uint256 way = seed % 24;
        uint64 x = uint64(seed >> 8);
        if (way == 0) a.conditions.validUntil = uint64(bound(x, 0, block.timestamp - 1));
        if (way == 1) d.conditions.epoch = x;
        if (way == 2) p.conditions.volume = uint32(x % 12);
        if (way == 3) r.conditions.volume = uint32(x % 12);
        if (way == 4) r.conditions.matcher = address(uint160(x % 2 == 0 ? uint160(broker) : x));
        if (way == 5) a.price = x;
        if (way == 6) d.price = x;
        if (way == 7) p.price = x;
        if (way == 8) p.trust = uint32(x % 20);
        if (way == 9) a.trust = uint32(x % 20);
        if (way == 10) p.tag = bytes32(uint256(x));
        if (way == 11) r.tag = bytes32(uint256(x));
        if (way == 12) r.sponsor = address(uint160(x));
        if (way == 13) a.conditions.terms = bytes32(uint256(x));
        if (way == 14) d.onlyPool = only(pool);
        if (way == 15) p.onlyRequester = only(address(uint160(x)));
        if (way == 16) a.conditions.minFill = uint32(x % 20);
        if (way == 17) d.conditions.minFill = uint32(x % 20);
        if (way == 18) p.category = uint16(x);
        if (way == 19) setFree(requester, uint64(x % (VOLUME * 2_000)));
        if (way == 20) setFree(poolOwner, uint64(x % (VOLUME * 2 * STAKE)));
        if (way == 21) certifier.setTerms(Refusal(x % (uint256(type(Refusal).max) + 1)), STAKE, FROZEN);
        if (way == 22) d.conditions.certifier = address(uint160(x));
        if (way == 23) r.minSeats = uint32(x % 2);
    }

    function testFuzz_tellsWhatSealDoes(uint256[3] calldata seeds, uint8 spoils, bool unsigned_) external {
        for (uint256 i = 0; i < spoils % 4; ++i) {
            _spoil(seeds[i % 3]);
        }
        Batch memory batch = batchOf(a, d, p, r);
        if (unsigned_) setSignature(batch, Leg(seeds[0] % 4), "");
        _compare(batch, clerk.preview(batch, broker)[0]);
    }

    function _compare(Batch memory batch, Preview memory told) private {
        vm.recordLogs();
        vm.prank(broker);
        uint256 count = clerk.seal(batch, false);
        assertEq(count, told.refusal == Refusal.None ? 1 : 0, "whether it is sealed");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs.length, 1, "one event tells");
        if (count == 1) {
            assertEq(clerk.filled(Leg.Request, requester, 0), told.volume, "of that volume");
            return;
        }
        (, Leg leg, Refusal refusal) = abi.decode(logs[0].data, (uint256, Leg, Refusal));
        assertEq(uint8(leg), uint8(told.leg), "the leg");
        assertEq(uint8(refusal), uint8(told.refusal), "the refusal");
        assertEq(told.volume, 0, "no volume");
    }

    function testFuzz_revertsOutOfRange(uint16 index) external {
        index = uint16(bound(index, 1, type(uint16).max));
        Batch memory batch = batchOf(a, d, p, r);
        batch.matches[0].pool = index;
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkMatchOutOfRange.selector, 0));
        clerk.preview(batch, broker);
    }

    function testFuzz_tellsEachAsIfAlone(uint8 count) external {
        // All take from one pool order, which suffices for one of them.
        Batch memory batch = batchOf(a, d, p, r);
        count = uint8(bound(count, 2, 5));
        batch.requests = new SignedRequestOrder[](count);
        batch.matches = new Match[](count);
        for (uint16 i = 0; i < count; ++i) {
            (r.conditions.salt, r.conditions.volume) = (bytes32(uint256(i)), i + 1);
            batch.requests[i] = signed(r);
            batch.matches[i] = Match(0, 0, 0, i);
        }
        Preview[] memory told = clerk.preview(batch, broker);
        assertEq(told.length, count, "one of each");
        for (uint256 i = 0; i < count; ++i) {
            assertEq(uint8(told[i].refusal), 0, "alone each would be sealed");
            assertEq(told[i].volume, i + 1, "whole");
        }
    }
}
