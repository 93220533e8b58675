// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title Till
/// @notice Holds the tokens of all accounts for the Clerk that created it, which moves them by allowance.
/// @dev Why it stands apart: what is sent to the Clerk's own address is then nobody's, and can be taken back without
/// counting. Warning: what is sent here by mistake stays.
contract Till {
    constructor(IERC20 token) {
        token.approve(msg.sender, type(uint256).max);
    }
}
