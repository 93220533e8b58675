// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "../../support/Test.sol";
import {
    BoastingHub,
    DeafHub,
    FaultlessHub,
    ForgettingHub,
    ForgivingHub,
    HastyHub,
    LeakingHub,
    PlantedHub,
    RobbingHub,
    ShorteningHub,
    VindictiveHub
} from "./PlantedHub.sol";
import {Shopkeepers} from "./Shopkeepers.sol";

/// @notice What the fuzzer calls.
contract Driver {
    Shopkeepers private immutable SHOPKEEPERS;

    constructor(Shopkeepers shopkeepers) {
        SHOPKEEPERS = shopkeepers;
    }

    function act(uint256 action, uint256 seed) external {
        SHOPKEEPERS.act(action, seed);
    }
}

/// Laws of the Hub, whatever shopkeepers do, numbered as in `IHub`:
///   1 a code is one shop's for ever
///   2 what the Clerk holds of an account is the sum of its shops' stakes
///   3 a stake is released neither before its time, nor while its owner has deals that are open or were lost and may be
///     punished
///   4 stake is lost by governance's will and by lost disputes alone, once for each, and to the treasury
contract HubInvariants is Test {
    Shopkeepers private shopkeepers;

    function setUp() external {
        shopkeepers = new Shopkeepers(PlantedHub(address(0)));
        shopkeepers.begin();
        Driver driver = new Driver(shopkeepers);
        bytes4[] memory actions = new bytes4[](1);
        actions[0] = Driver.act.selector;
        target(address(driver), actions);
    }

    function invariant_codesAreForEver() external view {
        shopkeepers.checkCodes();
    }

    function invariant_bondsAreStakes() external view {
        shopkeepers.checkBonds();
    }

    function invariant_stakesStayTheirTime() external view {
        shopkeepers.checkReleases();
    }

    function invariant_onlyTheGuiltyLose() external view {
        shopkeepers.checkLosses();
    }
}

/// The laws can fail: each finds the fault planted against it, by the same actions that find none in the real Hub.
abstract contract HubLawsTest is Test {
    function _run(PlantedHub twin, uint256 acts) internal returns (Shopkeepers shopkeepers) {
        shopkeepers = new Shopkeepers(twin);
        shopkeepers.begin();
        for (uint256 i = 0; i < acts; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("act", i)));
            shopkeepers.act(seed >> 8, uint256(keccak256(abi.encode(seed))));
        }
    }

    function _keepsAll(Shopkeepers shopkeepers) internal view {
        shopkeepers.checkCodes();
        shopkeepers.checkBonds();
        shopkeepers.checkReleases();
        shopkeepers.checkLosses();
    }

    /// @dev The law fails, and for the reason it should.
    function _finds(Shopkeepers shopkeepers, bytes4 check, string memory law) internal view {
        (bool kept, bytes memory answer) = address(shopkeepers).staticcall(abi.encodePacked(check));
        assertTrue(!kept, string.concat(law, " missed the fault"));
        assertTrue(bytes4(answer) == bytes4(keccak256("Error(string)")), "it failed with a message");
        bytes memory label = new bytes(bytes(law).length);
        for (uint256 i = 0; i < label.length; ++i) {
            // Behind the selector, the offset and the length.
            label[i] = answer[68 + i];
        }
        assertEq(string(label), law, string(answer));
    }
}

contract HubKeepsTheLawsTest is HubLawsTest {
    function test_theRealHubKeepsThemAndEverythingHappens() external {
        Shopkeepers shopkeepers = _run(PlantedHub(address(0)), 400);
        _keepsAll(shopkeepers);
        string[11] memory actions = [
            "join",
            "refused",
            "addStake",
            "leave",
            "release",
            "kept by deals",
            "kept by a loss",
            "slash",
            "suspend",
            "end",
            "punish"
        ];
        for (uint256 i = 0; i < actions.length; ++i) {
            assertTrue(shopkeepers.done(actions[i]) > 1, string.concat("it happens: ", actions[i]));
        }
    }

    function test_aFaultlessTwinKeepsThem() external {
        _keepsAll(_run(new FaultlessHub(), 200));
    }
}

contract HubLawsCanFailTest is HubLawsTest {
    uint256 private constant ACTS = 400;

    function test_law1FindsACodeGivenAgain() external {
        _finds(_run(new ForgettingHub(), ACTS), Shopkeepers.checkCodes.selector, "law 1");
    }

    function test_law1FindsAShopThatIsNotListed() external {
        _finds(_run(new ShorteningHub(), ACTS), Shopkeepers.checkCodes.selector, "law 1");
    }

    function test_law2FindsAStakeThatIsNotBonded() external {
        _finds(_run(new BoastingHub(), ACTS), Shopkeepers.checkBonds.selector, "law 2");
    }

    function test_law2FindsABondGivenBack() external {
        _finds(_run(new LeakingHub(), ACTS), Shopkeepers.checkBonds.selector, "law 2");
    }

    function test_law3FindsAStakeReleasedTooEarly() external {
        _finds(_run(new HastyHub(), ACTS), Shopkeepers.checkReleases.selector, "law 3");
    }

    function test_law3FindsAStakeReleasedBeforeItCouldBePunished() external {
        _finds(_run(new ForgivingHub(), ACTS), Shopkeepers.checkReleases.selector, "law 3");
    }

    function test_law3FindsAStakeReleasedWhileDealsAreOpen() external {
        _finds(_run(new DeafHub(), ACTS), Shopkeepers.checkReleases.selector, "law 3");
    }

    function test_law4FindsASecondPunishment() external {
        _finds(_run(new VindictiveHub(), ACTS), Shopkeepers.checkLosses.selector, "law 4");
    }

    function test_law4FindsStakeThatGoesElsewhere() external {
        _finds(_run(new RobbingHub(), ACTS), Shopkeepers.checkLosses.selector, "law 4");
    }
}
