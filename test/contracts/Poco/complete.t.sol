// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Operator, POWER_POOL_ORDER, POWER_RESULT} from "../../../contracts/interfaces/IKeyring.sol";
import {IPanel, TaskStatus} from "../../../contracts/interfaces/IPanel.sol";
import {IPoco, Result} from "../../../contracts/interfaces/IPoco.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {Wish} from "../Panel/support/Market.sol";
import {PocoTest} from "./support/PocoTest.sol";
import {vm} from "../support/Vm.sol";

// complete
// ├── when trust is above 1: refused
// ├── when the caller is not the pool's owner, the worker nobody, or the deadline over: refused
// ├── twice: refused
// ├── an operator of the owner's may call, with the power and while it has it
// └── else the worker of the owner's choice is paid, in open and in closed pools
contract CompleteTest is PocoTest {
    function test_refusesReplicatedTasks() external {
        enrol(0, 4);
        Deal memory deal = seal(aWish());
        vm.expectRevert(abi.encodeWithSelector(IPoco.PocoReplicated.selector, uint32(10)));
        vm.prank(poolOwner);
        poco.complete(deal, 0, worker(0), success());
    }

    function test_refusesOthersThanTheOwner() external {
        Deal memory deal = _seal(1);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelNotPoolOwner.selector, closedPool, poolOwner, STRANGER));
        vm.prank(STRANGER);
        poco.complete(deal, 0, worker(0), success());
    }

    function test_refusesNobodyAsWorker() external {
        Deal memory deal = _seal(1);
        vm.expectRevert(abi.encodeWithSelector(IPoco.PocoWorkerMissing.selector, idOf(deal, 0)));
        vm.prank(poolOwner);
        poco.complete(deal, 0, address(0), success());
    }

    function test_refusesAfterTheDeadline() external {
        Deal memory deal = _seal(0);
        advance(DEADLINE_BLOCKS + 1);
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelDeadlineOver.selector, idOf(deal, 0), currentBlock - 1));
        vm.prank(poolOwner);
        poco.complete(deal, 0, worker(0), success());
    }

    function test_refusesTwice() external {
        Deal memory deal = _seal(1);
        vm.startPrank(poolOwner);
        poco.complete(deal, 0, worker(0), success());
        vm.expectRevert(
            abi.encodeWithSelector(IPanel.PanelAlreadySettled.selector, idOf(deal, 0), TaskStatus.Certified)
        );
        poco.complete(deal, 0, worker(0), success());
    }

    function test_anOperatorCompletes() external {
        Deal memory deal = _seal(1);
        vm.prank(poolOwner);
        keyring.setOperator(STRANGER, Operator(POWER_POOL_ORDER, type(uint64).max, type(uint40).max));
        vm.expectRevert(abi.encodeWithSelector(IPanel.PanelNotPoolOwner.selector, closedPool, poolOwner, STRANGER));
        vm.prank(STRANGER);
        poco.complete(deal, 0, worker(0), success());
        vm.prank(poolOwner);
        keyring.setOperator(STRANGER, Operator(POWER_RESULT, 0, type(uint40).max));
        vm.prank(STRANGER);
        poco.complete(deal, 0, worker(0), success());
        equal(freeOf(worker(0)), 9 * HANSE, "worker");
    }

    function test_paysTheWorker() external {
        Deal memory deal = _seal(0);
        vm.prank(poolOwner);
        poco.complete(deal, 0, worker(0), success());
        equal(freeOf(worker(0)), 9 * HANSE, "worker");
        equal(freeOf(poolOwner), FUNDS + HANSE, "scheduler's tenth");
        equal(freeOf(appOwner), HANSE, "app");
        equal(freeOf(requester), FUNDS - 11 * HANSE, "requester");
    }

    function test_refundsAFailure() external {
        Deal memory deal = _seal(1);
        vm.prank(poolOwner);
        poco.complete(deal, 0, worker(0), failure());
        equal(freeOf(worker(0)), (9 * HANSE) / 10, "worker");
        equal(freeOf(requester), FUNDS - HANSE, "requester");
        equal(uint256(taskOf(deal).status), uint256(TaskStatus.Failed), "status");
    }

    function _seal(uint32 trust) private returns (Deal memory) {
        Wish memory wish = aWish();
        (wish.trust, wish.pool) = (trust, closedPool);
        return seal(wish);
    }
}
