// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {IClerk} from "../interfaces/IClerk.sol";
import {HubParameters, IHub, Shop} from "../interfaces/IHub.sol";
import {IReceipt} from "../interfaces/IReceipt.sol";
import {MAX_SCARCITY, ShopCode} from "../types/ShopCode.sol";
import {Shops} from "./Shops.sol";
import {Stakes, WHOLE_SHARE} from "./Stakes.sol";

/// @title Hub
/// @notice Who is in. `IHub` says what each part does, emits, refuses and assumes; `Shops` is the list, `Stakes` what shops have
/// to lose, and here is what governance may do.
contract Hub is Stakes, Ownable2Step {
    using EnumerableSet for EnumerableSet.AddressSet;

    constructor(
        IClerk clerk,
        address treasury,
        address governance,
        HubParameters memory parameters_
    ) Shops(clerk) Stakes(treasury) Ownable(governance) {
        _setParameters(parameters_);
    }

    /// @inheritdoc IHub
    function suspend(ShopCode code, bool suspended) external onlyOwner {
        Shop storage it = _shops[code];
        _insistOnMember(code, it);
        it.suspendedByGovernance = suspended;
        emit ShopSuspended(code, _isSuspended(it));
    }

    /// @inheritdoc IHub
    function slash(ShopCode code, uint64 amount) external onlyOwner {
        Shop storage loser = _staked(code);
        require(amount <= loser.stake, HubStakeTooLow(code, loser.stake, amount));
        _seize(code, loser, amount);
    }

    /// @inheritdoc IHub
    function setParameters(HubParameters calldata parameters_) external onlyOwner {
        _setParameters(parameters_);
    }

    /// @inheritdoc IHub
    function setReceipt(IReceipt receipt, bool registered) external onlyOwner {
        if (registered) _receipts.add(address(receipt));
        else _receipts.remove(address(receipt));
        emit HubReceiptSet(address(receipt), registered);
    }

    function _setParameters(HubParameters memory parameters_) private {
        require(
            parameters_.lossShare <= WHOLE_SHARE && parameters_.stake <= type(uint64).max / MAX_SCARCITY,
            HubParametersInvalid()
        );
        _parameters = parameters_;
        emit HubParametersSet(parameters_);
    }
}
