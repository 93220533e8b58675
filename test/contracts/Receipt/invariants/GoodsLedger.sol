// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Account} from "../../../../contracts/interfaces/IClerk.sol";
import {IReceipt} from "../../../../contracts/interfaces/IReceipt.sol";
import {Complaint, GoodsDeal, Stage} from "../../../../contracts/types/Goods.sol";
import {vm} from "../../support/Vm.sol";
import {GoodsTest} from "../support/GoodsTest.sol";
import {PlantedReceipt} from "./PlantedReceipt.sol";

/// @notice What a few people have and owe by what they agreed to and did, kept beside the Receipt; and the laws, which
/// compare the two.
abstract contract GoodsLedger is GoodsTest {
    uint256 internal constant PEOPLE = 4;
    uint64 internal constant BEGINNING = 1_000_000;

    /// @dev A deal as it should stand.
    struct Tracked {
        bytes content;
        Stage stage;
        uint256 since;
        bool extended;
        Complaint complaint;
        // What is held of each side.
        uint64 ofBuyer;
        uint64 ofSeller;
        // What the jury said: 1, 2, or nothing.
        uint256 ruling;
    }

    address[] internal people;
    Tracked[] internal tracked;
    mapping(address owner => uint256) internal freeOf;
    mapping(address owner => uint256) internal heldOf;
    mapping(address seller => uint256) internal openOf;
    mapping(address seller => uint256) internal lostAtOf;
    /// @dev The first breach of each law that was noticed on the spot.
    mapping(uint256 law => string) public broken;

    mapping(string action => uint256) public done;

    PlantedReceipt private immutable TWIN;

    /// @param twin A Receipt with a fault, or none for the real one.
    constructor(PlantedReceipt twin) {
        TWIN = twin;
        setUp();
        if (address(twin) != address(0)) {
            twin.plant(receipt, clerk);
            vm.prank(governance);
            clerk.registerCertifier(address(twin), true);
            receipt = IReceipt(address(twin));
        }
        for (uint256 i = 0; i < PEOPLE; ++i) {
            people.push(vm.addr(_key(i)));
            fund(people[i], BEGINNING);
            freeOf[people[i]] = BEGINNING;
            allow(people[i], type(uint64).max);
        }
    }

    function _key(uint256 i) internal pure returns (uint256) {
        return 0x1000 + (i % PEOPLE);
    }

    function _person(uint256 seed) internal view returns (address) {
        return people[seed % PEOPLE];
    }

    function _part(uint256 seed, uint256 i) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, i)));
    }

    /// @dev The hash of the order as it was signed.
    function _asGiven(bytes32 orderHash) internal view returns (bytes32) {
        return address(TWIN) == address(0) ? orderHash : TWIN.givenFor(orderHash);
    }

    function _breach(uint256 law, bool yes, string memory what) internal {
        if (yes && bytes(broken[law]).length == 0) broken[law] = what;
    }

    // ── The books ────────────────────────────────────────────────────────────────────────────────────────────────────

    function _hold(Tracked storage t, GoodsDeal memory deal, uint64 ofBuyer, uint64 ofSeller) internal {
        (t.ofBuyer, t.ofSeller) = (t.ofBuyer + ofBuyer, t.ofSeller + ofSeller);
        freeOf[deal.buyer] -= ofBuyer;
        freeOf[deal.seller] -= ofSeller;
        heldOf[deal.buyer] += ofBuyer;
        heldOf[deal.seller] += ofSeller;
    }

    function _enter(Tracked storage t, Stage stage) internal {
        (t.stage, t.since) = (stage, time);
    }

    /// @dev The seller gets what the others do not.
    function _pay(Tracked storage t, GoodsDeal memory deal, Stage end, uint64 toBuyer, uint64 toReferrer) internal {
        if (t.stage >= Stage.Paid) return _breach(2, true, "a deal paid out again");
        uint256 toSeller = uint256(t.ofBuyer) + t.ofSeller - toBuyer - toReferrer;
        heldOf[deal.buyer] -= t.ofBuyer;
        heldOf[deal.seller] -= t.ofSeller;
        freeOf[deal.buyer] += toBuyer;
        freeOf[deal.seller] += toSeller;
        freeOf[deal.referrer] += toReferrer;
        --openOf[deal.seller];
        if (end == Stage.WonByBuyer) lostAtOf[deal.seller] = block.timestamp;
        (t.ofBuyer, t.ofSeller) = (0, 0);
        _enter(t, end);
    }

    // ── Laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice The Clerk's own: all accounts hold what was put in.
    function moneyIsConserved() external view {
        uint256 total = 0;
        for (uint256 i = 0; i < PEOPLE; ++i) {
            Account memory a = clerk.account(people[i]);
            total += uint256(a.free) + a.locked;
        }
        assertEq(total, PEOPLE * BEGINNING, "law 0: all accounts together hold what was put in");
    }

    /// @notice Law 1: what is bonded is what the deals that are not over hold.
    function bondsAreHeld() external view {
        for (uint256 i = 0; i < PEOPLE; ++i) {
            assertEq(bonded(people[i]), heldOf[people[i]], "law 1: bonded is what open deals hold");
            (uint32 open, uint40 lastLostAt) = receipt.dealsOf(people[i]);
            assertEq(open, openOf[people[i]], "law 1: and open deals are counted");
            assertEq(lastLostAt, lostAtOf[people[i]], "law 1: and the last loss is known");
        }
        assertEq(broken[1], "", "law 1: nothing unlawful was held");
    }

    /// @notice Law 2: each deal pays out what was locked for it, once, to its own people.
    function dealsPayOnce() external view {
        for (uint256 i = 0; i < PEOPLE; ++i) {
            assertEq(free(people[i]), freeOf[people[i]], "law 2: free is what was left and paid");
        }
        assertEq(broken[2], "", "law 2: nothing unlawful was paid");
    }

    /// @notice Law 3: orders are sealed as they say.
    function ordersHold() external view {
        assertEq(broken[3], "", "law 3: nothing unlawful was sealed");
    }

    /// @notice Law 4: deals end as they may.
    function endsAreLawful() external view {
        assertEq(broken[4], "", "law 4: nothing unlawful was ended");
        for (uint256 i = 0; i < tracked.length; ++i) {
            GoodsDeal memory deal = abi.decode(tracked[i].content, (GoodsDeal));
            assertEq(uint8(stageOf(deal)), uint8(tracked[i].stage), "law 4: each deal stands where it should");
        }
    }
}
