// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClerk} from "../interfaces/IClerk.sol";
import {DisputeRules} from "../interfaces/IReceipt.sol";
import {Rules} from "./receipt/Rules.sol";
import {Sales} from "./receipt/Sales.sol";
import {Signers} from "./receipt/Signers.sol";
import {Summons} from "./receipt/Summons.sol";

/// @title Receipt
/// @notice Goods. `IReceipt` says what each part does, emits, refuses and assumes; `Offers` takes orders each by itself,
/// `Sales` seals them, `Escrow` holds what is locked, `Parcels` and `Disputes` end deals, `Summons` asks jurors.
contract Receipt is Sales, Summons {
    constructor(IClerk clerk, DisputeRules memory rules_) Rules(rules_) Signers(clerk) {}
}
