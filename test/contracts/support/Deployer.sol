// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {IKeyring} from "../../../contracts/interfaces/IKeyring.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {Token} from "../../../contracts/token/Token.sol";
import {vm} from "./Vm.sol";

/// @notice Creates the real contracts as they are built for a chain: suites are compiled the quick way, and what they test
/// is what is deployed. Where a suite imports a contract itself, as `Token`, it is for its type.
/// @dev Warning: `hardhat test solidity <one file>` takes the contracts from what was built before: run `hardhat build`
/// first, or all suites.
library Deployer {
    function token(address treasury) internal returns (Token) {
        return Token(create("Token", abi.encode(treasury)));
    }

    function registry() internal returns (IRegistry) {
        return IRegistry(create("Registry", ""));
    }

    function keyring() internal returns (IKeyring) {
        return IKeyring(create("Keyring", ""));
    }

    function clerk(
        IERC20 token_,
        IRegistry registry_,
        IKeyring keyring_,
        address governance
    ) internal returns (IClerk) {
        return IClerk(create("Clerk", abi.encode(token_, registry_, keyring_, governance)));
    }

    function create(string memory name, bytes memory arguments) internal returns (address made) {
        bytes memory code = abi.encodePacked(vm.getCode(string.concat(name, ".sol:", name)), arguments);
        assembly {
            made := create(0, add(code, 0x20), mload(code))
        }
        require(made != address(0), name);
    }
}
