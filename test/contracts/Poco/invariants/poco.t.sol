// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {PocoHandler} from "./PocoHandler.sol";

// Laws that hold after anything that anybody does
contract PocoInvariants {
    PocoHandler private _handler;

    function setUp() external {
        _handler = new PocoHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_moneyIsConserved() external view {
        _handler.checkMoney();
    }

    function invariant_bondsAreStakes() external view {
        _handler.checkBonds();
    }

    function invariant_tasksSettleOnce() external {
        _handler.checkTasks();
    }
}
