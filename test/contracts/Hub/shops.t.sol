// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IHub, Shop, Standing} from "../../../contracts/interfaces/IHub.sol";
import {ShopCode} from "../../../contracts/types/ShopCode.sol";
import {vm} from "../support/Vm.sol";
import {HubTest} from "./support/HubTest.sol";

/// shop
///   given a code that nobody has             it should be of no standing
/// stakeFor
///   given no code                            it should revert
/// shops
///   given any page                           it should be that part of the list, whatever is asked for
///   given shops that left or are suspended   it should tell those too, as `shop` does
contract ShopsTest is HubTest {
    uint256 private constant COUNT = 6;

    function _codeOf(uint256 number) private pure returns (ShopCode) {
        return ShopCode.wrap(bytes8("SHOP0") | (bytes8(bytes1(uint8(0x30 + number))) >> 40));
    }

    function test_aCodeThatNobodyHas() external view {
        Shop memory nobody = hub.shop(CODE);
        assertStanding(CODE, Standing.None, "of no standing");
        assertEq(nobody.owner, address(0), "nobody's");
        assertEq(hub.shopCount(), 0, "not listed");
        (ShopCode[] memory codes, ) = hub.shops(0, 10);
        assertEq(codes.length, 0, "nor told");
    }

    function testFuzz_stakeForRefusesNoCode(bytes8 text) external {
        ShopCode code = ShopCode.wrap(text);
        vm.assume(!code.isValid());
        vm.expectRevert(abi.encodeWithSelector(IHub.HubCodeInvalid.selector, code));
        hub.stakeFor(code);
    }

    function test_itIsConnected() external view {
        assertEq(address(hub.CLERK()), address(clerk), "to the Clerk");
        assertEq(hub.TREASURY(), treasury, "and the treasury");
        assertEq(hub.parameters().stake, LEAST, "with its parameters");
        assertEq(hub.receipts().length, 0, "and no Receipt yet");
    }

    function testFuzz_pages(uint256 from, uint256 count) external {
        for (uint256 i = 0; i < COUNT; ++i) join(i % 2 == 0 ? owner : other, _codeOf(i));
        suspend(_codeOf(1), true);
        leave(owner, _codeOf(2));
        leave(other, _codeOf(3));
        vm.warp(block.timestamp + UNBONDING);
        hub.release(_codeOf(3));

        if (from > 2 * COUNT && from % 2 == 0) from %= 2 * COUNT;
        if (count > 2 * COUNT && count % 2 == 0) count %= 2 * COUNT;
        (ShopCode[] memory codes, Shop[] memory page) = hub.shops(from, count);
        uint256 left = from < COUNT ? COUNT - from : 0;
        assertEq(codes.length, count < left ? count : left, "as many as there are");
        assertEq(page.length, codes.length, "of each the shop");
        for (uint256 i = 0; i < codes.length; ++i) {
            assertEq(
                bytes32(ShopCode.unwrap(codes[i])),
                bytes32(ShopCode.unwrap(_codeOf(from + i))),
                "in the order in which they joined"
            );
            assertEq(
                keccak256(abi.encode(page[i])),
                keccak256(abi.encode(hub.shop(codes[i]))),
                "as it is told by itself"
            );
        }
        assertEq(hub.shopCount(), COUNT, "those that left too");
    }
}
