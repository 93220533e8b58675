// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Committed} from "../../../contracts/interfaces/IPoco.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {PocoTest} from "./support/PocoTest.sol";
import {vm} from "./support/Vm.sol";

contract FinalizeTest is PocoTest {
    function test_happy() external {
        enrol(0, 8);
        (Deal memory deal, uint32[] memory drawn) = sealAndDraw(aWish());
        equal(drawn.length, 4, "places");
        Committed[] memory seals = commitAll(deal, 1, drawn, success());
        uint256 before = freeOf(workerOf(drawn[0]));
        vm.prank(STRANGER);
        poco.finalize(deal, 0, seals, success());
        equal(freeOf(workerOf(drawn[0])) - before, 9 * HANSE / 4, "reward");
        equal(freeOf(appOwner), HANSE, "app");
    }
}
