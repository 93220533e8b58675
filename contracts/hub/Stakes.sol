// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {Entry} from "../interfaces/IClerk.sol";
import {IHub, Shop, Standing} from "../interfaces/IHub.sol";
import {GoodsState, IReceipt} from "../interfaces/IReceipt.sol";
import {GoodsDeal, Stage} from "../types/Goods.sol";
import {DealId} from "../types/Ids.sol";
import {ShopCode} from "../types/ShopCode.sol";
import {Shops} from "./Shops.sol";

// The whole, in hundredths of a percent.
uint16 constant WHOLE_SHARE = 10_000;

/// @title Stakes
/// @notice What shops have at stake in the Hub: how it grows, is lost, and is given back.
abstract contract Stakes is Shops {
    using EnumerableSet for EnumerableSet.AddressSet;

    /// @inheritdoc IHub
    address public immutable TREASURY;

    EnumerableSet.AddressSet internal _receipts;
    mapping(ShopCode code => mapping(IReceipt receipt => mapping(DealId id => bool))) private _isPunished;

    constructor(address treasury) {
        TREASURY = treasury;
    }

    /// @inheritdoc IHub
    function addStake(ShopCode code, uint64 amount) external {
        Shop storage own = _ownMember(code);
        // An amount that nobody has overflows here, before the Clerk refuses it.
        uint64 stake = own.stake + amount;
        own.stake = stake;
        emit StakeAdded(code, amount, stake);
        if (own.understaked && stake >= stakeFor(code)) {
            own.understaked = false;
            emit ShopSuspended(code, _isSuspended(own));
        }
        CLERK.bond(msg.sender, amount);
    }

    /// @inheritdoc IHub
    function leave(ShopCode code) external {
        Shop storage own = _ownMember(code);
        // Far below 2^40: today's seconds have 31 bits, the time 32.
        uint40 releasableAt = uint40(block.timestamp + _parameters.unbondingTime);
        (own.standing, own.releasableAt) = (Standing.Leaving, releasableAt);
        emit ShopLeaving(code, releasableAt);
    }

    /// @inheritdoc IHub
    function release(ShopCode code) external {
        // Check
        Shop storage leaving = _shops[code];
        require(leaving.standing == Standing.Leaving, HubWrongStanding(code, _standingOf(leaving)));
        (address owner, uint64 stake) = (leaving.owner, leaving.stake);
        uint256 from = Math.max(leaving.releasableAt, _releasableByDeals(code, owner));
        require(block.timestamp >= from, HubTooEarly(code, from));
        // Effect
        (leaving.standing, leaving.stake) = (Standing.Left, 0);
        emit ShopLeft(code, stake);
        // Interaction
        CLERK.unbond(owner, stake);
    }

    /// @inheritdoc IHub
    function punish(ShopCode code, IReceipt receipt, GoodsDeal calldata deal) external {
        require(_receipts.contains(address(receipt)), HubReceiptUnknown(address(receipt)));
        Shop storage loser = _staked(code);
        (DealId id, GoodsState memory state) = receipt.checkDeal(deal);
        mapping(DealId id => bool) storage isPunished = _isPunished[code][receipt];
        require(deal.seller == loser.owner && state.stage == Stage.WonByBuyer && !isPunished[id], HubNotLost(code));
        uint256 until = _punishableUntil(state.since);
        require(block.timestamp <= until, HubTooLate(code, until));
        isPunished[id] = true;
        // At most the stake.
        _seize(code, loser, uint64((uint256(loser.stake) * _parameters.lossShare) / WHOLE_SHARE));
    }

    /// @inheritdoc IHub
    function receipts() external view returns (address[] memory) {
        return _receipts.values();
    }

    /// @dev Reverts while `owner` sells in deals that are not over.
    /// @return from From when on no lost dispute of the owner may be punished any more; zero: it lost none.
    function _releasableByDeals(ShopCode code, address owner) private view returns (uint256 from) {
        uint256 count = _receipts.length();
        for (uint256 i = 0; i < count; ++i) {
            address receipt = _receipts.at(i);
            (uint32 open, uint40 lastLostAt) = IReceipt(receipt).dealsOf(owner);
            require(open == 0, HubDealsOpen(code, receipt, open));
            if (lastLostAt != 0) from = Math.max(from, _punishableUntil(lastLostAt) + 1);
        }
    }

    /// @return until The last second at which a dispute that was lost at `lostAt` may be punished.
    function _punishableUntil(uint40 lostAt) private view returns (uint256 until) {
        until = uint256(lostAt) + _parameters.unbondingTime;
    }

    /// @dev The only place where stake is lost.
    function _seize(ShopCode code, Shop storage loser, uint64 amount) internal {
        uint64 stake = loser.stake - amount;
        loser.stake = stake;
        emit ShopSlashed(code, amount, stake);
        if (loser.standing == Standing.Member && !loser.understaked && stake < stakeFor(code)) {
            loser.understaked = true;
            emit ShopSuspended(code, true);
        }
        CLERK.slash(_single(loser.owner, amount), _single(TREASURY, amount));
    }

    /// @dev With a stake still: not one that has left.
    function _staked(ShopCode code) internal view returns (Shop storage it) {
        it = _shops[code];
        Standing standing = it.standing;
        require(standing != Standing.None && standing != Standing.Left, HubWrongStanding(code, standing));
    }

    function _single(address account, uint64 amount) private pure returns (Entry[] memory entries) {
        entries = new Entry[](1);
        entries[0] = Entry({account: account, amount: amount});
    }
}
