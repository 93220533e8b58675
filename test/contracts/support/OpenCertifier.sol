// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ICertifier} from "../../../contracts/interfaces/ICertifier.sol";
import {Entry, IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {Refusal} from "../../../contracts/types/Refusals.sol";

/// @notice A certifier whose owner decides everything: what a deal's terms are, and who is paid.
contract OpenCertifier is ICertifier {
    IClerk public immutable CLERK;
    address public immutable OWNER;

    Refusal public refusal;
    uint64 public stake;
    bytes32 public frozen;
    uint32 public wantedSeats;
    uint64 public wantedSeatStake;

    error OpenCertifierNotOwner(address caller);

    modifier onlyOwner() {
        require(msg.sender == OWNER, OpenCertifierNotOwner(msg.sender));
        _;
    }

    constructor(IClerk clerk) {
        CLERK = clerk;
        OWNER = msg.sender;
    }

    function setTerms(Refusal refusal_, uint64 stake_, bytes32 frozen_) external onlyOwner {
        (refusal, stake, frozen) = (refusal_, stake_, frozen_);
    }

    /// @notice What the pool has: fewer seats, or less stake behind them, than demanded is refused.
    function setSeats(uint32 seats, uint64 seatStake) external onlyOwner {
        (wantedSeats, wantedSeatStake) = (seats, seatStake);
    }

    function admit(
        Deal calldata,
        uint32 minSeats,
        uint64 minSeatStake
    ) external view returns (Refusal, uint64, bytes32) {
        if (minSeats > wantedSeats) return (Refusal.SeatsTooFew, 0, 0);
        if (minSeatStake > wantedSeatStake) return (Refusal.SeatStakeTooLow, 0, 0);
        return (refusal, stake, frozen);
    }

    function settle(Deal calldata deal, Entry[] calldata seized, Entry[] calldata credits) external onlyOwner {
        CLERK.settle(deal, seized, credits);
    }

    function bond(address account, uint64 amount) external onlyOwner {
        CLERK.bond(account, amount);
    }

    function unbond(address account, uint64 amount) external onlyOwner {
        CLERK.unbond(account, amount);
    }

    function slash(Entry[] calldata seized, Entry[] calldata credits) external onlyOwner {
        CLERK.slash(seized, credits);
    }
}
