// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "../../support/Test.sol";
import {GoodsHandler} from "./GoodsHandler.sol";
import {PlantedReceipt} from "./PlantedReceipt.sol";

/// @notice What the fuzzer calls. The runner does not know the handler by its code, which is linked to a library.
contract GoodsDriver {
    GoodsHandler private immutable HANDLER;

    constructor(GoodsHandler handler) {
        HANDLER = handler;
    }

    function act(uint256 action, uint256 seed) external {
        HANDLER.act(action, seed);
    }
}

/// Laws of the Receipt, whatever its users do, numbered as in `IReceipt`; 0 is the Clerk's:
///   0 all accounts together hold what was put in
///   1 what is bonded is what the deals that are not over hold, and those are counted
///   2 a deal pays out exactly what was locked for it, once, to its own people
///   3 an order is sealed as it says: never beyond its volume, past its expiry, in another epoch, cancelled, by another
///     matcher, unsigned, on other terms than were signed
///   4 a deal ends only as it may, when it may, by whom it may
contract ReceiptInvariants is Test {
    GoodsHandler private handler;

    function setUp() external {
        handler = new GoodsHandler(PlantedReceipt(address(0)));
        for (uint256 i = 0; i < 4; ++i) {
            handler.trade(i);
        }
        GoodsDriver driver = new GoodsDriver(handler);
        bytes4[] memory actions = new bytes4[](1);
        actions[0] = GoodsDriver.act.selector;
        target(address(driver), actions);
    }

    function invariant_moneyIsConserved() external view {
        handler.moneyIsConserved();
    }

    function invariant_bondsAreHeld() external view {
        handler.bondsAreHeld();
    }

    function invariant_dealsPayOnce() external view {
        handler.dealsPayOnce();
    }

    function invariant_ordersHold() external view {
        handler.ordersHold();
    }

    function invariant_endsAreLawful() external view {
        handler.endsAreLawful();
    }
}
