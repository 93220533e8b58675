// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {
    EarlyClerk,
    FaultlessClerk,
    ForgetfulClerk,
    LeakyClerk,
    MintingClerk,
    PlantedClerk,
    RepeatingClerk,
    RobbingClerk,
    SpillingClerk,
    TimelessClerk,
    UncappedClerk,
    UnlimitedClerk
} from "../support/PlantedClerk.sol";
import {OrderBook} from "../support/OrderBook.sol";
import {Test} from "../support/Test.sol";
import {Traders} from "../support/Traders.sol";

/// @notice What the fuzzer calls. The runner does not know the traders by their code, which is linked to a library.
contract Driver {
    Traders private immutable TRADERS;

    constructor(Traders traders) {
        TRADERS = traders;
    }

    function act(uint256 action, uint256 seed, uint64 amount) external {
        TRADERS.act(action, seed, amount);
    }
}

/// Laws of the Clerk, whatever traders do, numbered as in `IClerk`:
///   1 all accounts together hold what was deposited and not withdrawn, and the Till has the tokens
///   2 a deal pays its units once each, and exactly what was locked for them
///   3 the locked money of each account is what its open deals and bonds hold
///   4 an order is filled as it says: never beyond its volume, past its expiry, in another epoch, cancelled, by another
///     matcher, under another certifier, against its terms
///   5 nobody's money is locked but by its own signature, its operator's within the limit, or its sponsorship within the
///     cap
contract ClerkInvariants is Test {
    Traders private traders;

    function setUp() external {
        traders = new Traders(PlantedClerk(address(0)));
        traders.begin();
        Driver driver = new Driver(traders);
        bytes4[] memory actions = new bytes4[](1);
        actions[0] = Driver.act.selector;
        target(address(driver), actions);
    }

    function invariant_moneyIsConserved() external view {
        traders.moneyIsConserved();
    }

    function invariant_onlyOwnersSpend() external view {
        traders.onlyOwnersSpend();
    }

    function invariant_lockedIsOwed() external view {
        traders.lockedIsOwed();
    }

    function invariant_ordersHold() external view {
        traders.ordersHold();
    }

    function invariant_dealsPayOnce() external view {
        traders.dealsPayOnce();
    }
}

/// The laws can fail: each finds the fault planted against it, by the same actions that find none in the real Clerk.
/// @dev The runner keeps every step of a test in memory: a few dozen rounds, then, that bring one kind of action about.
abstract contract ClerkLawsCanFail is Test {
    function _seed(uint256 round, string memory what) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(round, what)));
    }

    /// @dev A seed for an order of the second person, all for one certifier, that is likely to be sealed.
    function _suited(
        Traders traders,
        uint256 i,
        OrderBook.Manner manner,
        bool sponsored
    ) internal pure returns (uint256) {
        uint256 seed = 10 * (_seed(i, "suited") >> 8) + 1;
        while (!traders.suits(seed, manner, sponsored)) seed += 10;
        return seed;
    }

    function _offerAndRequest(Traders traders, uint256 i) internal {
        traders.offer(_suited(traders, i, OrderBook.Manner.Own, false));
        traders.request(_suited(traders, i + 1_000, OrderBook.Manner(i % 5), i % 3 == 0));
    }

    /// @dev Offers and requests signed in every way, seals and settlements; and between them any other action.
    function _trade(PlantedClerk twin, uint256 rounds, bool others) internal returns (Traders traders) {
        traders = new Traders(twin);
        traders.begin();
        for (uint256 i = 0; i < rounds; ++i) {
            _offerAndRequest(traders, i);
            traders.seal(5 * (_seed(i, "seal") >> 8) + 1);
            traders.seal(5 * (_seed(i, "seal again") >> 8) + 2);
            traders.settle(_seed(i, "settle"));
            if (others) traders.act(i, _seed(i, "other"), uint64(_seed(i, "amount")));
        }
    }

    /// @dev It failed for the reason it should.
    function _says(string memory reason, string memory law) internal pure {
        bytes memory head = bytes(reason);
        assembly {
            mstore(head, 5)
        }
        assertEq(string(head), law, "the law that found it");
    }

    function _keepsAll(Traders traders) internal view {
        traders.moneyIsConserved();
        traders.dealsPayOnce();
        traders.lockedIsOwed();
        traders.ordersHold();
        traders.onlyOwnersSpend();
    }

    function _found(bytes memory reason, string memory law) internal pure {
        assertTrue(bytes4(reason) == bytes4(keccak256("Error(string)")), "it failed with a message");
        assembly {
            // Behind the selector and the offset.
            reason := add(reason, 0x44)
        }
        _says(string(reason), law);
    }
}

