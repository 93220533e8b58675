// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClerk} from "../interfaces/IClerk.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {ISeedSource} from "../interfaces/ISeedSource.sol";
import {Rulings} from "./jury/Rulings.sol";
import {Domain} from "./panel/Domain.sol";
import {Panel} from "./panel/Panel.sol";

/// @title Jury
/// @notice Rulings. `IJury` says what each part does, emits, refuses and assumes; `Panel` has jurors drawn and commit,
/// `Polls` counts what they reveal, `Rulings` pays.
contract Jury is Rulings {
    constructor(
        IClerk clerk,
        IRegistry registry,
        ISeedSource seeds,
        address treasury,
        address governance
    ) Panel(clerk, registry, seeds, treasury, governance) Domain("Hanse Jury", "1") {}
}
