// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Clerk} from "../../../contracts/clerk/Clerk.sol";
import {
    Account,
    Batch,
    DealState,
    Entry,
    IClerk,
    Match,
    OrderHashes,
    SignedAppOrder,
    SignedDatasetOrder,
    SignedPoolOrder,
    SignedRequestOrder
} from "../../../contracts/interfaces/IClerk.sol";
import {Registry} from "../../../contracts/registry/Registry.sol";
import {Token} from "../../../contracts/token/Token.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {AssetId, AssetKind, Restriction} from "../../../contracts/types/Ids.sol";
import {AppOrder, Conditions, DatasetOrder, PoolOrder, RequestOrder} from "../../../contracts/types/Orders.sol";
import {Leg, Refusal} from "../../../contracts/types/Refusals.sol";
import {Deployer} from "./Deployer.sol";
import {OpenCertifier} from "./OpenCertifier.sol";
import {Test} from "./Test.sol";
import {Vm, vm} from "./Vm.sol";

/// @notice A market that stands: real contracts, keys, assets, and orders that go together unless a test spoils one.
abstract contract MarketTest is Test {
    uint256 internal constant TREASURY_KEY = 0x7eea;
    uint256 internal constant APP_KEY = 0xa44;
    uint256 internal constant DATASET_KEY = 0xda7a;
    uint256 internal constant POOL_KEY = 0x4001;
    uint256 internal constant REQUESTER_KEY = 0x4e9;
    uint256 internal constant STRANGER_KEY = 0x57a;

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

    Token internal token;
    Registry internal registry;
    Clerk internal clerk;
    OpenCertifier internal certifier;
    AssetId internal app;
    AssetId internal dataset;
    AssetId internal pool;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        vm.roll(1_000);
        token = Deployer.token(treasury);
        registry = Deployer.registry();
        clerk = Deployer.clerk(token, registry, governance);
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

    // ── Orders ───────────────────────────────────────────────────────────────────────────────────────────────────────

    function conditions() internal view returns (Conditions memory c) {
        c.certifier = address(certifier);
        c.validUntil = uint64(block.timestamp + 1 days);
        c.volume = VOLUME;
        c.minFill = 1;
    }

    function appOrder() internal view returns (AppOrder memory o) {
        o.app = app;
        o.price = APP_PRICE;
        o.conditions = conditions();
    }

    function datasetOrder() internal view returns (DatasetOrder memory o) {
        o.dataset = dataset;
        o.price = DATASET_PRICE;
        o.conditions = conditions();
    }

    function poolOrder() internal view returns (PoolOrder memory o) {
        o.pool = pool;
        o.price = POOL_PRICE;
        o.category = 1;
        o.trust = 100;
        o.conditions = conditions();
    }

    function requestOrder() internal view returns (RequestOrder memory o) {
        o.requester = requester;
        o.app = app;
        o.maxAppPrice = APP_PRICE;
        o.maxDatasetPrice = DATASET_PRICE;
        o.maxPoolPrice = POOL_PRICE;
        o.category = 1;
        o.trust = 10;
        o.beneficiary = requester;
        o.params = "--fast";
        o.conditions = conditions();
    }

    function only(address subject) internal pure returns (Restriction) {
        return Restriction.wrap(bytes32(uint256(uint160(subject))));
    }

    function only(AssetId subject) internal pure returns (Restriction) {
        return Restriction.wrap(bytes32(AssetId.unwrap(subject)));
    }

    function group(address members) internal pure returns (Restriction) {
        return Restriction.wrap(bytes32((uint256(0xff) << 248) | uint160(members)));
    }

    // ── Signatures ───────────────────────────────────────────────────────────────────────────────────────────────────

    function digestOf(bytes32 orderHash) internal view returns (bytes32) {
        return digestAt(address(clerk), block.chainid, orderHash);
    }

    function digestAt(address clerk_, uint256 chain, bytes32 orderHash) internal pure returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Hanse Clerk"),
                keccak256("1"),
                chain,
                clerk_
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, orderHash));
    }

    function signature(uint256 key, bytes32 orderHash) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digestOf(orderHash));
        return abi.encodePacked(r, s, v);
    }

    function signed(AppOrder memory o) internal view returns (SignedAppOrder memory) {
        return SignedAppOrder(o, signature(APP_KEY, clerk.hashAppOrder(o)));
    }

    function signed(DatasetOrder memory o) internal view returns (SignedDatasetOrder memory) {
        return SignedDatasetOrder(o, signature(DATASET_KEY, clerk.hashDatasetOrder(o)));
    }

    function signed(PoolOrder memory o) internal view returns (SignedPoolOrder memory) {
        return SignedPoolOrder(o, signature(POOL_KEY, clerk.hashPoolOrder(o)));
    }

    function signed(RequestOrder memory o) internal view returns (SignedRequestOrder memory) {
        return SignedRequestOrder(o, signature(REQUESTER_KEY, clerk.hashRequestOrder(o)));
    }

    // ── Batches ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice One match without a dataset.
    function batchOf(
        AppOrder memory a,
        PoolOrder memory p,
        RequestOrder memory r
    ) internal view returns (Batch memory batch) {
        batch.apps = new SignedAppOrder[](1);
        batch.pools = new SignedPoolOrder[](1);
        batch.requests = new SignedRequestOrder[](1);
        batch.matches = new Match[](1);
        batch.apps[0] = signed(a);
        batch.pools[0] = signed(p);
        batch.requests[0] = signed(r);
        batch.matches[0] = Match(0, NO_DATASET, 0, 0);
    }

    /// @notice One match with a dataset.
    function batchOf(
        AppOrder memory a,
        DatasetOrder memory d,
        PoolOrder memory p,
        RequestOrder memory r
    ) internal view returns (Batch memory batch) {
        batch = batchOf(a, p, r);
        batch.datasets = new SignedDatasetOrder[](1);
        batch.datasets[0] = signed(d);
        batch.matches[0].dataset = 0;
    }

    function batchOf() internal view returns (Batch memory) {
        return batchOf(appOrder(), poolOrder(), requestOrder());
    }

    function batchWithDataset() internal view returns (Batch memory) {
        RequestOrder memory r = requestOrder();
        r.dataset = dataset;
        return batchOf(appOrder(), datasetOrder(), poolOrder(), r);
    }

    // ── What happens ─────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Seals and returns the deals that the events tell.
    function sealAll(Batch memory batch) internal returns (Deal[] memory deals) {
        vm.recordLogs();
        vm.prank(broker);
        uint256 count = clerk.seal(batch, false);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        deals = new Deal[](count);
        uint256 found = 0;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IClerk.DealSealed.selector) continue;
            (, deals[found++], ) = abi.decode(logs[i].data, (OrderHashes, Deal, bytes));
        }
        assertEq(found, count, "one DealSealed for each deal sealed");
    }

    function sealOne(Batch memory batch) internal returns (Deal memory) {
        Deal[] memory deals = sealAll(batch);
        assertEq(deals.length, 1, "the match is sealed");
        return deals[0];
    }

    /// @notice The first match is refused: reverting the batch where the sealer is strict, or else skipped with the
    /// event, and nothing moves.
    function refused(Batch memory batch, Leg leg, Refusal refusal) internal {
        refusedBy(broker, batch, leg, refusal);
    }

    function refusedBy(address sealer, Batch memory batch, Leg leg, Refusal refusal) internal {
        uint256 lockedBefore = uint256(locked(requester)) + locked(poolOwner);
        uint256 freeBefore = uint256(free(requester)) + free(poolOwner);
        bytes32 requestHash = clerk.hashRequestOrder(batch.requests[0].order);

        vm.expectRevert(abi.encodeWithSelector(IClerk.ClerkMatchRefused.selector, 0, leg, refusal));
        vm.prank(sealer);
        clerk.seal(batch, true);

        vm.expectEmit(address(clerk));
        emit IClerk.MatchRefused(0, requestHash, leg, refusal);
        vm.prank(sealer);
        assertEq(clerk.seal(batch, false), 0, "nothing is sealed");

        assertEq(uint256(locked(requester)) + locked(poolOwner), lockedBefore, "nothing is locked");
        assertEq(uint256(free(requester)) + free(poolOwner), freeBefore, "nothing is paid");
    }

    /// @notice Credits of one unit as its buyer's refund and the pool's stake back.
    function refund(Deal memory deal) internal pure returns (Entry[] memory) {
        return two(deal.payer, deal.appPrice + deal.datasetPrice + deal.poolPrice, deal.poolOwner, deal.poolStake);
    }
}
