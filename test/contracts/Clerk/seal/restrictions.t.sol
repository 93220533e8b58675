// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Batch} from "../../../../contracts/interfaces/IClerk.sol";
import {AssetId, Restriction} from "../../../../contracts/types/Ids.sol";
import {AppOrder, DatasetOrder, PoolOrder, RequestOrder} from "../../../../contracts/types/Orders.sol";
import {Leg, Refusal} from "../../../../contracts/types/Refusals.sol";
import {Foreign} from "../../support/Foreign.sol";
import {MarketTest} from "../../support/MarketTest.sol";
import {vm} from "../../support/Vm.sol";

/// seal, restrictions, each of the twelve of the four orders
///   given another subject                     it should refuse: Restricted
///   given the very subject                    it should seal
///   given a group that answers 1              it should seal
///   given one that answers anything else, short, nothing, reverts, burns gas, bombs, changes state, has no code
///                                             it should refuse: Restricted
///   given too little gas to ask fairly        it should revert, and never turn a yes into a no
contract SealRestrictionsTest is MarketTest {
    uint256 private constant PLACES = 12;

    /// @dev A batch with a dataset where restriction number `place` is `r`, the subject it is about, and the leg to
    /// blame.
    function _restrict(
        uint256 place,
        Restriction x
    ) private view returns (Batch memory batch, bytes32 subject, Leg leg) {
        AppOrder memory a = appOrder();
        DatasetOrder memory d = datasetOrder();
        PoolOrder memory p = poolOrder();
        RequestOrder memory r = requestOrder();
        r.dataset = dataset;
        bytes32[4] memory subjects = [
            bytes32(AssetId.unwrap(app)),
            bytes32(AssetId.unwrap(dataset)),
            bytes32(AssetId.unwrap(pool)),
            bytes32(uint256(uint160(requester)))
        ];
        if (place == 0) (r.onlyApp, subject, leg) = (x, subjects[0], Leg.App);
        if (place == 1) (r.onlyDataset, subject, leg) = (x, subjects[1], Leg.Dataset);
        if (place == 2) (r.onlyPool, subject, leg) = (x, subjects[2], Leg.Pool);
        if (place == 3) (a.onlyDataset, subject, leg) = (x, subjects[1], Leg.App);
        if (place == 4) (a.onlyPool, subject, leg) = (x, subjects[2], Leg.App);
        if (place == 5) (a.onlyRequester, subject, leg) = (x, subjects[3], Leg.App);
        if (place == 6) (d.onlyApp, subject, leg) = (x, subjects[0], Leg.Dataset);
        if (place == 7) (d.onlyPool, subject, leg) = (x, subjects[2], Leg.Dataset);
        if (place == 8) (d.onlyRequester, subject, leg) = (x, subjects[3], Leg.Dataset);
        if (place == 9) (p.onlyApp, subject, leg) = (x, subjects[0], Leg.Pool);
        if (place == 10) (p.onlyDataset, subject, leg) = (x, subjects[1], Leg.Pool);
        if (place == 11) (p.onlyRequester, subject, leg) = (x, subjects[3], Leg.Pool);
        batch = batchOf(a, d, p, r);
    }

    function testFuzz_refusesAnotherSubject(uint8 place, bytes32 other) external {
        place = uint8(bound(place, 0, PLACES - 1));
        (Batch memory batch, bytes32 subject, Leg leg) = _restrict(place, Restriction.wrap(other));
        vm.assume(other != 0 && other != subject && bytes1(other) != 0xff);
        refused(batch, leg, Refusal.Restricted);
    }

    function test_sealsForTheVerySubject() external {
        for (uint256 place = 0; place < PLACES; ++place) {
            (, bytes32 subject, ) = _restrict(place, Restriction.wrap(0));
            (Batch memory batch, , ) = _restrict(place, Restriction.wrap(subject));
            uint256 before = vm.snapshotState();
            assertEq(sealOne(batch).volume, VOLUME, "sealed");
            vm.revertToState(before);
        }
    }

    function testFuzz_asksTheGroup(uint8 place, bytes32 word) external {
        place = uint8(bound(place, 0, PLACES - 1));
        vm.assume(word != bytes32(uint256(1)));
        address yes = address(new Foreign(Foreign.Manner.Word, bytes32(uint256(1)), clerk));
        address no = address(new Foreign(Foreign.Manner.Word, word, clerk));
        (Batch memory batch, , Leg leg) = _restrict(place, group(no));
        refused(batch, leg, Refusal.Restricted);
        (batch, , ) = _restrict(place, group(yes));
        assertEq(sealOne(batch).volume, VOLUME, "a member");
    }

    function test_tellsTheGroupTheSubject() external {
        OneMember members = new OneMember();
        for (uint256 place = 0; place < PLACES; ++place) {
            (Batch memory batch, bytes32 subject, Leg leg) = _restrict(place, group(address(members)));
            members.set(subject);
            uint256 before = vm.snapshotState();
            assertEq(sealOne(batch).volume, VOLUME, "a member");
            vm.revertToState(before);
            members.set(~subject);
            refused(batch, leg, Refusal.Restricted);
        }
    }

    function test_takesTwoForANo() external {
        address two_ = address(new Foreign(Foreign.Manner.Word, bytes32(uint256(2)), clerk));
        (Batch memory batch, , Leg leg) = _restrict(5, group(two_));
        refused(batch, leg, Refusal.Restricted);
    }

    function test_refusesIllManneredGroups() external {
        Foreign.Manner[6] memory manners = [
            Foreign.Manner.Short,
            Foreign.Manner.Nothing,
            Foreign.Manner.Revert,
            Foreign.Manner.Burn,
            Foreign.Manner.Bomb,
            Foreign.Manner.Reenter
        ];
        for (uint256 i = 0; i < manners.length; ++i) {
            Foreign members = new Foreign(manners[i], bytes32(uint256(1)), clerk);
            (Batch memory batch, , Leg leg) = _restrict(5, group(address(members)));
            refused(batch, leg, Refusal.Restricted);
            uint256 gas = gasleft();
            clerk.seal(batch, false);
            assertLe(gas - gasleft(), 400_000, "its cost is bounded");
        }
    }

    function testFuzz_refusesAGroupWithoutCode(address nobody) external {
        vm.assume(nobody.code.length == 0);
        (Batch memory batch, , Leg leg) = _restrict(5, group(nobody));
        refused(batch, leg, Refusal.Restricted);
    }

    function testFuzz_cannotBeStarved(uint256 gas) external {
        address slow = address(new Foreign(Foreign.Manner.Slow, bytes32(uint256(1)), clerk));
        (Batch memory batch, , ) = _restrict(5, group(slow));
        gas = bound(gas, 30_000, 900_000);
        vm.prank(broker);
        try clerk.seal{gas: gas}(batch, false) returns (uint256 count) {
            assertEq(count, 1, "with enough gas it is sealed, with less it reverts");
        } catch {}
    }
}

/// @notice A group of one.
contract OneMember {
    bytes32 private _member;

    function set(bytes32 member) external {
        _member = member;
    }

    function isMember(bytes32 subject) external view returns (bool) {
        return subject == _member;
    }
}
