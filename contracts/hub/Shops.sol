// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {HubParameters, IAdmission, IHub, Shop, Standing} from "../interfaces/IHub.sol";
import {IClerk} from "../interfaces/IClerk.sol";
import {ForeignCall} from "../libraries/ForeignCall.sol";
import {ShopCode} from "../types/ShopCode.sol";

/// @title Shops
/// @notice The Hub's list: who joined, with which key, and where it answers.
abstract contract Shops is IHub {
    uint256 private constant MAX_ENDPOINT_BYTES = 256;

    /// @inheritdoc IHub
    IClerk public immutable CLERK;

    HubParameters internal _parameters;
    /// @dev `standing` is kept without `Suspended`: that follows from the two flags.
    mapping(ShopCode code => Shop) internal _shops;
    /// @dev Four to a slot.
    ShopCode[] private _codes;

    constructor(IClerk clerk) {
        CLERK = clerk;
    }

    /// @inheritdoc IHub
    function join(ShopCode code, bytes32 key, string calldata endpoint, string calldata profile) external {
        // Check
        uint64 stake = stakeFor(code);
        Shop storage joined = _shops[code];
        require(joined.standing == Standing.None, HubCodeTaken(code));
        require(key != 0, HubKeyMissing());
        _checkEndpoint(endpoint);
        require(_admits(msg.sender, code, key), HubNotAdmitted(msg.sender, code));
        // Effect
        (joined.owner, joined.stake, joined.standing) = (msg.sender, stake, Standing.Member);
        joined.key = key;
        joined.endpoint = endpoint;
        _codes.push(code);
        emit ShopJoined(code, msg.sender, key, stake, endpoint, profile);
        // Interaction
        CLERK.bond(msg.sender, stake);
    }

    /// @inheritdoc IHub
    function update(ShopCode code, string calldata endpoint, string calldata profile) external {
        Shop storage own = _ownMember(code);
        _checkEndpoint(endpoint);
        own.endpoint = endpoint;
        emit ShopUpdated(code, endpoint, profile);
    }

    /// @inheritdoc IHub
    function rotateKey(ShopCode code, bytes32 key, uint32 overlap) external {
        Shop storage own = _ownShop(code);
        // Whoever leaves has deals to end, with a key that may have to be changed.
        require(own.standing != Standing.Left, HubWrongStanding(code, Standing.Left));
        require(key != 0, HubKeyMissing());
        uint32 longest = _parameters.longestOverlap;
        require(overlap <= longest, HubOverlapTooLong(overlap, longest));

        bytes32 previous = own.key;
        // Far below 2^40: today's seconds have 31 bits, an overlap at most 32.
        uint40 overlapEnds = overlap == 0 ? 0 : uint40(block.timestamp + overlap);
        own.key = key;
        (own.previousKey, own.overlapEnds) = (overlap == 0 ? bytes32(0) : previous, overlapEnds);
        emit KeyRotated(code, key, previous, overlapEnds);
    }

    /// @inheritdoc IHub
    function parameters() external view returns (HubParameters memory) {
        return _parameters;
    }

    /// @inheritdoc IHub
    function shop(ShopCode code) external view returns (Shop memory) {
        return _read(code);
    }

    /// @inheritdoc IHub
    function shopCount() external view returns (uint256) {
        return _codes.length;
    }

    /// @inheritdoc IHub
    function shops(uint256 from, uint256 count) external view returns (ShopCode[] memory codes, Shop[] memory page) {
        uint256 all = _codes.length;
        uint256 left = from < all ? all - from : 0;
        uint256 size = count < left ? count : left;
        (codes, page) = (new ShopCode[](size), new Shop[](size));
        for (uint256 i = 0; i < size; ++i) {
            codes[i] = _codes[from + i];
            page[i] = _read(codes[i]);
        }
    }

    /// @inheritdoc IHub
    function isKeyOf(ShopCode code, bytes32 key) external view returns (bool) {
        Shop storage asked = _shops[code];
        if (key == 0 || _standingOf(asked) != Standing.Member) return false;
        return key == asked.key || (key == asked.previousKey && block.timestamp <= asked.overlapEnds);
    }

    /// @inheritdoc IHub
    function stakeFor(ShopCode code) public view returns (uint64) {
        require(code.isValid(), HubCodeInvalid(code));
        // Fits: the parameters were refused otherwise.
        return _parameters.stake * code.scarcity();
    }

    function _ownShop(ShopCode code) internal view returns (Shop storage own) {
        own = _shops[code];
        require(own.owner == msg.sender, HubNotTheOwner(code, msg.sender));
    }

    /// @dev Of the caller, and a member or suspended.
    function _ownMember(ShopCode code) internal view returns (Shop storage own) {
        own = _ownShop(code);
        _insistOnMember(code, own);
    }

    /// @dev A member, or suspended.
    function _insistOnMember(ShopCode code, Shop storage it) internal view {
        Standing standing = it.standing;
        require(standing == Standing.Member, HubWrongStanding(code, standing));
    }

    function _standingOf(Shop storage it) internal view returns (Standing) {
        return it.standing == Standing.Member && _isSuspended(it) ? Standing.Suspended : it.standing;
    }

    function _isSuspended(Shop storage it) internal view returns (bool) {
        return it.suspendedByGovernance || it.understaked;
    }

    function _read(ShopCode code) private view returns (Shop memory read) {
        read = _shops[code];
        read.standing = _standingOf(_shops[code]);
    }

    function _admits(address applicant, ShopCode code, bytes32 key) private view returns (bool) {
        address admission = _parameters.admission;
        if (admission == address(0)) return true;
        return
            ForeignCall.ask(admission, abi.encodeCall(IAdmission.admits, (applicant, code, key))) ==
            bytes32(uint256(1));
    }

    function _checkEndpoint(string calldata endpoint) private pure {
        uint256 length = bytes(endpoint).length;
        require(length != 0 && length <= MAX_ENDPOINT_BYTES, HubEndpointInvalid(length));
    }
}
