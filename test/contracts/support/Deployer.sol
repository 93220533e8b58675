// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Clerk} from "../../../contracts/clerk/Clerk.sol";
import {Keyring} from "../../../contracts/clerk/Keyring.sol";
import {IKeyring} from "../../../contracts/interfaces/IKeyring.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {Registry} from "../../../contracts/registry/Registry.sol";
import {Token} from "../../../contracts/token/Token.sol";

/// @notice Creates the real contracts. A linked library, so that their bytecode is compiled and optimized once and not
/// again for each suite.
/// @dev Warning: `hardhat test solidity <one file>` compiles that file but not this library, and links what was built
/// before: run `hardhat build` first, or all suites.
library Deployer {
    function token(address treasury) external returns (Token) {
        return new Token(treasury);
    }

    function registry() external returns (Registry) {
        return new Registry();
    }

    function keyring() external returns (Keyring) {
        return new Keyring();
    }

    function clerk(IERC20 token_, IRegistry registry_, IKeyring keyring_, address governance) external returns (Clerk) {
        return new Clerk(token_, registry_, keyring_, governance);
    }
}
