// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {HubParameters, IHub, Standing} from "../../../contracts/interfaces/IHub.sol";
import {IReceipt} from "../../../contracts/interfaces/IReceipt.sol";
import {vm} from "../support/Vm.sol";
import {HubTest} from "./support/HubTest.sol";

/// constructor, setParameters
///   given a share above the whole                        it should revert
///   given a stake that does not fit for a short code     it should revert
///   otherwise                                            it should hold from then on, and change nobody's standing
/// suspend
///   given a shop that is neither member nor suspended    it should revert
///   given too little stake besides                       it should lift its own reason alone
/// slash
///   given a code that nobody has, or a shop that left    it should revert
///   given more than the stake                            it should revert
///   given that less than the stake is left               it should suspend a member
///   otherwise                                            it should move the money to the treasury
/// setReceipt                                             it should list each once
/// all of them, given anyone but governance               it should revert
/// transferOwnership                                      it should take the successor's consent
contract HubGovernanceTest is HubTest {
    function setUp() public override {
        super.setUp();
        join(owner, CODE);
    }

    function testFuzz_refusesOthers(address caller) external {
        vm.assume(caller != governance);
        bytes[4] memory calls = [
            abi.encodeCall(IHub.suspend, (CODE, true)),
            abi.encodeCall(IHub.slash, (CODE, 1)),
            abi.encodeCall(IHub.setParameters, (hubParameters())),
            abi.encodeCall(IHub.setReceipt, (IReceipt(address(1)), true))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            vm.prank(caller);
            (bool success, bytes memory reason) = address(hub).call(calls[i]);
            assertTrue(!success, "refused");
            assertEq(
                keccak256(reason),
                keccak256(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller)),
                "for that reason"
            );
        }
    }

    function testFuzz_refusesParameters(uint64 stake, uint16 lossShare) external {
        HubParameters memory parameters_ = hubParameters();
        parameters_.lossShare = uint16(bound(lossShare, 10_001, type(uint16).max));
        vm.expectRevert(abi.encodeWithSelector(IHub.HubParametersInvalid.selector));
        setParameters(parameters_);
        parameters_.lossShare = 10_000;
        parameters_.stake = uint64(bound(stake, type(uint64).max / 64 + 1, type(uint64).max));
        vm.expectRevert(abi.encodeWithSelector(IHub.HubParametersInvalid.selector));
        setParameters(parameters_);
    }

    function test_refusesToBeginWithThem() external {
        HubParameters memory parameters_ = hubParameters();
        parameters_.lossShare = 10_001;
        bytes memory code = abi.encodePacked(
            vm.getCode("Hub.sol:Hub"),
            abi.encode(clerk, treasury, governance, parameters_)
        );
        address made;
        assembly {
            made := create(0, add(code, 0x20), mload(code))
        }
        assertEq(made, address(0), "nothing is made");
    }

    function testFuzz_setParameters(HubParameters memory parameters_) external {
        parameters_.lossShare = uint16(bound(parameters_.lossShare, 0, 10_000));
        parameters_.stake = uint64(bound(parameters_.stake, 0, type(uint64).max / 64));
        vm.expectEmit(address(hub));
        emit IHub.HubParametersSet(parameters_);
        setParameters(parameters_);
        assertEq(keccak256(abi.encode(hub.parameters())), keccak256(abi.encode(parameters_)), "set");
        assertEq(hub.stakeFor(CODE), parameters_.stake, "what a new shop stakes");
        assertStanding(CODE, Standing.Member, "who is in stays in");
        assertEq(hub.shop(CODE).stake, LEAST, "with what it has");
    }

    function testFuzz_suspendRefusesOtherStandings(uint8 seed, bool suspended) external {
        Standing[3] memory standings = [Standing.None, Standing.Leaving, Standing.Left];
        Standing standing = standings[seed % 3];
        bringTo(standing);
        vm.expectRevert(wrongStanding(standing == Standing.None ? OTHER_CODE : CODE, standing));
        suspend(standing == Standing.None ? OTHER_CODE : CODE, suspended);
    }

    function testFuzz_suspend(bool understaked) external {
        if (understaked) slash(CODE, 1);
        vm.expectEmit(address(hub));
        emit IHub.ShopSuspended(CODE, true);
        suspend(CODE, true);
        assertStanding(CODE, Standing.Suspended, "suspended");
        assertTrue(hub.shop(CODE).suspendedByGovernance, "by governance");
        vm.expectEmit(address(hub));
        emit IHub.ShopSuspended(CODE, understaked);
        suspend(CODE, false);
        assertStanding(CODE, understaked ? Standing.Suspended : Standing.Member, "stake is added by its owner alone");
    }

    function test_slashRefusesWhereNothingIsStaked() external {
        vm.expectRevert(wrongStanding(OTHER_CODE, Standing.None));
        slash(OTHER_CODE, 0);
        bringTo(Standing.Left);
        vm.expectRevert(wrongStanding(CODE, Standing.Left));
        slash(CODE, 0);
    }

    function testFuzz_slashRefusesMoreThanTheStake(uint64 amount) external {
        // The owner's other shop is not touched.
        join(owner, OTHER_CODE);
        amount = uint64(bound(amount, LEAST + 1, type(uint64).max));
        vm.expectRevert(abi.encodeWithSelector(IHub.HubStakeTooLow.selector, CODE, LEAST, amount));
        slash(CODE, amount);
    }

    function testFuzz_slash(uint64 amount, uint64 more, uint8 standing) external {
        more = uint64(bound(more, 0, LEAST));
        vm.prank(owner);
        hub.addStake(CODE, more);
        amount = uint64(bound(amount, 0, LEAST + more));
        bringTo(Standing(bound(standing, 1, 3)));
        bool wasMember = standingOf(CODE) == Standing.Member;
        uint64 before = free(treasury);

        vm.expectEmit(address(hub));
        emit IHub.ShopSlashed(CODE, amount, LEAST + more - amount);
        if (wasMember && amount > more) {
            vm.expectEmit(address(hub));
            emit IHub.ShopSuspended(CODE, true);
        }
        slash(CODE, amount);

        assertEq(free(treasury), before + amount, "to the treasury");
        assertEq(hub.shop(CODE).stake, LEAST + more - amount, "the rest is at stake");
        assertEq(bonded(owner), LEAST + more - amount, "and held");
        if (wasMember) {
            assertStanding(CODE, amount > more ? Standing.Suspended : Standing.Member, "suspended where it lacks");
        }
    }

    function test_setReceipt() external {
        IReceipt[2] memory some = [IReceipt(address(0x4ec1)), IReceipt(address(0x4ec2))];
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectEmit(address(hub));
            emit IHub.HubReceiptSet(address(some[i % 2]), true);
            vm.prank(governance);
            hub.setReceipt(some[i % 2], true);
        }
        assertEq(hub.receipts().length, 2, "each once");
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectEmit(address(hub));
            emit IHub.HubReceiptSet(address(some[0]), false);
            vm.prank(governance);
            hub.setReceipt(some[0], false);
        }
        assertEq(hub.receipts().length, 1, "one is left");
        assertEq(hub.receipts()[0], address(some[1]), "the other");
    }

    function test_aSuccessorHasToAccept() external {
        Ownable2Step owned = Ownable2Step(address(hub));
        vm.prank(governance);
        owned.transferOwnership(stranger);
        assertEq(owned.owner(), governance, "not yet");
        vm.prank(stranger);
        owned.acceptOwnership();
        assertEq(owned.owner(), stranger, "accepted");
    }
}
