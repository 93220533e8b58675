// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {OrderHash} from "../../../contracts/libraries/OrderHash.sol";
import {Conditions, AppOrder, DatasetOrder, PoolOrder, RequestOrder} from "../../../contracts/types/Orders.sol";
import {MarketTest} from "../support/MarketTest.sol";
import {OrderVectors, Vector} from "../support/OrderVectors.sol";
import {vm} from "../support/Vm.sol";

/// hashAppOrder, hashDatasetOrder, hashPoolOrder, hashRequestOrder
///   given the orders of test/vectors/orders.json   it should agree with viem on every hash
///   given any order                                it should agree with the plain way to hash it
///   given the type hashes that are written out     it should hold them to their strings
/// eip712Domain                                     it should be the domain that the vectors' digests are of
contract HashOrdersTest is MarketTest {
    function _check(Vector memory v, bytes32 structHash) private pure {
        assertEq(structHash, v.structHash, "struct hash");
        assertEq(digestAt(v.clerk, v.chain, structHash), v.digest, "digest");
        assertEq(
            keccak256(abi.encodePacked(hex"1901", v.domainSeparator, structHash)),
            v.digest,
            "digest by its domain"
        );
        assertEq(ECDSA.recover(v.digest, v.signature), OrderVectors.SIGNER, "signer");
    }

    function test_agreesWithViemOnApps() external view {
        (Vector memory v, AppOrder memory o) = OrderVectors.vector0();
        _check(v, clerk.hashAppOrder(o));
        (v, o) = OrderVectors.vector1();
        _check(v, clerk.hashAppOrder(o));
        (v, o) = OrderVectors.vector2();
        _check(v, clerk.hashAppOrder(o));
    }

    function test_agreesWithViemOnDatasets() external view {
        (Vector memory v, DatasetOrder memory o) = OrderVectors.vector3();
        _check(v, clerk.hashDatasetOrder(o));
        (v, o) = OrderVectors.vector4();
        _check(v, clerk.hashDatasetOrder(o));
        (v, o) = OrderVectors.vector5();
        _check(v, clerk.hashDatasetOrder(o));
    }

    function test_agreesWithViemOnPools() external view {
        (Vector memory v, PoolOrder memory o) = OrderVectors.vector6();
        _check(v, clerk.hashPoolOrder(o));
        (v, o) = OrderVectors.vector7();
        _check(v, clerk.hashPoolOrder(o));
        (v, o) = OrderVectors.vector8();
        _check(v, clerk.hashPoolOrder(o));
    }

    function test_agreesWithViemOnRequests() external view {
        (Vector memory v, RequestOrder memory o) = OrderVectors.vector9();
        _check(v, clerk.hashRequestOrder(o));
        (v, o) = OrderVectors.vector10();
        _check(v, clerk.hashRequestOrder(o));
        (v, o) = OrderVectors.vector11();
        _check(v, clerk.hashRequestOrder(o));
    }

    function test_domain() external view {
        (bytes1 which, string memory name, string memory version, uint256 chain, address clerk_, , ) = IERC5267(
            address(clerk)
        ).eip712Domain();
        assertEq(uint8(which), 0x0f, "fields");
        assertEq(name, "Hanse Clerk", "name");
        assertEq(version, "1", "version");
        assertEq(chain, block.chainid, "chain");
        assertEq(clerk_, address(clerk), "contract");
    }

    bytes private constant CONDITIONS =
        "Conditions(address certifier,address matcher,uint64 validUntil,uint64 epoch,uint32 volume,uint32 minFill,bytes32 salt,bytes32 externalRef,bytes32 terms)";

    function _hash(Conditions memory c) private pure returns (bytes32) {
        return keccak256(abi.encode(keccak256(CONDITIONS), c));
    }

    function test_typeHashesAreOfTheirStrings() external pure {
        string memory c = OrderHash.CONDITIONS_TYPE;
        assertEq(c, string(CONDITIONS), "the conditions");
        assertEq(OrderHash.CONDITIONS_TYPEHASH, keccak256(bytes(c)), "Conditions");
        assertEq(OrderHash.APP_ORDER_TYPEHASH, _ofTypes(OrderHash.APP_ORDER_TYPE), "AppOrder");
        assertEq(OrderHash.DATASET_ORDER_TYPEHASH, _ofTypes(OrderHash.DATASET_ORDER_TYPE), "DatasetOrder");
        assertEq(OrderHash.POOL_ORDER_TYPEHASH, _ofTypes(OrderHash.POOL_ORDER_TYPE), "PoolOrder");
        assertEq(OrderHash.REQUEST_ORDER_TYPEHASH, _ofTypes(OrderHash.REQUEST_ORDER_TYPE), "RequestOrder");
    }

    function _ofTypes(string memory own) private pure returns (bytes32) {
        return keccak256(bytes(string.concat(own, OrderHash.CONDITIONS_TYPE)));
    }

    function testFuzz_agreesWithThePlainWayOnTheOthers(DatasetOrder calldata d, RequestOrder calldata r) external view {
        bytes memory head = abi.encode(
            OrderHash.DATASET_ORDER_TYPEHASH,
            d.dataset,
            d.price,
            d.trust,
            d.tag,
            d.onlyApp,
            d.onlyPool,
            d.onlyRequester
        );
        assertEq(clerk.hashDatasetOrder(d), keccak256(bytes.concat(head, _hash(d.conditions))), "dataset order");
        head = abi.encode(
            OrderHash.REQUEST_ORDER_TYPEHASH,
            r.requester,
            r.app,
            r.maxAppPrice,
            r.dataset,
            r.maxDatasetPrice,
            r.maxPoolPrice,
            r.category,
            r.trust,
            r.tag
        );
        head = bytes.concat(head, abi.encode(r.onlyApp, r.onlyDataset, r.onlyPool, r.minSeats, r.minSeatStake));
        head = bytes.concat(head, abi.encode(r.beneficiary, r.callback, r.sponsor, r.attesters));
        assertEq(
            clerk.hashRequestOrder(r),
            keccak256(bytes.concat(head, keccak256(r.params), _hash(r.conditions))),
            "request order"
        );
    }

    function testFuzz_agreesWithThePlainWay(
        AppOrder calldata a,
        PoolOrder calldata p,
        bytes calldata params
    ) external view {
        bytes32 typeHash = keccak256(
            bytes.concat(
                "AppOrder(uint256 app,uint64 price,uint32 trust,bytes32 tag,bytes32 onlyDataset,bytes32 onlyPool,bytes32 onlyRequester,Conditions conditions)",
                CONDITIONS
            )
        );
        bytes memory head = abi.encode(typeHash, a.app, a.price, a.trust, a.tag, a.onlyDataset, a.onlyPool);
        assertEq(
            clerk.hashAppOrder(a),
            keccak256(bytes.concat(head, abi.encode(a.onlyRequester, _hash(a.conditions)))),
            "app order"
        );
        typeHash = keccak256(
            bytes.concat(
                "PoolOrder(uint256 pool,uint64 price,uint16 category,uint32 trust,bytes32 tag,bytes32 onlyApp,bytes32 onlyDataset,bytes32 onlyRequester,Conditions conditions)",
                CONDITIONS
            )
        );
        head = abi.encode(typeHash, p.pool, p.price, p.category, p.trust, p.tag, p.onlyApp, p.onlyDataset);
        assertEq(
            clerk.hashPoolOrder(p),
            keccak256(bytes.concat(head, abi.encode(p.onlyRequester, _hash(p.conditions)))),
            "pool order"
        );
        RequestOrder memory r = requestOrder();
        bytes32 before = clerk.hashRequestOrder(r);
        vm.assume(keccak256(params) != keccak256(r.params));
        r.params = params;
        assertTrue(clerk.hashRequestOrder(r) != before, "params are hashed");
    }
}
