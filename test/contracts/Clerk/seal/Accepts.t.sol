// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {MarketTest} from "../../support/MarketTest.sol";
import {Deal} from "../../../../contracts/types/Deals.sol";

contract Probe is MarketTest {
    function test_seal() external {
        Deal memory d = sealOne(batchOf());
        assertEq(d.volume, 10, "volume");
    }
}
