// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {
    FaultlessPanel,
    FiningPanel,
    HastyPanel,
    PlantedPanel,
    RepeatingPanel,
    ReopeningPanel,
    UnbackedPanel
} from "../../Panel/invariants/PlantedPanel.sol";
import {Assertions} from "../../Panel/support/Assertions.sol";
import {PanelHandler} from "../../Panel/invariants/PanelHandler.sol";
import {JuryHandler} from "./JuryHandler.sol";

// The handler's acts come off, else its laws would hold of nothing; and laws find the faults planted against them
contract JuryHandlerTest is Assertions {
    function test_playsTasksToTheirEnd() external {
        JuryHandler handler = _run(PlantedPanel(address(0)));
        _keepsAll(handler);
        isTrue(handler.done("seal") > 20, "seals");
        isTrue(handler.done("reveal") > 20, "reveals");
        isTrue(handler.done("rule") > 10, "rules");
        isTrue(handler.done("extend") > 2, "extends");
        isTrue(handler.done("claim") + handler.done("claimBatch") > 2, "claims");
        isTrue(handler.done("collect") > 2, "collects");
        isTrue(handler.done("release") > 0, "releases");
    }

    function test_aFaultlessTwinKeepsTheLaws() external {
        _keepsAll(_run(new FaultlessPanel()));
    }

    function test_law2FindsAStakeThatIsNotBonded() external {
        _finds(_run(new UnbackedPanel()), PanelHandler.checkBonds.selector, "law 2");
    }

    function test_law3FindsEarningsThatArePaidAgain() external {
        _finds(_run(new RepeatingPanel()), PanelHandler.checkEarnings.selector, "law 3");
    }

    function test_law4FindsATaskThatIsOpenAgain() external {
        _finds(_run(new ReopeningPanel()), PanelHandler.checkTasks.selector, "law 4");
    }

    function test_law5FindsAnotherFine() external {
        JuryHandler handler = _run(new FiningPanel());
        handler.checkBonds();
        _finds(handler, PanelHandler.checkSeats.selector, "law 5");
    }

    function test_law8FindsARulingByTheFew() external {
        _finds(_run(new HastyPanel()), PanelHandler.checkActs.selector, "law 8");
    }

    function _run(PlantedPanel twin) private returns (JuryHandler handler) {
        handler = new JuryHandler(twin);
        for (uint256 i = 0; i < 300; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("act", i)));
            handler.act(seed >> 8, uint256(keccak256(abi.encode(seed))));
        }
    }

    function _keepsAll(JuryHandler handler) private {
        handler.checkMoney();
        handler.checkBonds();
        handler.checkEarnings();
        handler.checkTasks();
        handler.checkSeats();
        handler.checkActs();
    }

    /// The law fails, and for the reason it should.
    function _finds(JuryHandler handler, bytes4 check, string memory law) private {
        handler.checkMoney();
        (bool kept, bytes memory answer) = address(handler).call(abi.encodePacked(check));
        isTrue(!kept, string.concat(law, " missed the fault"));
        bytes memory label = new bytes(bytes(law).length);
        for (uint256 i = 0; i < label.length; ++i) {
            // Behind the selector, the offset and the length.
            label[i] = answer[68 + i];
        }
        equal(keccak256(label), keccak256(bytes(law)), string(answer));
    }
}
