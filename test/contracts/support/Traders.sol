// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Clerk} from "../../../contracts/clerk/Clerk.sol";
import {
    Account,
    Batch,
    Entry,
    IClerk,
    Match,
    OrderHashes,
    SignedAppOrder,
    SignedDatasetOrder,
    SignedPoolOrder,
    SignedRequestOrder
} from "../../../contracts/interfaces/IClerk.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {AssetId, AssetKind, DealId} from "../../../contracts/types/Ids.sol";
import {AppOrder, Conditions, DatasetOrder, PoolOrder, RequestOrder} from "../../../contracts/types/Orders.sol";
import {Refusal} from "../../../contracts/types/Refusals.sol";
import {MarketTest} from "./MarketTest.sol";
import {OpenCertifier} from "./OpenCertifier.sol";
import {PlantedClerk} from "./PlantedClerk.sol";
import {Vm, vm} from "./Vm.sol";

/// @notice Four people who do to one Clerk whatever can be done to it, in any order, and keep books of their own; and
/// the laws, which compare the two. Everyone owns an asset of each kind and buys and sells.
contract Traders is MarketTest {
    uint256 private constant PEOPLE = 4;
    /// @dev How many of the newest offers a batch brings.
    uint256 private constant RECENT = 5;

    struct Book {
        address signer;
        uint32 volume;
        uint64 epoch;
        uint64 validUntil;
        uint256 taken;
        bool cancelled;
    }

    struct OpenDeal {
        bytes content;
        uint32 open;
        uint256 paid;
    }

    address[] private people;
    AssetId[] private apps;
    AssetId[] private datasets;
    AssetId[] private pools;
    OpenCertifier[] private certifiers;

    bytes[] private appOrders;
    bytes[] private datasetOrders;
    bytes[] private poolOrders;
    bytes[] private requestOrders;

    bytes32[] private hashes;
    mapping(bytes32 orderHash => Book) private books;
    mapping(address owner => uint64) private epochs;

    OpenDeal[] private deals;
    mapping(address owner => uint256) private owed;
    uint256 private deposits;
    uint256 private withdrawals;
    string private broken;

    mapping(string action => uint256) public done;

    /// @param twin A Clerk with a fault, or none for the real one.
    constructor(PlantedClerk twin) {
        setUp();
        if (address(twin) != address(0)) {
            twin.plant(clerk, governance);
            clerk = Clerk(address(twin));
        }
        certifiers.push(newCertifier());
        certifiers.push(newCertifier());
        for (uint256 i = 0; i < PEOPLE; ++i) {
            people.push(vm.addr(_key(i)));
            apps.push(register(people[i], AssetKind.App, "a"));
            datasets.push(register(people[i], AssetKind.Dataset, "d"));
            pools.push(register(people[i], AssetKind.Pool, "p"));
        }
        // The base funded two accounts of the Clerk it deployed; a twin starts empty.
        if (address(twin) == address(0)) deposits = 2 * uint256(FUNDS);
    }

    function _key(uint256 i) private pure returns (uint256) {
        return 0x1000 + (i % PEOPLE);
    }

    function _person(uint256 seed) private view returns (address) {
        return people[seed % PEOPLE];
    }

    function _part(uint256 seed, uint256 i) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, i)));
    }

    function _breach(bool yes, string memory what) private {
        if (yes) broken = what;
    }

    /// @notice Everyone has money and offers something.
    function begin() external {
        for (uint256 i = 0; i < PEOPLE; ++i) {
            deposit(i, 500_000);
            offer(i);
            setTerms(i + 1);
        }
    }

    /// @notice One of all the actions.
    function act(uint256 action, uint256 seed, uint64 amount) external {
        action = action % 20;
        if (action == 0) deposit(seed, amount);
        if (action == 1) withdraw(seed, amount % 1_000);
        if (action == 2) donate(amount);
        if (action == 3) allow(seed, amount);
        if (action == 4) takeBond(seed, amount % 1_000);
        if (action == 5) giveBondBack(seed, amount % 100);
        if (action == 6) slash(seed, amount % 500);
        if (action == 7) cancel(seed);
        if (action == 8) raiseEpoch(seed);
        if (action == 9) pass(uint16(amount));
        if (action == 10) setTerms(seed);
        if (action == 11) offer(seed);
        if (action > 11 && action < 15) request(seed);
        if (action > 12 && action < 17) seal(_part(seed, 20));
        if (action > 16) settle(seed);
    }

    // ── Money ────────────────────────────────────────────────────────────────────────────────────────────────────────

    function deposit(uint256 seed, uint64 amount) public {
        amount = uint64(bound(amount, 1, 1_000_000));
        fund(_person(seed), amount);
        deposits += amount;
        ++done["deposit"];
    }

    function withdraw(uint256 seed, uint64 amount) public {
        uint64 has = free(_person(seed));
        if (has == 0) return;
        amount = uint64(bound(amount, 1, has));
        vm.prank(_person(seed));
        clerk.withdraw(amount);
        withdrawals += amount;
        ++done["withdraw"];
    }

    function donate(uint64 amount) public {
        vm.prank(treasury);
        token.transfer(address(clerk), bound(amount, 0, 1_000));
    }

    function allow(uint256 seed, uint64 amount) public {
        vm.prank(_person(seed));
        clerk.allowCertifier(address(certifiers[seed % 2]), uint64(bound(amount, 0, 100_000)));
    }

    function takeBond(uint256 seed, uint64 amount) public {
        OpenCertifier by = certifiers[seed % 2];
        address owner = _person(seed);
        uint64 allowance = clerk.bondOf(owner, address(by)).allowance;
        uint64 bonded = clerk.bondOf(owner, address(by)).bonded;
        amount = uint64(bound(amount, 0, free(owner)));
        try by.bond(owner, amount) {
            _breach(uint256(bonded) + amount > allowance, "a bond beyond the allowance");
            ++done["bond"];
        } catch {
            _breach(uint256(bonded) + amount <= allowance, "an allowed bond was refused");
        }
    }

    function giveBondBack(uint256 seed, uint64 amount) public {
        OpenCertifier by = certifiers[seed % 2];
        address owner = _person(seed);
        by.unbond(owner, uint64(bound(amount, 0, clerk.bondOf(owner, address(by)).bonded)));
    }

    function slash(uint256 seed, uint64 amount) public {
        OpenCertifier by = certifiers[seed % 2];
        address owner = _person(seed);
        amount = uint64(bound(amount, 0, clerk.bondOf(owner, address(by)).bonded));
        by.slash(one(owner, amount), one(_person(_part(seed, 1)), amount));
        ++done["slash"];
    }

    // ── Orders ───────────────────────────────────────────────────────────────────────────────────────────────────────

    function _conditions(uint256 seed) private view returns (Conditions memory c) {
        c.certifier = address(certifiers[seed & 1]);
        c.validUntil = uint64(block.timestamp + (_part(seed, 2) % 3_000));
        c.epoch = epochs[_person(seed)];
        c.volume = uint32(1 + (_part(seed, 3) % 20));
        c.minFill = uint32(_part(seed, 4) % 3);
        c.salt = bytes32(_part(seed, 5));
    }

    function _enter(bytes32 orderHash, address signer, Conditions memory c) private {
        if (books[orderHash].signer == address(0)) hashes.push(orderHash);
        books[orderHash].signer = signer;
        books[orderHash].volume = c.volume;
        books[orderHash].epoch = c.epoch;
        books[orderHash].validUntil = c.validUntil;
    }

    function offer(uint256 seed) public {
        Conditions memory c = _conditions(seed);
        address signer = _person(seed);
        AppOrder memory a;
        (a.app, a.price, a.conditions) = (apps[seed % PEOPLE], uint64(_part(seed, 6) % 1_000), c);
        bytes32 hash = clerk.hashAppOrder(a);
        appOrders.push(abi.encode(SignedAppOrder(a, signature(_key(seed), hash))));
        _enter(hash, signer, c);

        DatasetOrder memory d;
        (d.dataset, d.price, d.conditions) = (datasets[seed % PEOPLE], uint64(_part(seed, 7) % 1_000), c);
        hash = clerk.hashDatasetOrder(d);
        datasetOrders.push(abi.encode(SignedDatasetOrder(d, signature(_key(seed), hash))));
        _enter(hash, signer, c);

        PoolOrder memory p;
        (p.pool, p.price, p.trust, p.conditions) = (
            pools[seed % PEOPLE],
            uint64(_part(seed, 8) % 1_000),
            type(uint32).max,
            c
        );
        hash = clerk.hashPoolOrder(p);
        poolOrders.push(abi.encode(SignedPoolOrder(p, signature(_key(seed), hash))));
        _enter(hash, signer, c);
    }

    /// @dev A request that goes with offers that stand in the books, more often than not.
    function request(uint256 seed) public {
        if (appOrders.length == 0) offer(seed);
        RequestOrder memory r;
        SignedAppOrder memory a = _recentApp(seed);
        r.conditions = _conditions(seed);
        r.conditions.certifier = a.order.conditions.certifier;
        r.requester = _person(seed);
        r.app = a.order.app;
        if (seed % 3 == 0) r.dataset = datasets[_part(seed, 9) % PEOPLE];
        (r.maxAppPrice, r.maxDatasetPrice, r.maxPoolPrice) = (1_000, 1_000, 1_000);
        r.trust = uint32(_part(seed, 10));
        bytes32 hash = clerk.hashRequestOrder(r);
        requestOrders.push(abi.encode(SignedRequestOrder(r, signature(_key(seed), hash))));
        _enter(hash, r.requester, r.conditions);
    }

    function _recentApp(uint256 seed) private view returns (SignedAppOrder memory) {
        uint256 recent = appOrders.length < RECENT ? appOrders.length : RECENT;
        return abi.decode(appOrders[appOrders.length - 1 - (_part(seed, 1) % recent)], (SignedAppOrder));
    }

    function cancel(uint256 seed) public {
        if (hashes.length == 0) return;
        bytes32 hash = hashes[_part(seed, 1) % hashes.length];
        address by = _person(seed);
        vm.prank(by);
        clerk.cancel(hash);
        if (by == books[hash].signer) books[hash].cancelled = true;
        ++done["cancel"];
    }

    function raiseEpoch(uint256 seed) public {
        // Rarely, since it voids everything.
        if (seed % 3 != 0) return;
        address by = _person(_part(seed, 1));
        vm.prank(by);
        clerk.raiseEpoch(++epochs[by]);
    }

    function pass(uint16 time) public {
        vm.warp(block.timestamp + (time % 600));
        vm.roll(block.number + 1);
    }

    function setTerms(uint256 seed) public {
        Refusal refusal = seed % 7 == 0 ? Refusal.PoolClosed : Refusal.None;
        certifiers[seed % 2].setTerms(refusal, uint64(_part(seed, 1) % 500), bytes32(seed));
        vm.prank(governance);
        clerk.registerCertifier(address(certifiers[seed % 2]), seed % 11 != 0);
    }

    // ── Deals ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev The whole book of orders, newest last, in a batch of matches that partly make sense.
    function seal(uint256 seed) public {
        if (requestOrders.length == 0) request(seed);
        Batch memory batch;
        uint256 count = appOrders.length < RECENT ? appOrders.length : RECENT;
        batch.apps = new SignedAppOrder[](count);
        batch.datasets = new SignedDatasetOrder[](count);
        batch.pools = new SignedPoolOrder[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 at = appOrders.length - 1 - i;
            batch.apps[i] = abi.decode(appOrders[at], (SignedAppOrder));
            batch.datasets[i] = abi.decode(datasetOrders[at], (SignedDatasetOrder));
            batch.pools[i] = abi.decode(poolOrders[at], (SignedPoolOrder));
        }
        batch.requests = new SignedRequestOrder[](2);
        for (uint256 i = 0; i < 2; ++i) {
            // Perhaps the same one twice.
            uint256 recent = requestOrders.length < 3 ? requestOrders.length : 3;
            uint256 at = requestOrders.length - 1 - (_part(seed, i) % recent);
            batch.requests[i] = abi.decode(requestOrders[at], (SignedRequestOrder));
        }
        batch.matches = new Match[](2 * count * count);
        uint256 n = 0;
        for (uint16 r = 0; r < 2; ++r) {
            RequestOrder memory wanted = batch.requests[r].order;
            for (uint16 a = 0; a < count; ++a) {
                if (batch.apps[a].order.app != wanted.app) continue;
                uint16 dataset = NO_DATASET;
                for (uint16 d = 0; d < count; ++d) {
                    if (batch.datasets[d].order.dataset == wanted.dataset) dataset = d;
                }
                for (uint16 p = 0; p < count; ++p) {
                    batch.matches[n++] = Match(a, dataset, p, r);
                }
            }
        }
        Match[] memory matches = batch.matches;
        assembly {
            mstore(matches, n)
        }
        _book(batch);
    }

    function _book(Batch memory batch) private {
        vm.recordLogs();
        clerk.seal(batch, false);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IClerk.DealSealed.selector) continue;
            (OrderHashes memory orders, Deal memory deal, ) = abi.decode(logs[i].data, (OrderHashes, Deal, bytes));
            _fill(orders.request, deal.volume);
            _fill(orders.app, deal.volume);
            _fill(orders.pool, deal.volume);
            if (orders.dataset != 0) _fill(orders.dataset, deal.volume);
            owed[deal.payer] += uint256(deal.appPrice + deal.datasetPrice + deal.poolPrice) * deal.volume;
            owed[deal.poolOwner] += uint256(deal.poolStake) * deal.volume;
            deals.push(OpenDeal(abi.encode(deal), deal.volume, 0));
            ++done["seal"];
        }
    }

    function _fill(bytes32 hash, uint32 volume) private {
        Book storage book = books[hash];
        book.taken += volume;
        _breach(book.taken > book.volume, "an order was filled beyond its volume");
        _breach(block.timestamp > book.validUntil, "an order was filled past its expiry");
        _breach(book.epoch != epochs[book.signer], "an order was filled in another epoch");
        _breach(book.cancelled, "a cancelled order was filled");
    }

    function settle(uint256 seed) public {
        if (deals.length == 0) return;
        OpenDeal storage chosen = deals[_part(seed, 1) % deals.length];
        Deal memory deal = abi.decode(chosen.content, (Deal));
        uint64 unit = deal.appPrice + deal.datasetPrice + deal.poolPrice;
        address guilty = _person(_part(seed, 2));
        uint64 seized = uint64(_part(seed, 3) % (uint256(clerk.bondOf(guilty, deal.certifier).bonded) + 1));
        uint64 held = unit + deal.poolStake + seized;
        uint64 first = uint64(_part(seed, 4) % (uint256(held) + 1));
        Entry[] memory credits = two(_person(_part(seed, 5)), first, _person(_part(seed, 6)), held - first);
        // Now and then somebody tries to make or to lose money.
        bool crooked = seed % 6 == 0;
        if (crooked) credits[1].amount += 1;

        uint256 before = _total();
        try OpenCertifier(deal.certifier).settle(deal, one(guilty, seized), credits) {
            _breach(crooked, "a settlement that does not balance was taken");
            _breach(chosen.open == 0, "a closed deal paid again");
            if (chosen.open != 0) --chosen.open;
            chosen.paid += uint256(credits[0].amount) + credits[1].amount - seized;
            owed[deal.payer] -= unit;
            owed[deal.poolOwner] -= deal.poolStake;
            ++done["settle"];
        } catch {
            _breach(!crooked && chosen.open != 0, "a rightful settlement was refused");
        }
        _breach(_total() != before, "a settlement made or lost money");
    }

    // ── Laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    function _total() private view returns (uint256 total) {
        total = uint256(free(requester)) + locked(requester) + free(poolOwner) + locked(poolOwner);
        for (uint256 i = 0; i < PEOPLE; ++i) {
            Account memory a = clerk.account(people[i]);
            total += uint256(a.free) + a.locked;
        }
    }

    /// @notice Law 1.
    function moneyIsConserved() external view {
        assertEq(_total(), deposits - withdrawals, "law 1: all accounts together hold what was deposited");
        assertLe(_total(), token.balanceOf(address(clerk)), "law 1: and the Clerk has the tokens");
    }

    /// @notice Law 2.
    function lockedIsOwed() external view {
        for (uint256 i = 0; i < PEOPLE; ++i) {
            uint256 due = owed[people[i]];
            for (uint256 c = 0; c < certifiers.length; ++c) {
                due += clerk.bondOf(people[i], address(certifiers[c])).bonded;
            }
            assertEq(locked(people[i]), due, "law 2: locked is what open deals and bonds hold");
        }
    }

    /// @notice Law 3.
    function ordersHold() external view {
        for (uint256 i = 0; i < hashes.length; ++i) {
            Book memory book = books[hashes[i]];
            uint256 known = book.cancelled ? type(uint32).max : book.taken;
            assertLe(book.taken, book.volume, "law 3: an order is never filled beyond its volume");
            assertEq(clerk.filled(book.signer, hashes[i]), known, "law 3: the Clerk knows what is filled");
        }
        assertEq(broken, "", "law 3: nothing unlawful was taken");
    }

    /// @notice Law 4.
    function dealsPayOnce() external view {
        for (uint256 i = 0; i < deals.length; ++i) {
            Deal memory deal = abi.decode(deals[i].content, (Deal));
            uint256 unit = uint256(deal.appPrice) + deal.datasetPrice + deal.poolPrice + deal.poolStake;
            assertEq(clerk.checkDeal(deal).openUnits, deals[i].open, "law 4: units only fall, one by one");
            assertEq(deals[i].paid, (deal.volume - deals[i].open) * unit, "law 4: a deal pays what was locked for it");
        }
        assertEq(broken, "", "law 4: nothing unlawful was taken");
    }
}
