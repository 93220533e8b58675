// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Assertions} from "../../Panel/support/Assertions.sol";
import {
    CompensatingPanel,
    FaultlessPanel,
    FiningPanel,
    ForgivingPanel,
    GiftedPanel,
    PlantedPanel,
    RepeatingPanel,
    ReopeningPanel,
    SparingPanel,
    UnbackedPanel,
    WeighingPanel
} from "../../Panel/invariants/PlantedPanel.sol";
import {PanelHandler} from "../../Panel/invariants/PanelHandler.sol";
import {PocoHandler} from "./PocoHandler.sol";

// The handler's acts come off, else its laws would hold of nothing; and each law finds the fault planted against it
contract PocoHandlerTest is Assertions {
    function test_playsTasksToTheirEnd() external {
        PocoHandler handler = _run(PlantedPanel(address(0)));
        _keepsAll(handler);
        isTrue(handler.done("seal") > 20, "seals");
        isTrue(handler.done("finalize") > 5, "finalizes");
        isTrue(handler.done("extend") > 2, "extends");
        isTrue(handler.done("claim") > 2, "claims");
        isTrue(handler.done("claimBatch") > 0, "claims several");
        isTrue(handler.done("complete") > 2, "completes");
        isTrue(handler.done("attest") > 0, "attests");
        isTrue(handler.done("collect") > 2, "collects");
        isTrue(handler.done("release") > 0, "releases");
        isTrue(handler.done("forfeit") > 0, "forfeits");
        isTrue(handler.done("leave") > 2, "leaves");
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
        PocoHandler handler = _run(new FiningPanel());
        handler.checkBonds();
        _finds(handler, PanelHandler.checkSeats.selector, "law 5");
    }

    function test_law6FindsAScoreForNothing() external {
        _finds(_run(new GiftedPanel()), PanelHandler.checkSeats.selector, "law 6");
    }

    function test_law7FindsRewardsByWeight() external {
        PocoHandler handler = _run(new WeighingPanel());
        handler.checkEarnings();
        _finds(handler, PanelHandler.checkSeats.selector, "law 7");
    }

    function test_law8FindsAConvictThatCommits() external {
        _finds(_run(new ForgivingPanel()), PanelHandler.checkActs.selector, "law 8");
    }

    function test_law9FindsAStakeGivenBack() external {
        _finds(_run(new SparingPanel()), PanelHandler.checkActs.selector, "law 9");
    }

    function test_law10FindsAGainByAFailure() external {
        PocoHandler handler = _run(new CompensatingPanel());
        handler.checkBonds();
        _finds(handler, PanelHandler.checkActs.selector, "law 10");
    }

    function _run(PlantedPanel twin) private returns (PocoHandler handler) {
        handler = new PocoHandler(twin);
        for (uint256 i = 0; i < 300; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("act", i)));
            handler.act(seed >> 8, uint256(keccak256(abi.encode(seed))));
        }
    }

    function _keepsAll(PocoHandler handler) private {
        handler.checkMoney();
        handler.checkBonds();
        handler.checkEarnings();
        handler.checkTasks();
        handler.checkSeats();
        handler.checkActs();
    }

    /// The law fails, and for the reason it should.
    function _finds(PocoHandler handler, bytes4 check, string memory law) private {
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
