// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC1363Spender} from "@openzeppelin/contracts/interfaces/IERC1363Spender.sol";
import {Batch, IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {AppOrder, PoolOrder, RequestOrder} from "../../../contracts/types/Orders.sol";
import {Leg, Refusal} from "../../../contracts/types/Refusals.sol";
import {MarketTest} from "../support/MarketTest.sol";
import {vm} from "../support/Vm.sol";

/// onApprovalReceived
///   given anyone but the token                it should revert
///   given nothing, or more than 64 bits       it should revert
///   given no data                             it should deposit for the owner
///   given a batch                             it should deposit, then seal with the owner as the sealer
///   given a strict batch that is refused      it should revert it all, the deposit too
///   given a batch refused, not strict         it should keep the deposit
///   given data that is no batch               it should revert or seal nothing, and never move another's money
contract OnApprovalReceivedTest is MarketTest {
    uint64 private constant PRICE = VOLUME * (APP_PRICE + POOL_PRICE);

    function setUp() public override {
        super.setUp();
        setFree(requester, 0);
        vm.prank(treasury);
        token.transfer(stranger, FUNDS);
    }

    function _batch(address matcher) private view returns (Batch memory) {
        RequestOrder memory r = requestOrder();
        r.conditions.matcher = matcher;
        return batchOf(appOrder(), poolOrder(), r);
    }

    function testFuzz_refusesOthers(address caller, address owner, uint64 value, bytes calldata data) external {
        vm.assume(caller != address(token));
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkNotTheToken.selector, caller));
        vm.prank(caller);
        clerk.onApprovalReceived(owner, value, data);
    }

    function testFuzz_refusesAmounts(uint256 value) external {
        value = bound(value, uint256(type(uint64).max) + 1, type(uint256).max);
        vm.startPrank(requester);
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkAmountInvalid.selector, value));
        token.approveAndCall(address(clerk), value, "");
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkAmountInvalid.selector, 0));
        token.approveAndCall(address(clerk), 0, "");
    }

    function testFuzz_deposits(uint64 amount) external {
        amount = uint64(bound(amount, 1, FUNDS));
        vm.expectEmit(address(clerk));
        emit IClerk.Deposited(requester, requester, amount);
        vm.prank(requester);
        token.approveAndCall(address(clerk), amount);
        assertEq(free(requester), amount, "credited");
        assertEq(token.allowance(requester, address(clerk)), 0, "no approval is left");
        vm.prank(address(token));
        token.approve(address(clerk), 0);
    }

    function test_answersAsTheStandardSays() external {
        vm.prank(requester);
        token.approve(address(clerk), 1);
        vm.prank(address(token));
        bytes4 answer = clerk.onApprovalReceived(requester, 1, "");
        assertEq(bytes32(answer), bytes32(IERC1363Spender.onApprovalReceived.selector), "its selector");
    }

    function testFuzz_sealsWithTheOwnerAsSealer(bool strict) external {
        Batch memory batch = _batch(requester);
        vm.prank(requester);
        token.approveAndCall(address(clerk), PRICE, abi.encode(batch, strict));
        assertEq(locked(requester), PRICE, "paid from what came in with the call");
        assertEq(free(requester), 0, "to the last nano-HANSE");
        assertEq(clerk.filled(Leg.Request, requester, 0), VOLUME, "sealed");
    }

    function test_sealsForNobodyElseAsMatcher() external {
        Batch memory batch = _batch(broker);
        vm.expectRevert(
            abi.encodeWithSelector(IClerk.ClerkMatchRefused.selector, 0, Leg.Request, Refusal.NotTheMatcher)
        );
        vm.prank(requester);
        token.approveAndCall(address(clerk), PRICE, abi.encode(batch, true));
        assertEq(token.balanceOf(requester), FUNDS, "a strict batch reverts it all");

        vm.prank(requester);
        token.approveAndCall(address(clerk), PRICE, abi.encode(batch, false));
        assertEq(free(requester), PRICE, "the deposit stays");
        assertEq(locked(requester), 0, "and nothing is sealed");
    }

    /// @dev A batch whose request the stranger signed in the requester's name, at the best of prices.
    function _forged() private returns (Batch memory batch) {
        fund(requester, FUNDS);
        (AppOrder memory a, PoolOrder memory p, RequestOrder memory r) = (appOrder(), poolOrder(), requestOrder());
        batch = batchOf(a, p, r);
        batch.requests[0].signature = signature(STRANGER_KEY, clerk.hashRequestOrder(r));
    }

    function _unharmed(bytes memory data) private {
        (uint64 requesters, uint64 pools) = (free(requester), free(poolOwner));
        vm.prank(stranger);
        try token.approveAndCall(address(clerk), 1_000, data) {
            assertEq(free(stranger), 1_000, "its own deposit");
        } catch {
            assertEq(token.balanceOf(stranger), FUNDS, "or nothing");
        }
        assertEq(free(requester), requesters, "the requester's money");
        assertEq(free(poolOwner), pools, "the pool's");
        assertEq(uint256(locked(requester)) + locked(poolOwner) + locked(stranger), 0, "nothing is locked");
    }

    function testFuzz_rubbishMovesNothing(bytes calldata data) external {
        _unharmed(data);
    }

    function testFuzz_aForgedBatchWithAnyWordChangedMovesNothing(uint16 at, uint256 word, bool near) external {
        bytes memory data = abi.encode(_forged(), true);
        uint256 place = 32 * bound(at, 0, data.length / 32 - 1);
        // Near: an offset that points to another place of the call, before its data too.
        if (near) word = bound(word, 0, 2 * data.length);
        assembly {
            if near {
                word := sub(word, 320)
            }
            mstore(add(add(data, 0x20), place), word)
        }
        _unharmed(data);
    }

    function testFuzz_offsetsThatWrapMoveNothing(uint256 offset, uint16 length) external {
        bytes memory data = abi.encode(_forged(), true);
        assembly {
            mstore(add(data, 0x20), offset)
            mstore(data, mod(length, mload(data)))
        }
        _unharmed(data);
    }
}
