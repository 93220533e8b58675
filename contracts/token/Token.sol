// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC1363} from "@openzeppelin/contracts/token/ERC20/extensions/ERC1363.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";

/// @title Token
/// @notice HANSE: 87,000,000 of 9 decimals, all minted once. An amount always fits 64 bits.
/// @dev ERC-20 with Permit (ERC-2612), Votes (ERC-5805) and `approveAndCall` (ERC-1363).
contract Token is ERC20, ERC20Permit, ERC20Votes, ERC1363 {
    /// @notice Everything there will ever be, in nano-HANSE.
    uint256 public constant SUPPLY = 87_000_000e9;

    /// @param treasury Receives the whole supply.
    constructor(address treasury) ERC20("Hanse", "HANSE") ERC20Permit("Hanse") {
        _mint(treasury, SUPPLY);
    }

    /// @inheritdoc ERC20
    function decimals() public pure override returns (uint8) {
        return 9;
    }

    /// @inheritdoc ERC20Permit
    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Votes) {
        super._update(from, to, value);
    }
}
