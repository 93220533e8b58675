// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {HubParameters, IHub, Standing} from "../../../../contracts/interfaces/IHub.sol";
import {ShopCode} from "../../../../contracts/types/ShopCode.sol";
import {Deployer} from "../../support/Deployer.sol";
import {Market} from "../../support/Market.sol";
import {vm} from "../../support/Vm.sol";

/// @notice The market with a Hub, and somebody who has the money for a shop.
abstract contract HubTest is Market {
    uint64 internal constant LEAST = 1_000;
    uint32 internal constant UNBONDING = 14 days;
    uint32 internal constant LONGEST_OVERLAP = 2 days;
    uint16 internal constant LOSS_SHARE = 1_000;
    uint64 internal constant MONEY = 1_000_000;

    ShopCode internal constant CODE = ShopCode.wrap("SOCKS");
    ShopCode internal constant OTHER_CODE = ShopCode.wrap("GIFTS24");
    bytes32 internal constant KEY = "a key";
    bytes32 internal constant NEW_KEY = "a new key";
    string internal constant ENDPOINT = "https://socks.example";
    string internal constant PROFILE = "https://socks.example/about";

    address internal owner = vm.addr(0x50c5);
    address internal other = vm.addr(0x07e4);
    IHub internal hub;

    function setUp() public virtual override {
        super.setUp();
        hub = newHub();
        prepare(owner);
        prepare(other);
    }

    function newHub() internal virtual returns (IHub) {
        return IHub(Deployer.create("Hub", abi.encode(clerk, treasury, governance, hubParameters())));
    }

    function hubParameters() internal pure returns (HubParameters memory) {
        return HubParameters(LEAST, UNBONDING, LONGEST_OVERLAP, LOSS_SHARE, address(0));
    }

    /// @notice Somebody has money, and lets the Hub hold all of it.
    function prepare(address account) internal {
        fund(account, MONEY);
        vm.prank(account);
        clerk.allowCertifier(address(hub), MONEY);
    }

    function join(address account, ShopCode code) internal {
        vm.prank(account);
        hub.join(code, KEY, ENDPOINT, PROFILE);
    }

    function leave(address account, ShopCode code) internal {
        vm.prank(account);
        hub.leave(code);
    }

    function suspend(ShopCode code, bool suspended) internal {
        vm.prank(governance);
        hub.suspend(code, suspended);
    }

    function slash(ShopCode code, uint64 amount) internal {
        vm.prank(governance);
        hub.slash(code, amount);
    }

    function setParameters(HubParameters memory parameters_) internal {
        vm.prank(governance);
        hub.setParameters(parameters_);
    }

    /// @notice Brings the shop of `CODE`, which is a member, to a standing.
    function bringTo(Standing standing) internal {
        if (standing == Standing.Suspended) suspend(CODE, true);
        if (standing == Standing.Leaving || standing == Standing.Left) leave(owner, CODE);
        if (standing == Standing.Left) {
            // A second more: nothing that was lost before may be punished any more.
            vm.warp(block.timestamp + UNBONDING + 1);
            hub.release(CODE);
        }
    }

    function bonded(address account) internal view returns (uint64) {
        return clerk.bondOf(account, address(hub)).bonded;
    }

    function standingOf(ShopCode code) internal view returns (Standing) {
        return hub.shop(code).standing;
    }

    function assertStanding(ShopCode code, Standing expected, string memory label) internal view {
        assertEq(uint256(standingOf(code)), uint256(expected), label);
    }

    function wrongStanding(ShopCode code, Standing standing) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IHub.HubWrongStanding.selector, code, standing);
    }

    function notTheOwner(ShopCode code, address caller) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IHub.HubNotTheOwner.selector, code, caller);
    }
}
