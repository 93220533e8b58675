// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IClerk} from "../interfaces/IClerk.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {ISeedSource} from "../interfaces/ISeedSource.sol";
import {Domain} from "./panel/Domain.sol";
import {Panel} from "./panel/Panel.sol";
import {Settlement} from "./poco/Settlement.sol";

/// @title Poco
/// @notice Proof-of-Contribution. `IPoco` says what each part does, emits, refuses and assumes; `Panel` has workers drawn
/// and commit, `Tallies` counts what they say, `Enclaves` checks what an enclave says, `Settlement` pays.
contract Poco is Settlement {
    constructor(
        IClerk clerk,
        IRegistry registry,
        ISeedSource seeds,
        address treasury,
        address governance
    ) Panel(clerk, registry, seeds, treasury, governance) Domain("Hanse Poco", "1") {}
}
