// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {
    Batch,
    IClerk,
    Match,
    OrderHashes,
    SignedAppOrder,
    SignedDatasetOrder,
    SignedPoolOrder,
    SignedRequestOrder
} from "../../../../contracts/interfaces/IClerk.sol";
import {IKeyring} from "../../../../contracts/interfaces/IKeyring.sol";
import {Category, IPanel, PoolTerms} from "../../../../contracts/interfaces/IPanel.sol";
import {IRegistry} from "../../../../contracts/interfaces/IRegistry.sol";
import {ISeedSource} from "../../../../contracts/interfaces/ISeedSource.sol";
import {Deal} from "../../../../contracts/types/Deals.sol";
import {AssetId, AssetKind, Restriction} from "../../../../contracts/types/Ids.sol";
import {Conditions} from "../../../../contracts/types/Orders.sol";
import {Deployer} from "../../support/Deployer.sol";
import {vm, Vm} from "../../support/Vm.sol";

/// What a test wants of a deal.
struct Wish {
    uint64 appPrice;
    uint64 datasetPrice;
    uint64 poolPrice;
    uint32 trust;
    uint32 volume;
    bool withDataset;
    address callback;
    uint32 minSeats;
    uint64 minSeatStake;
    uint16 category;
    AssetId app;
    AssetId pool;
    Restriction attesters;
}

