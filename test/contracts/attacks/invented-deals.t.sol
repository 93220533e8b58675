// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {Committed, Contribution, IPanel, Task, TaskStatus} from "../../../contracts/interfaces/IPanel.sol";
import {IPoco} from "../../../contracts/interfaces/IPoco.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {TaskId, toDealId} from "../../../contracts/types/Ids.sol";
import {PocoTest} from "../Poco/support/PocoTest.sol";
import {vm} from "../support/Vm.sol";

/// Somebody acts in the name of a deal that was never sealed: a true one with another price, trust, window or pool. `commit`
/// and `extend` do not ask whether a deal is true. Four workers with stakes of 100 are drawn for the true one, whose pool
/// is paid 10: the invented deal must cost them 0 of the 400, and move nothing of the 10.
contract InventedDealsAttack is PocoTest {
    Deal private _deal;
    uint32[] private _drawn;
    TaskId private _id;

    function setUp() public override {
        super.setUp();
        enrol(0, 4);
        (_deal, _drawn) = sealAndDraw(aWish());
        _id = idOf(_deal, 0);
    }

    /// Each member that decides who is drawn, how long, by whom and for what.
    function _invent(uint256 kind, uint64 by) private view returns (Deal memory deal) {
        deal = _deal;
        by = uint64(bound(by, 1, 1_000));
        kind %= 6;
        if (kind == 0) deal.poolPrice += by;
        else if (kind == 1) deal.trust = 2;
        else if (kind == 2) deal.frozen = bytes32(uint256(deal.frozen) - (uint256(bound(by, 1, 4)) << 112));
        else if (kind == 3) deal.volume += uint32(by);
        else if (kind == 4) deal.payer = poolOwner;
        else deal.certifier = address(uint160(uint256(by)));
    }

    function bound(uint64 value, uint64 least, uint64 most) private pure returns (uint64) {
        return least + (value % (most - least + 1));
    }

    /// @dev A worker's signature names the task, and so all of its deal: brought in another's name it is nobody's.
    function testFuzz_truesSealsAreGoodForNoOther(uint256 kind, uint64 by) external {
        Deal memory invented = _invent(kind, by);
        Contribution[] memory all = contributions(_id, 1, _drawn, success());
        TaskId other = idOf(invented, 0);
        isTrue(TaskId.unwrap(other) != TaskId.unwrap(_id), "another task");
        uint32 first = poco.drawnSeats(invented, 0, 1)[0];
        for (uint256 i = 0; i < all.length; ++i) {
            if (all[i].seat != first) continue;
            vm.expectRevert(abi.encodeWithSelector(IPanel.PanelSealNotSigned.selector, other, first, workerOf(first)));
            poco.commit(invented, 0, only(all[i]));
        }
    }

    /// @dev Workers in league with the inventor sign for its task. They get it committed and certified by nobody, and the true
    /// one does not notice: no place of it is taken, no seat is fined or slashed, and it is settled as if nothing was.
    function testFuzz_nothingOfItIsSettled(uint256 kind, uint64 by) external {
        Deal memory invented = _invent(kind, by);
        Committed[] memory seals = commitAll(invented, 1, poco.drawnSeats(invented, 0, 1), success());
        Task memory untouched = taskOf(_deal);
        equal(untouched.places, 0, "no place of the true one");
        equal(untouched.round, 0, "no round");

        vm.expectRevert(
            abi.encodeWithSelector(IClerk.ClerkDealUnknown.selector, toDealId(invented.requestId, invented.firstTask))
        );
        poco.finalize(invented, 0, seals, success());

        Committed[] memory true_ = commitAll(_deal, 1, _drawn, success());
        poco.finalize(_deal, 0, true_, success());
        equal(uint256(taskOf(_deal).status), uint256(TaskStatus.Certified), "certified");
        for (uint32 i = 0; i < 4; ++i) {
            equal(seatOf(i).stake, SEAT_STAKE, "stakes are whole");
        }
    }

    /// @dev Rounds of an invented deal can be opened and missed by all: nobody is fined for it, for a claim is refused too.
    function testFuzz_nobodyIsFinedForIt(uint256 kind, uint64 by) external {
        Deal memory invented = _invent(kind, by);
        // Two of the four seats are drawn for it, and the others by the round that is opened.
        invented.trust = 2;
        advance(ROUND_BLOCKS + 20);
        poco.extend(invented, 0);
        equal(taskOf(_deal).round, 0, "the true one is in its first round");
        advance(10_000);
        vm.expectRevert(
            abi.encodeWithSelector(IClerk.ClerkDealUnknown.selector, toDealId(invented.requestId, invented.firstTask))
        );
        poco.claim(invented, 0, none());
        for (uint32 i = 0; i < 4; ++i) {
            equal(seatOf(i).misses, 0, "nothing missed");
            equal(seatOf(i).stake, SEAT_STAKE, "nothing paid");
        }
    }

    /// @dev A true deal, at another certifier than its own: the other one draws and takes seals, and settles nothing.
    function test_anotherCertifierSettlesNothing() external {
        IPoco other = IPoco(address(createPanel("Poco")));
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkNotTheCertifier.selector, address(poco), address(other)));
        advance(10_000);
        other.claim(_deal, 0, none());
        equal(uint256(taskOf(_deal).status), uint256(TaskStatus.Open), "open at its own");
    }
}
