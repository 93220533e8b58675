// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {PlantedPanel} from "../../Panel/invariants/PlantedPanel.sol";
import {PocoHandler} from "./PocoHandler.sol";

/// What the fuzzer calls.
contract Driver {
    PocoHandler private immutable HANDLER;

    constructor(PocoHandler handler) {
        HANDLER = handler;
    }

    function act(uint256 action, uint256 seed) external {
        HANDLER.act(action, seed);
    }
}

// Laws that hold after anything that anybody does
contract PocoInvariants {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    PocoHandler private _handler;
    Driver private _driver;

    function setUp() external {
        _handler = new PocoHandler(PlantedPanel(address(0)));
        _driver = new Driver(_handler);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_driver);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory selectors) {
        selectors = new FuzzSelector[](1);
        selectors[0].addr = address(_driver);
        selectors[0].selectors = new bytes4[](1);
        selectors[0].selectors[0] = Driver.act.selector;
    }

    function invariant_moneyIsConserved() external view {
        _handler.checkMoney();
    }

    function invariant_bondsAreStakes() external view {
        _handler.checkBonds();
    }

    function invariant_earningsAreBacked() external view {
        _handler.checkEarnings();
    }

    function invariant_tasksSettleOnce() external {
        _handler.checkTasks();
    }

    function invariant_seatsChangeByTheRules() external view {
        _handler.checkSeats();
    }

    function invariant_nobodyGainsByAFailure() external view {
        _handler.checkActs();
    }
}
