// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Entry, IClerk} from "../../../contracts/interfaces/IClerk.sol";
import {IKeyring, Operator} from "../../../contracts/interfaces/IKeyring.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {Token} from "../../../contracts/token/Token.sol";
import {AssetId, AssetKind} from "../../../contracts/types/Ids.sol";
import {Refusal} from "../../../contracts/types/Refusals.sol";
import {Deployer} from "./Deployer.sol";
import {OpenCertifier} from "./OpenCertifier.sol";
import {Test} from "./Test.sol";
import {vm} from "./Vm.sol";

/// @notice A market that stands: real contracts, keys, assets and money.
abstract contract Market is Test {
    uint256 internal constant TREASURY_KEY = 0x7eea;
    uint256 internal constant APP_KEY = 0xa44;
    uint256 internal constant DATASET_KEY = 0xda7a;
    uint256 internal constant POOL_KEY = 0x4001;
    uint256 internal constant REQUESTER_KEY = 0x4e9;
    uint256 internal constant STRANGER_KEY = 0x57a;
    uint256 internal constant SPONSOR_KEY = 0x5b0;
    uint256 internal constant OPERATOR_KEY = 0x0b3;

    uint64 internal constant APP_PRICE = 300;
    uint64 internal constant DATASET_PRICE = 70;
    uint64 internal constant POOL_PRICE = 1_000;
    uint64 internal constant STAKE = 500;
    uint64 internal constant FUNDS = 1_000_000;
    uint32 internal constant VOLUME = 10;
    uint16 internal constant NO_DATASET = type(uint16).max;
    bytes32 internal constant FROZEN = "frozen";

    address internal treasury = vm.addr(TREASURY_KEY);
    address internal appOwner = vm.addr(APP_KEY);
    address internal datasetOwner = vm.addr(DATASET_KEY);
    address internal poolOwner = vm.addr(POOL_KEY);
    address internal requester = vm.addr(REQUESTER_KEY);
    address internal stranger = vm.addr(STRANGER_KEY);
    address internal broker = address(0xb40ce4);
    address internal governance = address(0x607);
    address internal sponsor = vm.addr(SPONSOR_KEY);
    address internal operator = vm.addr(OPERATOR_KEY);

    Token internal token;
    IRegistry internal registry;
    IKeyring internal keyring;
    IClerk internal clerk;
    OpenCertifier internal certifier;
    AssetId internal app;
    AssetId internal dataset;
    AssetId internal pool;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        vm.roll(1_000);
        token = Deployer.token(treasury);
        registry = Deployer.registry();
        keyring = Deployer.keyring();
        clerk = Deployer.clerk(token, registry, keyring, governance);
        certifier = newCertifier();
        certifier.setTerms(Refusal.None, STAKE, FROZEN);
        app = register(appOwner, AssetKind.App, "app");
        dataset = register(datasetOwner, AssetKind.Dataset, "dataset");
        pool = register(poolOwner, AssetKind.Pool, "pool");
        fund(requester, FUNDS);
        fund(poolOwner, FUNDS);
    }

    // ── People and things ────────────────────────────────────────────────────────────────────────────────────────────

    function newCertifier() internal returns (OpenCertifier made) {
        made = new OpenCertifier(clerk);
        vm.prank(governance);
        clerk.registerCertifier(address(made), true);
    }

    function register(address owner, AssetKind kind, bytes32 checksum) internal returns (AssetId) {
        vm.prank(owner);
        return registry.register(kind, checksum, 0, "");
    }

    function transfer(AssetId id, address from, address to) internal {
        vm.prank(from);
        registry.transferFrom(from, to, AssetId.unwrap(id));
    }

    /// @notice Adds to somebody's free balance.
    function fund(address owner, uint64 amount) internal {
        vm.startPrank(treasury);
        token.approve(address(clerk), amount);
        clerk.depositFor(owner, amount);
        vm.stopPrank();
    }

    /// @notice Leaves somebody a free balance of `amount`.
    function setFree(address owner, uint64 amount) internal {
        uint64 now_ = free(owner);
        if (now_ < amount) return fund(owner, amount - now_);
        if (now_ == amount) return;
        vm.prank(owner);
        clerk.withdraw(now_ - amount);
    }

    /// @notice Has `owner` allow and the certifier take a bond.
    function bond(OpenCertifier by, address owner, uint64 amount) internal {
        fund(owner, amount);
        uint64 bonded = clerk.bondOf(owner, address(by)).bonded;
        vm.prank(owner);
        clerk.allowCertifier(address(by), bonded + amount);
        by.bond(owner, amount);
    }

    function entry(address account, uint64 amount) internal pure returns (Entry memory) {
        return Entry(account, amount);
    }

    function none() internal pure returns (Entry[] memory) {
        return new Entry[](0);
    }

    function one(address account, uint64 amount) internal pure returns (Entry[] memory entries) {
        entries = new Entry[](1);
        entries[0] = Entry(account, amount);
    }

    function two(address a, uint64 amountA, address b, uint64 amountB) internal pure returns (Entry[] memory entries) {
        entries = new Entry[](2);
        entries[0] = Entry(a, amountA);
        entries[1] = Entry(b, amountB);
    }

    function free(address owner) internal view returns (uint64) {
        return clerk.account(owner).free;
    }

    function locked(address owner) internal view returns (uint64) {
        return clerk.account(owner).locked;
    }

    // ── Keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice `account` lets `OPERATOR_KEY` sign for it until tomorrow.
    function grant(address account, uint16 powers, uint64 limit) internal {
        vm.prank(account);
        keyring.setOperator(operator, Operator(powers, limit, uint40(block.timestamp + 1 days)));
    }

    /// @notice `account` signs a struct of the Clerk's on chain.
    function presign(address account, bytes32 structHash) internal {
        bytes32 digest = clerk.digestOf(structHash);
        vm.prank(account);
        keyring.presign(digest, true);
    }

    /// @notice A signed approval (ERC-2612) for the Clerk.
    function signPermit(
        uint256 key,
        address owner,
        uint256 amount,
        uint256 until
    ) internal view returns (uint8 v, bytes32 r, bytes32 s) {
        bytes32 typeHash = keccak256(
            "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
        );
        bytes32 hash = keccak256(abi.encode(typeHash, owner, address(clerk), amount, token.nonces(owner), until));
        return vm.sign(key, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), hash)));
    }
}
