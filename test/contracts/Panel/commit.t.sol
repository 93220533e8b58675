// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {Operator, POWER_CONTRIBUTION} from "../../../contracts/interfaces/IKeyring.sol";
import {Committed, Contribution, IPanel, Task, toCommitter} from "../../../contracts/interfaces/IPanel.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {AssetId, TaskId} from "../../../contracts/types/Ids.sol";
import {Wish} from "./support/Market.sol";
import {PocoTest} from "../Poco/support/PocoTest.sol";
import {vm} from "../support/Vm.sol";

/// A worker that is a contract.
contract ContractWorker {
    function enrol(IClerk clerk, IPanel panel, AssetId pool, address operator) external returns (uint32) {
        clerk.allowCertifier(address(panel), type(uint64).max);
        clerk.KEYRING().setOperator(operator, Operator(POWER_CONTRIBUTION, 0, type(uint40).max));
        return panel.enrol(pool);
    }

    function commit(IPanel panel, Deal calldata deal, Contribution[] calldata contributions) external {
        panel.commit(deal, 0, contributions);
    }
}

// commit
// ├── when the index is out of range: refused; invented deals: see `attacks/invented-deals.t.sol`
// ├── when trust is at most 1: refused
// ├── while the seed is unknown: refused
// ├── when the window is over, or every place has committed: refused
// ├── when a seat was not drawn in this round, or has lost its stake: refused
// ├── when the signature is another's, over another task, round or seal: refused
// ├── when nothing new comes: refused; what came before is left out
// ├── a worker commits by itself without a signature
// ├── a contract works by calling, or by an operator's key; an operator signs for a worker while it may
// ├── in any number of calls, the places and the chain of seals are kept
// └── the last place completes the round
contract CommitTest is PocoTest {
    Deal private _deal;
    uint32[] private _drawn;
    TaskId private _id;

    function setUp() public override {
        super.setUp();
        enrol(0, 12);
        (_deal, _drawn) = sealAndDraw(aWish());
        _id = idOf(_deal, 0);
    }

    function test_refusesAnIndexOutOfRange() external {
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelIndexOutOfRange.selector, uint32(1), uint32(0), uint32(1)));
        poco.commit(_deal, 1, new Contribution[](0));
        _deal.firstTask = 2;
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelIndexOutOfRange.selector, uint32(1), uint32(2), uint32(1)));
        poco.commit(_deal, 1, new Contribution[](0));
    }

    function test_refusesTrustOne() external {
        Wish memory wish = aWish();
        wish.trust = 1;
        Deal memory deal = seal(wish);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelNotReplicated.selector, uint32(1)));
        poco.commit(deal, 0, new Contribution[](0));
    }

    function test_refusesBeforeTheSeed() external {
        Deal memory deal = seal(aWish());
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelSeedUnknown.selector, currentBlock + 1));
        poco.commit(deal, 0, new Contribution[](0));
    }

    function test_refusesAfterTheWindow() external {
        Contribution[] memory all = contributions(_id, 1, _drawn, success());
        rollTo(_deal.sealedAtBlock + 1 + ROUND_BLOCKS);
        poco.commit(_deal, 0, only(all[0]));
        advance(1);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelRoundClosed.selector, _id, uint8(1)));
        poco.commit(_deal, 0, only(all[1]));
    }

    function test_windowsCountBlocks() external {
        vm.warp(block.timestamp + 365 days);
        vm.expectRevert(
            abi.encodeWithSelector(
                IPanel.PanelDeadlineNotOver.selector,
                _id,
                uint256(_deal.sealedAtBlock) + DEADLINE_BLOCKS
            )
        );
        poco.claim(_deal, 0, none());
        commitAll(_deal, 1, _drawn, success());
        equal(taskOf(_deal).completedAfter, 2, "two blocks after the seal, in whatever year");
    }

    function test_refusesWhenComplete() external {
        commitAll(_deal, 1, _drawn, success());
        Contribution memory again = contribution(_id, 1, _drawn[0], success());
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelRoundClosed.selector, _id, uint8(1)));
        poco.commit(_deal, 0, only(again));
    }

    function test_refusesWhoWasNotDrawn() external {
        uint32 other = 0;
        while (contains(_drawn, other)) ++other;
        Contribution memory uninvited = contribution(_id, 1, other, success());
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelSeatNotDrawn.selector, _id, uint8(1), other));
        poco.commit(_deal, 0, only(uninvited));
    }

    function test_refusesWhoWasDrawnInAnotherRound() external {
        poco.commit(_deal, 0, only(contribution(_id, 1, _drawn[0], success())));
        advance(ROUND_BLOCKS + 20);
        poco.extend(_deal, 0);
        advance(2);
        Contribution memory late = contribution(_id, 2, _drawn[1], success());
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelSeatNotDrawn.selector, _id, uint8(2), _drawn[1]));
        poco.commit(_deal, 0, only(late));
    }

    function test_refusesSignaturesOfOthers() external {
        bytes32 sealed_ = sealOf(workerOf(_drawn[0]), _id, 1, success());
        uint256 key = keyOf[_drawn[0]];
        _refusesSignature(signedBy(keyOf[_drawn[1]], _id, 1, _drawn[0], sealed_));
        _refusesSignature(signedBy(key, _id, 2, _drawn[0], sealed_));
        _refusesSignature(signedBy(key, idOf(_deal, 1), 1, _drawn[0], sealed_));
        Contribution memory other = signedBy(key, _id, 1, _drawn[0], sealed_);
        other.seal = ~sealed_;
        _refusesSignature(other);
        _refusesSignature(Contribution(_drawn[0], sealed_, 0, 0));
    }

    function test_refusesWhoHasLostItsStake() external {
        // Wrong in one task while drawn for another: with twelve seats and five places some seat is in both.
        Wish memory wish = aWish();
        wish.trust = 2;
        wish.volume = 40;
        (Deal memory other, ) = sealAndDraw(wish);
        advance(100);
        uint32 liar = _convictSomebody();
        (Deal memory deal, uint32 index) = _drawnFor(other, liar);
        Contribution[] memory one = only(signed(idOf(deal, index), 1, liar, bytes32(uint256(1))));
        rollTo(deal.sealedAtBlock + 20);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelSeatConvicted.selector, idOf(deal, index), liar));
        poco.commit(deal, index, one);
    }

    function test_refusesNothing() external {
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelNothingToCommit.selector, _id));
        poco.commit(_deal, 0, new Contribution[](0));
        Contribution[] memory one = only(contribution(_id, 1, _drawn[2], success()));
        poco.commit(_deal, 0, one);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelNothingToCommit.selector, _id));
        poco.commit(_deal, 0, one);
    }

    function test_leavesOutWhatCameBefore() external {
        Contribution[] memory all = contributions(_id, 1, _drawn, success());
        poco.commit(_deal, 0, only(all[2]));
        Committed[] memory added = commit(_deal, all);
        equal(added.length, 3, "the others");
        isTrue(taskOf(_deal).completedAfter != 0, "complete");
    }

    function test_countsADuplicateOnce() external {
        Contribution[] memory twice = new Contribution[](2);
        twice[0] = contribution(_id, 1, _drawn[1], success());
        twice[1] = contribution(_id, 1, _drawn[1], otherResult());
        Committed[] memory added = commit(_deal, twice);
        equal(added.length, 1, "one");
        equal(added[0].seal, twice[0].seal, "the first");
        equal(taskOf(_deal).places, 2, "one place");
    }

    function test_aWorkerCommitsByItself() external {
        bytes32 sealed_ = sealOf(workerOf(_drawn[3]), _id, 1, success());
        vm.prank(workerOf(_drawn[3]));
        poco.commit(_deal, 0, only(Contribution(_drawn[3], sealed_, 0, 0)));
        equal(taskOf(_deal).places, 8, "the fourth place");
    }

    function test_anOperatorSigns() external {
        uint256 key = 0x0be;
        bytes32 sealed_ = sealOf(workerOf(_drawn[0]), _id, 1, success());
        Contribution memory one = signedBy(key, _id, 1, _drawn[0], sealed_);
        _refusesSignature(one);
        vm.startPrank(workerOf(_drawn[0]));
        // Every power but the one.
        keyring.setOperator(vm.addr(key), Operator(~POWER_CONTRIBUTION, type(uint64).max, type(uint40).max));
        vm.stopPrank();
        _refusesSignature(one);
        vm.prank(workerOf(_drawn[0]));
        keyring.setOperator(vm.addr(key), Operator(POWER_CONTRIBUTION, 0, uint40(block.timestamp)));
        // Another worker has not named it.
        sealed_ = sealOf(workerOf(_drawn[1]), _id, 1, success());
        _refusesSignature(signedBy(key, _id, 1, _drawn[1], sealed_));
        poco.commit(_deal, 0, only(one));
        equal(taskOf(_deal).places, 1, "the first place");
    }

    function test_aRevokedOperatorDoesNot() external {
        uint256 key = 0x0be;
        bytes32 sealed_ = sealOf(workerOf(_drawn[0]), _id, 1, success());
        vm.startPrank(workerOf(_drawn[0]));
        keyring.setOperator(vm.addr(key), Operator(POWER_CONTRIBUTION, 0, type(uint40).max));
        keyring.setOperator(vm.addr(key), Operator(0, 0, 0));
        vm.stopPrank();
        _refusesSignature(signedBy(key, _id, 1, _drawn[0], sealed_));
    }

    function test_keepsPlacesAndSeals() external {
        Contribution[] memory all = contributions(_id, 1, _drawn, success());
        bytes19 chain;
        for (uint256 k = 0; k < 4; ++k) {
            // In another order than drawn.
            uint256 i = 3 - k;
            Committed[] memory expected = new Committed[](1);
            expected[0] = Committed(toCommitter(workerOf(_drawn[i]), _drawn[i], 1), all[i].seal);
            vm.expectEmit(true, true, true, true, address(poco));
            emit IPanel.SealsCommitted(_id, 1, expected, k == 3);
            poco.commit(_deal, 0, only(all[i]));
            chain = bytes19(keccak256(abi.encode(bytes32(chain), expected[0].by, expected[0].seal)));
            equal(bytes32(taskOf(_deal).seals), bytes32(chain), "chain");
        }
        Task memory complete = taskOf(_deal);
        equal(complete.round, 1, "round");
        equal(complete.drawn, 4, "drawn");
        equal(complete.places, 15, "places");
        equal(complete.completedAfter, 2, "completed after");
    }

    function test_aContractMayWork() external {
        ContractWorker contractor = new ContractWorker();
        clerk.depositFor(address(contractor), SEAT_STAKE);
        uint256 key = 0x0be;
        uint32 number = contractor.enrol(clerk, poco, pool, vm.addr(key));
        advance(1);
        Wish memory wish = aWish();
        // Thirteen places: everybody is drawn.
        wish.trust = 2 ** 12 + 1;
        wish.volume = 2;
        (Deal memory deal, ) = sealAndDraw(wish);
        TaskId id = idOf(deal, 0);
        bytes32 sealed_ = sealOf(address(contractor), id, 1, success());
        Contribution[] memory unsigned = only(Contribution(number, sealed_, 0, 0));
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelSealNotSigned.selector, id, number, address(contractor)));
        poco.commit(deal, 0, unsigned);
        contractor.commit(poco, deal, unsigned);

        id = idOf(deal, 1);
        sealed_ = sealOf(address(contractor), id, 1, success());
        poco.commit(deal, 1, only(signedBy(key, id, 1, number, sealed_)));
    }

    function test_aLaterRoundCompletesWhateverWasMissedBefore() external {
        poco.commit(_deal, 0, only(contribution(_id, 1, _drawn[1], success())));
        advance(ROUND_BLOCKS + 20);
        poco.extend(_deal, 0);
        advance(2);
        uint32[] memory second = drawnIn(_deal, 2);
        equal(taskOf(_deal).completedAfter, 0, "not yet");
        commitAll(_deal, 2, second, success());
        equal(taskOf(_deal).completedAfter, currentBlock - _deal.sealedAtBlock, "complete");
    }

    function _refusesSignature(Contribution memory bad) private {
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelSealNotSigned.selector, _id, bad.seat, workerOf(bad.seat)));
        poco.commit(_deal, 0, only(bad));
    }

    /// Of four seats and one liar, drawn until the liar is outvoted.
    function _convictSomebody() private returns (uint32 liar) {
        Wish memory wish = aWish();
        wish.trust = 5;
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(wish);
        liar = drawn[2];
        Committed[] memory first = commit(deal, split(idOf(deal, 0), 1, drawn, 2));
        advance(11);
        poco.extend(deal, 0);
        advance(2);
        Committed[] memory second = commitAll(deal, 2, drawnIn(deal, 2), success());
        poco.finalize(deal, 0, concat(first, second), success());
        isTrue(seatOf(liar).convicted, "convicted");
    }

    function _drawnFor(Deal memory deal, uint32 seat) private view returns (Deal memory, uint32) {
        for (uint32 index = 0; index < deal.volume; ++index) {
            if (contains(poco.drawnSeats(deal, index, 1), seat)) return (deal, index);
        }
        revert("not drawn");
    }
}
