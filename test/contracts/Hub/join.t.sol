// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {HubParameters, IAdmission, IHub, Shop, Standing} from "../../../contracts/interfaces/IHub.sol";
import {ShopCode} from "../../../contracts/types/ShopCode.sol";
import {ForeignCall} from "../../../contracts/libraries/ForeignCall.sol";
import {Foreign} from "../support/Foreign.sol";
import {vm} from "../support/Vm.sol";
import {HubTest} from "./support/HubTest.sol";

/// @notice Admits one applicant with one code and key.
contract Doorkeeper is IAdmission {
    bytes32 private immutable ADMITTED;

    constructor(address applicant, ShopCode code, bytes32 key) {
        ADMITTED = keccak256(abi.encode(applicant, code, key));
    }

    function admits(address applicant, ShopCode code, bytes32 key) external view returns (bool) {
        return keccak256(abi.encode(applicant, code, key)) == ADMITTED;
    }
}

/// join
///   given no code                                  it should revert
///   given a code that is taken                     it should revert, whoever has it and also once it left
///   given no key                                   it should revert
///   given no endpoint, or one of over 256 bytes    it should revert
///   given an admission that does not say 1         it should revert, whatever its manner
///   given too little gas to ask it                 it should revert
///   given less money or allowance than the stake   it should revert
///   otherwise                                      it should bond the stake of such a code and list the shop
contract JoinTest is HubTest {
    function testFuzz_refusesNoCode(bytes8 text) external {
        ShopCode code = ShopCode.wrap(text);
        vm.assume(!code.isValid());
        vm.expectRevert(abi.encodeWithSelector(IHub.HubCodeInvalid.selector, code));
        join(owner, code);
    }

    function testFuzz_refusesACodeThatIsTaken(bool same, uint8 standing) external {
        join(owner, CODE);
        bringTo(Standing(bound(standing, 1, 4)));
        vm.expectRevert(abi.encodeWithSelector(IHub.HubCodeTaken.selector, CODE));
        join(same ? owner : other, CODE);
    }

    function test_refusesNoKey() external {
        vm.expectRevert(abi.encodeWithSelector(IHub.HubKeyMissing.selector));
        vm.prank(owner);
        hub.join(CODE, 0, ENDPOINT, PROFILE);
    }

    function test_refusesNoEndpoint() external {
        vm.expectRevert(abi.encodeWithSelector(IHub.HubEndpointInvalid.selector, 0));
        vm.prank(owner);
        hub.join(CODE, KEY, "", PROFILE);
    }

    function testFuzz_refusesALongEndpoint(uint16 length) external {
        length = uint16(bound(length, 257, 2_000));
        vm.expectRevert(abi.encodeWithSelector(IHub.HubEndpointInvalid.selector, length));
        vm.prank(owner);
        hub.join(CODE, KEY, string(new bytes(length)), PROFILE);
    }

    function _admitBy(address admission) private {
        HubParameters memory parameters_ = hubParameters();
        parameters_.admission = admission;
        setParameters(parameters_);
    }

    function testFuzz_refusesWhoIsNotAdmitted(bytes32 word, uint8 manner) external {
        vm.assume(word != bytes32(uint256(1)));
        _admitBy(address(new Foreign(Foreign.Manner(bound(manner, 0, 7)), word, clerk)));
        vm.expectRevert(abi.encodeWithSelector(IHub.HubNotAdmitted.selector, owner, CODE));
        join(owner, CODE);
    }

    function testFuzz_refusesByAnAdmissionThatFails(uint8 manner) external {
        manner = uint8(bound(manner, 1, 7));
        vm.assume(manner != uint8(Foreign.Manner.Slow) && manner != uint8(Foreign.Manner.Bomb));
        _admitBy(address(new Foreign(Foreign.Manner(manner), bytes32(uint256(1)), clerk)));
        vm.expectRevert(abi.encodeWithSelector(IHub.HubNotAdmitted.selector, owner, CODE));
        join(owner, CODE);
    }

    function test_refusesToAskWithTooLittleGas() external {
        _admitBy(address(new Doorkeeper(owner, CODE, KEY)));
        vm.prank(owner);
        (bool success, bytes memory reason) = address(hub).call{gas: 100_000}(
            abi.encodeCall(IHub.join, (CODE, KEY, ENDPOINT, PROFILE))
        );
        assertTrue(!success && bytes4(reason) == ForeignCall.ForeignCallGasTooLow.selector, "starved of gas");
    }

    function test_admitsWhoIsAdmittedAndNobodyElse() external {
        _admitBy(address(new Doorkeeper(owner, CODE, KEY)));
        vm.expectRevert(abi.encodeWithSelector(IHub.HubNotAdmitted.selector, other, CODE));
        join(other, CODE);
        vm.expectRevert(abi.encodeWithSelector(IHub.HubNotAdmitted.selector, owner, OTHER_CODE));
        join(owner, OTHER_CODE);
        join(owner, CODE);
        assertStanding(CODE, Standing.Member, "in");
    }

    function testFuzz_refusesTooLittleMoney(uint64 money) external {
        money = uint64(bound(money, 0, LEAST - 1));
        setFree(owner, money);
        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkBalanceTooLow.selector, owner, money, LEAST));
        join(owner, CODE);
    }

    function testFuzz_refusesTooLittleAllowed(uint64 allowance) external {
        // One shop's stake is held already.
        join(owner, OTHER_CODE);
        allowance = uint64(bound(allowance, 0, 2 * LEAST - 1));
        vm.prank(owner);
        clerk.allowCertifier(address(hub), allowance);
        vm.expectRevert(
            abi.encodeWithSelector(IClerk.ClerkAllowanceTooLow.selector, owner, address(hub), allowance, 2 * LEAST)
        );
        join(owner, CODE);
    }

    function testFuzz_join(
        bytes32 key,
        uint8 length,
        bytes32 letters,
        uint8 endpointLength,
        string calldata profile
    ) external {
        vm.assume(key != 0);
        ShopCode code = _code(length, letters);
        string memory endpoint = string(new bytes(bound(endpointLength, 1, 256)));
        uint64 stake = hub.stakeFor(code);
        assertEq(stake, LEAST * code.scarcity(), "the stake of such a code");

        vm.expectEmit(address(hub));
        emit IHub.ShopJoined(code, owner, key, stake, endpoint, profile);
        vm.expectEmit(address(clerk));
        emit IClerk.Bonded(owner, address(hub), stake);
        vm.prank(owner);
        hub.join(code, key, endpoint, profile);

        Shop memory joined = hub.shop(code);
        assertEq(joined.owner, owner, "the caller's");
        assertEq(joined.stake, stake, "staked");
        assertStanding(code, Standing.Member, "a member");
        assertEq(joined.key, key, "its key");
        assertEq(joined.endpoint, endpoint, "its endpoint");
        assertEq(uint256(joined.previousKey) + joined.overlapEnds + joined.releasableAt, 0, "nothing from before");
        assertEq(bonded(owner), stake, "held by the Clerk");
        assertEq(free(owner), MONEY - stake, "out of what was free");
        assertEq(hub.shopCount(), 1, "listed");
    }

    function test_oneOwnerMayHaveSeveralShops() external {
        join(owner, CODE);
        join(owner, OTHER_CODE);
        assertEq(bonded(owner), 2 * LEAST, "both stakes");
    }

    function _code(uint8 length, bytes32 letters) private pure returns (ShopCode) {
        length = uint8(bound(length, 2, 8));
        bytes8 text;
        for (uint256 i = 0; i < length; ++i) text |= bytes8(bytes1(uint8(0x41 + (uint8(letters[i]) % 26)))) >> (8 * i);
        return ShopCode.wrap(text);
    }
}
