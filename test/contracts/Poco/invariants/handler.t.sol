// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Assertions} from "../../Panel/support/Assertions.sol";
import {PocoHandler} from "./PocoHandler.sol";

// The handler's acts come off, else its laws would hold of nothing
contract PocoHandlerTest is Assertions {
    function test_playsTasksToTheirEnd() external {
        PocoHandler handler = new PocoHandler();
        for (uint256 i = 0; i < 60; ++i) {
            uint256 random = uint256(keccak256(abi.encode(i)));
            try handler.play(uint64(random), uint8(random >> 64), random >> 72, random >> 136) {} catch {}
            try handler.sealOne(uint64(random), uint8(random >> 64) % 2, false, 1) {} catch {}
            try handler.complete(random, random) {} catch {}
            if (i % 3 == 0) handler.pass(uint16(random));
            try handler.claim(random) {} catch {}
            try handler.enrolAgain(random) {} catch {}
            try handler.leave(random) {} catch {}
            try handler.release(random >> 7) {} catch {}
            handler.checkMoney();
            handler.checkBonds();
            handler.checkTasks();
        }
        equal(handler.done("seal") > 20 ? 1 : 0, 1, "seals");
        isTrue(handler.done("finalize") > 5, "finalizes");
        isTrue(handler.done("extend") > 2, "extends");
        isTrue(handler.done("claim") > 2, "claims");
        isTrue(handler.done("complete") > 2, "completes");
        isTrue(handler.done("release") > 0, "releases");
        isTrue(handler.done("leave") > 2, "leaves");
    }
}
