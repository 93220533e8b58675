// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IJury} from "../../interfaces/IJury.sol";
import {DisputeRules, IReceipt} from "../../interfaces/IReceipt.sol";
import {AssetId} from "../../types/Ids.sol";

// Denominator of `DisputeRules.bondShare`.
uint256 constant BOND_SHARE_UNIT = 10_000;

/// @title Rules
/// @notice By which rules disputes go. They are part of the code: nobody can change them.
abstract contract Rules is IReceipt {
    uint32 internal immutable ANSWER_TIME;
    uint32 internal immutable RULING_TIME;
    uint16 private immutable BOND_SHARE;
    uint64 private immutable MIN_BOND;
    IJury internal immutable JURY;
    AssetId internal immutable JURY_APP;
    uint16 internal immutable JURY_CATEGORY;
    uint32 internal immutable JURY_TRUST;
    uint32 internal immutable JURY_MIN_SEATS;
    uint64 internal immutable JURY_MIN_SEAT_STAKE;

    constructor(DisputeRules memory rules_) {
        require(
            rules_.answerTime != 0 &&
                rules_.rulingTime != 0 &&
                rules_.bondShare <= BOND_SHARE_UNIT &&
                rules_.minBond != 0,
            ReceiptRulesInvalid()
        );
        (ANSWER_TIME, RULING_TIME) = (rules_.answerTime, rules_.rulingTime);
        (BOND_SHARE, MIN_BOND) = (rules_.bondShare, rules_.minBond);
        (JURY, JURY_APP) = (rules_.jury, rules_.juryApp);
        (JURY_CATEGORY, JURY_TRUST) = (rules_.juryCategory, rules_.juryTrust);
        (JURY_MIN_SEATS, JURY_MIN_SEAT_STAKE) = (rules_.juryMinSeats, rules_.juryMinSeatStake);
    }

    /// @inheritdoc IReceipt
    function rules() external view returns (DisputeRules memory) {
        return
            DisputeRules({
                answerTime: ANSWER_TIME,
                rulingTime: RULING_TIME,
                bondShare: BOND_SHARE,
                minBond: MIN_BOND,
                jury: JURY,
                juryApp: JURY_APP,
                juryCategory: JURY_CATEGORY,
                juryTrust: JURY_TRUST,
                juryMinSeats: JURY_MIN_SEATS,
                juryMinSeatStake: JURY_MIN_SEAT_STAKE
            });
    }

    /// @dev What each side puts up for a dispute about so much. At most the price, or the least bond: 64 bits either way.
    function _bondFor(uint64 price) internal view returns (uint64) {
        uint64 share = uint64((uint256(price) * BOND_SHARE) / BOND_SHARE_UNIT);
        return share > MIN_BOND ? share : MIN_BOND;
    }
}