contract ClerkKeepsTheLawsTest is ClerkLawsCanFail {
    function test_theRealClerkKeepsTheLawsAndTradeHappens() external {
        Traders traders = _trade(PlantedClerk(address(0)), 32, true);
        _keepsAll(traders);
        string[11] memory actions = [
            "seal",
            "settle",
            "pay",
            "cancel",
            "recover",
            "own",
            "operator",
            "presigned",
            "bulk",
            "bulk by operator",
            "sponsored"
        ];
        for (uint256 i = 0; i < actions.length; ++i) {
            assertTrue(traders.done(actions[i]) != 0, string.concat("it happens: ", actions[i]));
        }
        assertTrue(traders.done("seal") > 15, "a good deal");
        assertEq(traders.done("forged"), 0, "forged orders are not sealed");
    }

    function test_aFaultlessTwinKeepsThem() external {
        _keepsAll(_trade(new FaultlessClerk(), 16, true));
    }
}

contract ClerkLaws1To3CanFailTest is ClerkLawsCanFail {
    function _law1Finds(Traders traders) private view {
        try traders.moneyIsConserved() {
            assertTrue(false, "law 1 missed the fault");
        } catch (bytes memory reason) {
            _found(reason, "law 1");
        }
    }

    function test_law1FindsMoneyMade() external {
        _law1Finds(_trade(new MintingClerk(), 8, false));
    }

    function test_law1FindsAReachIntoTheTill() external {
        Traders traders = _trade(new LeakyClerk(), 1, false);
        traders.donate(100);
        traders.recover(50);
        _law1Finds(traders);
    }

    function test_law2FindsAUnitPaidAgain() external {
        Traders traders = _trade(new RepeatingClerk(), 8, false);
        traders.moneyIsConserved();
        try traders.dealsPayOnce() {
            assertTrue(false, "law 2 missed the fault");
        } catch (bytes memory reason) {
            _found(reason, "law 2");
        }
    }

    function test_law3FindsMoneyReleasedEarly() external {
        Traders traders = _trade(new EarlyClerk(), 8, false);
        traders.moneyIsConserved();
        try traders.lockedIsOwed() {
            assertTrue(false, "law 3 missed the fault");
        } catch (bytes memory reason) {
            _found(reason, "law 3");
        }
    }
}

contract ClerkLaw4CanFailTest is ClerkLawsCanFail {
    function _law4Finds(Traders traders) private view {
        traders.moneyIsConserved();
        try traders.ordersHold() {
            assertTrue(false, "law 4 missed the fault");
        } catch (bytes memory reason) {
            _found(reason, "law 4");
        }
    }

    function test_law4FindsForgottenFills() external {
        _law4Finds(_trade(new ForgetfulClerk(), 8, false));
    }

    function test_law4FindsEpochsIgnored() external {
        Traders traders = _trade(new TimelessClerk(), 0, false);
        for (uint256 i = 0; i < 6; ++i) {
            _offerAndRequest(traders, i);
        }
        for (uint256 i = 0; i < 12; ++i) {
            traders.raiseEpoch(3 * i);
        }
        for (uint256 i = 0; i < 6; ++i) {
            traders.seal(5 * i + 1);
        }
        _law4Finds(traders);
    }

    function test_law4FindsALaneSpilt() external {
        _law4Finds(_trade(new SpillingClerk(), 8, false));
    }
}

contract ClerkLaw5CanFailTest is ClerkLawsCanFail {
    function _law5Finds(Traders traders) private view {
        traders.moneyIsConserved();
        traders.lockedIsOwed();
        try traders.onlyOwnersSpend() {
            assertTrue(false, "law 5 missed the fault");
        } catch (bytes memory reason) {
            _found(reason, "law 5");
        }
    }

    function test_law5FindsOperatorsWithoutLimit() external {
        _law5Finds(_trade(new UnlimitedClerk(), 24, false));
    }

    function test_law5FindsSponsorsWithoutCap() external {
        Traders traders = _trade(new UncappedClerk(), 0, false);
        for (uint256 i = 0; i < 24; ++i) {
            traders.offer(_suited(traders, i, OrderBook.Manner.Own, false));
            if (i > 1 && i < 6) traders.request(_suited(traders, i + 1_000, OrderBook.Manner.Own, true));
            if (i > 5) traders.seal(5 * (_seed(i, "seal") >> 8) + 1);
        }
        _law5Finds(traders);
    }

    function test_law5FindsARequesterRobbed() external {
        _law5Finds(_trade(new RobbingClerk(), 8, false));
    }
}