/// The real contracts as they are built, funded parties, and real deals sealed by the Clerk from signed orders.
abstract contract Market {
    uint64 internal constant HANSE = 1e9;
    uint64 internal constant SEAT_STAKE = 100 * HANSE;
    uint64 internal constant POOL_PRICE = 10 * HANSE;
    uint16 internal constant SCHEDULER_SHARE = 1_000;
    uint32 internal constant ROUND_BLOCKS = 50;
    uint32 internal constant DEADLINE_BLOCKS = 1_000;
    uint64 internal constant FUNDS = 100_000 * HANSE;
    /// A test run's first block, well above the 256 of which hashes are kept.
    uint256 internal constant FIRST_BLOCK = 10_000;

    uint256 internal constant REQUESTER_KEY = 0xA11CE;
    uint256 internal constant APP_KEY = 0xA44;
    uint256 internal constant DATASET_KEY = 0xDA7A;
    uint256 internal constant POOL_KEY = 0x9001;

    address internal immutable requester = vm.addr(REQUESTER_KEY);
    address internal immutable appOwner = vm.addr(APP_KEY);
    address internal immutable datasetOwner = vm.addr(DATASET_KEY);
    address internal immutable poolOwner = vm.addr(POOL_KEY);
    bytes32 internal constant MEASUREMENT = keccak256("enclave");

    address internal constant TREASURY = address(0x7EA5);
    address internal constant GOVERNANCE = address(0x90F);
    address internal constant STRANGER = address(0x57A4);

    IERC20 internal token;
    IRegistry internal registry;
    IKeyring internal keyring;
    IClerk internal clerk;
    ISeedSource internal seeds;
    /// The certifier that is tested.
    IPanel internal panel;

    AssetId internal app;
    AssetId internal plainApp;
    AssetId internal dataset;
    AssetId internal pool;
    AssetId internal closedPool;

    /// Tells otherwise equal requests apart.
    uint256 private _salt;
    /// What `vm.roll` was last told: the optimizer reads `block.number` once per function.
    uint256 internal currentBlock = FIRST_BLOCK;

    function setUpMarket(string memory certifier) internal {
        vm.roll(FIRST_BLOCK);
        token = IERC20(Deployer.create("Token", abi.encode(this)));
        registry = IRegistry(Deployer.create("Registry", ""));
        keyring = IKeyring(Deployer.create("Keyring", ""));
        clerk = IClerk(Deployer.create("Clerk", abi.encode(token, registry, keyring, GOVERNANCE)));
        seeds = ISeedSource(Deployer.create("BlockhashSeedSource", ""));
        token.approve(address(clerk), type(uint256).max);

        vm.prank(appOwner);
        app = registry.register(AssetKind.App, keccak256("app"), MEASUREMENT, "app");
        plainApp = register(appOwner, AssetKind.App, "plain app");
        dataset = register(datasetOwner, AssetKind.Dataset, "dataset");
        pool = register(poolOwner, AssetKind.Pool, "pool");
        closedPool = register(poolOwner, AssetKind.Pool, "closed pool");
        clerk.depositFor(requester, FUNDS);
        clerk.depositFor(poolOwner, FUNDS);
        usePanel(createPanel(certifier));
    }

    /// From now on this certifier is tested.
    function usePanel(IPanel certifier) internal {
        panel = certifier;
        vm.startPrank(GOVERNANCE);
        clerk.registerCertifier(address(panel), true);
        panel.addCategory(Category({roundBlocks: ROUND_BLOCKS, deadlineBlocks: DEADLINE_BLOCKS}));
        vm.stopPrank();
        vm.startPrank(poolOwner);
        panel.openPool(pool, PoolTerms({seatStake: SEAT_STAKE, schedulerShare: SCHEDULER_SHARE, closed: false}));
        panel.openPool(closedPool, PoolTerms({seatStake: 0, schedulerShare: SCHEDULER_SHARE, closed: true}));
        vm.stopPrank();
    }

    function createPanel(string memory certifier) internal returns (IPanel) {
        return IPanel(Deployer.create(certifier, abi.encode(clerk, registry, seeds, TREASURY, GOVERNANCE)));
    }

    function register(address owner, AssetKind kind, string memory name) internal returns (AssetId) {
        // Not sha256: the call of its precompile would use up the prank.
        vm.prank(owner);
        return registry.register(kind, keccak256(bytes(name)), 0, name);
    }

    function rollTo(uint256 blockNumber) internal {
        currentBlock = blockNumber;
        vm.roll(blockNumber);
    }

    function advance(uint256 blocks) internal {
        rollTo(currentBlock + blocks);
    }

    function freeOf(address account) internal view returns (uint256) {
        return clerk.account(account).free;
    }

    function lockedOf(address account) internal view returns (uint256) {
        return clerk.account(account).locked;
    }

    function bondedOf(address account) internal view returns (uint256) {
        return clerk.bondOf(account, address(panel)).bonded;
    }

    /// A deal of one task at trust 10 for 10 HANSE, app 1, no dataset.
    function aWish() internal view returns (Wish memory wish) {
        wish.appPrice = HANSE;
        wish.poolPrice = POOL_PRICE;
        wish.trust = 10;
        wish.volume = 1;
        (wish.app, wish.pool) = (app, pool);
    }

    function seal(Wish memory wish) internal returns (Deal memory deal) {
        Batch memory batch = batchOf(wish);
        vm.recordLogs();
        clerk.seal(batch, true);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] == IClerk.DealSealed.selector) {
                (, deal, ) = abi.decode(logs[i].data, (OrderHashes, Deal, bytes));
                return deal;
            }
        }
        revert("nothing sealed");
    }

    function batchOf(Wish memory wish) internal returns (Batch memory batch) {
        batch.apps = new SignedAppOrder[](1);
        batch.datasets = new SignedDatasetOrder[](wish.withDataset ? 1 : 0);
        batch.pools = new SignedPoolOrder[](1);
        batch.requests = new SignedRequestOrder[](1);
        batch.matches = new Match[](1);
        _fillApp(batch.apps[0], wish);
        if (wish.withDataset) _fillDataset(batch.datasets[0], wish);
        _fillPool(batch.pools[0], wish);
        _fillRequest(batch.requests[0], wish);
        batch.matches[0] = Match({app: 0, dataset: wish.withDataset ? 0 : type(uint16).max, pool: 0, request: 0});
    }

    function _fillApp(SignedAppOrder memory signed, Wish memory wish) private {
        signed.order.app = wish.app;
        signed.order.price = wish.appPrice;
        signed.order.conditions = _conditions(wish);
        signed.signature = signFor(APP_KEY, clerk.hashAppOrder(signed.order));
    }

    function _fillDataset(SignedDatasetOrder memory signed, Wish memory wish) private {
        signed.order.dataset = dataset;
        signed.order.price = wish.datasetPrice;
        signed.order.conditions = _conditions(wish);
        signed.signature = signFor(DATASET_KEY, clerk.hashDatasetOrder(signed.order));
    }

    function _fillPool(SignedPoolOrder memory signed, Wish memory wish) private {
        signed.order.pool = wish.pool;
        signed.order.price = wish.poolPrice;
        signed.order.category = wish.category;
        signed.order.trust = type(uint32).max;
        signed.order.conditions = _conditions(wish);
        signed.signature = signFor(POOL_KEY, clerk.hashPoolOrder(signed.order));
    }

    function _fillRequest(SignedRequestOrder memory signed, Wish memory wish) private {
        signed.order.requester = requester;
        signed.order.app = wish.app;
        signed.order.maxAppPrice = wish.appPrice;
        if (wish.withDataset) signed.order.dataset = dataset;
        signed.order.maxDatasetPrice = wish.datasetPrice;
        signed.order.maxPoolPrice = wish.poolPrice;
        signed.order.category = wish.category;
        signed.order.trust = wish.trust;
        signed.order.minSeats = wish.minSeats;
        signed.order.minSeatStake = wish.minSeatStake;
        signed.order.beneficiary = requester;
        signed.order.callback = wish.callback;
        signed.order.attesters = wish.attesters;
        signed.order.params = hex"00";
        signed.order.conditions = _conditions(wish);
        signed.signature = signFor(REQUESTER_KEY, clerk.hashRequestOrder(signed.order));
    }

    function _conditions(Wish memory wish) private returns (Conditions memory conditions) {
        conditions.certifier = address(panel);
        conditions.validUntil = type(uint64).max;
        conditions.volume = wish.volume;
        conditions.minFill = 1;
        conditions.salt = bytes32(++_salt);
    }

    /// A signature over a struct of the Clerk's EIP-712 domain.
    function signFor(uint256 key, bytes32 structHash) internal view returns (bytes memory) {
        return _sign(key, domainOf("Hanse Clerk", address(clerk)), structHash);
    }

    function domainOf(string memory name, address verifier) internal view returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                    keccak256(bytes(name)),
                    keccak256("1"),
                    block.chainid,
                    verifier
                )
            );
    }

    function _sign(uint256 key, bytes32 domain, bytes32 structHash) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked(hex"1901", domain, structHash)));
        return abi.encodePacked(r, s, v);
    }
}
