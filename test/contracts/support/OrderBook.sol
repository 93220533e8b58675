// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {
    SignedAppOrder,
    SignedDatasetOrder,
    SignedPoolOrder,
    SignedRequestOrder,
    Sponsorship
} from "../../../contracts/interfaces/IClerk.sol";
import {Operator, POWER_SPONSORSHIP} from "../../../contracts/interfaces/IKeyring.sol";
import {AssetId, AssetKind} from "../../../contracts/types/Ids.sol";
import {AppOrder, Conditions, DatasetOrder, PoolOrder, RequestOrder} from "../../../contracts/types/Orders.sol";
import {Leg} from "../../../contracts/types/Refusals.sol";
import {BulkTree} from "./BulkTree.sol";
import {Ledger} from "./Ledger.sol";
import {PlantedClerk} from "./PlantedClerk.sol";
import {VolumeAtMost} from "./TermsContracts.sol";
import {vm} from "./Vm.sol";

/// @notice The orders of those people, signed in every way there is or not at all, and what each of them says.
abstract contract OrderBook is Ledger {
    /// @dev How many of the newest offers a batch brings.
    uint256 internal constant RECENT = 3;
    /// @dev Volumes that terms may name.
    uint256 internal constant MOST = 3;

    enum Manner {
        Own,
        Operator,
        Presigned,
        Bulk,
        BulkByOperator,
        Forged
    }

    struct Book {
        Leg leg;
        address signer;
        Manner manner;
        Conditions says;
        uint64 price;
        uint256 mostTasks;
    }

    struct Grant {
        uint16 powers;
        uint64 limit;
        uint256 validUntil;
        uint256 spent;
    }

    /// @dev A sponsor's word.
    struct Word {
        Manner manner;
        Sponsorship says;
        uint256 spent;
    }

    AssetId[] private apps;
    AssetId[] private datasets;
    AssetId[] private pools;
    address internal terms = address(new VolumeAtMost());

    bytes[] internal appOrders;
    bytes[] internal datasetOrders;
    bytes[] internal poolOrders;
    bytes[] internal requestOrders;

    bytes32[] internal hashes;
    mapping(bytes32 orderHash => Book) internal books;
    mapping(bytes32 requestHash => Word) internal words;
    mapping(bytes32 structHash => bool) internal presigned;
    mapping(address owner => Grant) internal grants;
    mapping(address owner => uint64) internal epochs;
    mapping(Leg leg => mapping(address signer => mapping(bytes32 salt => uint256))) internal taken;
    mapping(Leg leg => mapping(address signer => mapping(bytes32 salt => bool))) internal cancelled;

    constructor(PlantedClerk twin) Ledger(twin) {
        for (uint256 i = 0; i < PEOPLE; ++i) {
            apps.push(register(people[i], AssetKind.App, "a"));
            datasets.push(register(people[i], AssetKind.Dataset, "d"));
            pools.push(register(people[i], AssetKind.Pool, "p"));
        }
    }

    // ── Keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    function setOperator(uint256 seed) public {
        address owner = _person(seed);
        Grant storage g = grants[owner];
        g.powers = seed % 5 == 0 ? uint16(_part(seed, 1)) : type(uint16).max;
        g.limit = uint64(_part(seed, 2) % 4_000);
        g.validUntil = block.timestamp + (_part(seed, 3) % 20_000);
        vm.prank(owner);
        keyring.setOperator(vm.addr(_operatorKey(seed)), Operator(g.powers, g.limit, uint40(g.validUntil)));
    }

    function takeBack(uint256 seed) public {
        bytes32 hash = hashes[_part(seed, 1) % hashes.length];
        bytes32 digest = clerk.digestOf(hash);
        vm.prank(books[hash].signer);
        keyring.presign(digest, false);
        presigned[hash] = false;
    }

    function _sign(uint256 who, bytes32 hash, uint256 seed, Leg leg) internal returns (bytes memory, Manner manner) {
        manner = _mannerOf(seed);
        if (manner == Manner.Presigned) return ("", _presign(who, hash));
        if (manner == Manner.Bulk || manner == Manner.BulkByOperator) {
            bytes32[] memory leaves = BulkTree.leavesAround(hash, seed % 4, 2, seed);
            bytes32 root = BulkTree.structHash(leg, 2, BulkTree.rootOf(leaves));
            bytes memory inner = signature(manner == Manner.Bulk ? _key(who) : _operatorKey(who), root);
            return (BulkTree.encode(inner, BulkTree.proofOf(leaves, seed % 4), seed % 4), manner);
        }
        return (_signPlainly(who, hash, manner), manner);
    }

    function _signPlainly(uint256 who, bytes32 hash, Manner manner) private view returns (bytes memory) {
        uint256 key = manner == Manner.Operator ? _operatorKey(who) : _key(who);
        return signature(manner == Manner.Forged ? _key(who + 1) : key, hash);
    }

    function _presign(uint256 who, bytes32 hash) private returns (Manner) {
        presign(_person(who), hash);
        presigned[hash] = true;
        return Manner.Presigned;
    }

    function _mannerOf(uint256 seed) private pure returns (Manner) {
        uint256 kind = _part(seed, 40) % 9;
        return kind <= uint256(type(Manner).max) ? Manner(kind) : Manner.Own;
    }

    /// @notice Whether a seed makes an order that is signed so, sponsored or not, and goes with most others.
    function suits(uint256 seed, Manner manner, bool isSponsored) external pure returns (bool) {
        if (_mannerOf(seed) != manner || (_part(seed, 14) % 3 == 0) != isSponsored) return false;
        if (_part(seed, 1) % 12 == 0 || _part(seed, 12) % 8 == 0) return false;
        return !isSponsored || _mannerOf(_part(seed, 16)) == Manner.Own;
    }

    // ── Offers and wishes ────────────────────────────────────────────────────────────────────────────────────────────

    function _conditions(uint256 seed) private view returns (Conditions memory c) {
        c.certifier = address(certifiers[seed & 1]);
        c.matcher = _part(seed, 1) % 12 == 0 ? _person(_part(seed, 11)) : address(0);
        c.validUntil = uint64(block.timestamp + (_part(seed, 2) % 6_000));
        c.epoch = epochs[_person(seed)];
        c.volume = uint32(1 + (_part(seed, 3) % 40));
        c.minFill = uint32(_part(seed, 4) % 3);
        // Numbers that meet, and that share slots.
        c.salt = bytes32(_part(seed, 5) % 160);
        if (_part(seed, 12) % 8 == 0) c.terms = termsHash(terms, abi.encode(1 + (_part(seed, 13) % MOST)));
    }

    function _enter(bytes32 hash, Leg leg, uint256 seed, Manner manner, Conditions memory c, uint64 price) private {
        if (books[hash].signer == address(0)) hashes.push(hash);
        uint256 mostTasks = c.terms == 0 ? type(uint256).max : 1 + (_part(seed, 13) % MOST);
        books[hash] = Book(leg, _person(seed), manner, c, price, mostTasks);
    }

    function offer(uint256 seed) public {
        AppOrder memory a;
        (a.app, a.price, a.conditions) = (apps[seed % PEOPLE], uint64(_part(seed, 6) % 200), _conditions(seed));
        bytes32 hash = clerk.hashAppOrder(a);
        (bytes memory sig, Manner manner) = _sign(seed, hash, seed, Leg.App);
        appOrders.push(abi.encode(SignedAppOrder(a, sig)));
        _enter(hash, Leg.App, seed, manner, a.conditions, a.price);

        DatasetOrder memory d;
        (d.dataset, d.price, d.conditions) = (datasets[seed % PEOPLE], uint64(_part(seed, 7) % 200), a.conditions);
        hash = clerk.hashDatasetOrder(d);
        (sig, manner) = _sign(seed, hash, seed, Leg.Dataset);
        datasetOrders.push(abi.encode(SignedDatasetOrder(d, sig)));
        _enter(hash, Leg.Dataset, seed, manner, d.conditions, d.price);

        PoolOrder memory p;
        (p.pool, p.price, p.conditions) = (pools[seed % PEOPLE], uint64(_part(seed, 8) % 200), a.conditions);
        p.trust = type(uint32).max;
        // Small, so that a request takes several.
        p.conditions.volume = uint32(1 + (_part(seed, 18) % 6));
        hash = clerk.hashPoolOrder(p);
        (sig, manner) = _sign(seed, hash, seed, Leg.Pool);
        poolOrders.push(abi.encode(SignedPoolOrder(p, sig)));
        _enter(hash, Leg.Pool, seed, manner, p.conditions, p.price);
    }

    /// @dev A request that goes with offers that stand in the books, more often than not.
    function request(uint256 seed) public {
        RequestOrder memory r;
        uint256 offered = _recent(_part(seed, 19));
        SignedAppOrder memory a = abi.decode(appOrders[offered], (SignedAppOrder));
        r.conditions = _conditions(seed);
        r.conditions.certifier = a.order.conditions.certifier;
        r.conditions.volume = uint32(1 + (_part(seed, 17) % 24));
        r.requester = _person(seed);
        r.app = a.order.app;
        if (seed % 3 == 0) r.dataset = abi.decode(datasetOrders[offered], (SignedDatasetOrder)).order.dataset;
        (r.maxAppPrice, r.maxDatasetPrice, r.maxPoolPrice) = (1_000, 1_000, 1_000);
        r.trust = uint32(_part(seed, 10));
        // Sometimes oneself.
        if (_part(seed, 14) % 3 == 0) r.sponsor = _person(_part(seed, 15));
        bytes32 hash = clerk.hashRequestOrder(r);
        (bytes memory sig, Manner manner) = _sign(seed, hash, seed, Leg.Request);
        requestOrders.push(abi.encode(SignedRequestOrder(r, sig)));
        _enter(hash, Leg.Request, seed, manner, r.conditions, 0);
        if (r.sponsor != address(0)) _sponsor(hash, _part(seed, 15), _part(seed, 16));
    }

    function _recent(uint256 seed) private view returns (uint256) {
        uint256 recent = appOrders.length < RECENT ? appOrders.length : RECENT;
        return appOrders.length - 1 - (seed % recent);
    }

    function _sponsor(bytes32 hash, uint256 who, uint256 seed) private {
        Word storage word = words[hash];
        word.manner = _mannerOf(seed);
        Sponsorship memory s;
        (s.cap, s.epoch) = (uint64(_part(seed, 2) % 4_000), epochs[_person(who)]);
        s.validUntil = uint64(block.timestamp + (_part(seed, 3) % 6_000));
        bytes32 said = sponsorshipHash(s, hash);
        if (word.manner == Manner.Presigned) {
            _presign(who, said);
        } else {
            // There are no bulk sponsorships.
            if (word.manner == Manner.Bulk) word.manner = Manner.Own;
            if (word.manner == Manner.BulkByOperator) word.manner = Manner.Operator;
            s.signature = _signPlainly(who, said, word.manner);
        }
        word.says = s;
    }

    // ── Taking back ──────────────────────────────────────────────────────────────────────────────────────────────────

    function cancel(uint256 seed) public {
        Book storage book = books[hashes[_part(seed, 1) % hashes.length]];
        // Somebody else's cancelling voids only its own order of that number, if it has one.
        address by = _person(seed);
        bytes32[] memory salts = new bytes32[](1 + (seed % 2));
        salts[0] = book.says.salt;
        vm.prank(by);
        clerk.cancel(book.leg, salts);
        for (uint256 i = 0; i < salts.length; ++i) {
            cancelled[book.leg][by][salts[i]] = true;
        }
        ++done["cancel"];
    }

    function raiseEpoch(uint256 seed) public {
        // Rarely, since it voids everything.
        if (seed % 3 != 0) return;
        address by = _person(_part(seed, 1));
        vm.prank(by);
        clerk.raiseEpoch(++epochs[by]);
    }
}
