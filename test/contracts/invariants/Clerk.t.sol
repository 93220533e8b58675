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

/// Laws of the Clerk, whatever traders do:
///   1 all accounts together hold what was deposited and not withdrawn, and the Till has the tokens
///   2 a deal pays its units once each, and exactly what was locked for them
///   3 the locked money of each account is what its open deals and bonds hold
///   4 an order is filled as it says: never beyond its volume, past its expiry, in another epoch, cancelled, by another
///     matcher, under another certifier, against its terms
///   5 nobody's money is spent without its own signature, or its operator's within what it allowed, or its sponsor's word
///     within the cap
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
contract ClerkLawsCanFailTest is Test {
    function _trade(PlantedClerk twin) private returns (Traders traders) {
        traders = new Traders(twin);
        traders.begin();
        for (uint256 i = 0; i < 500; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("trade", i)));
            traders.act(seed >> 8, seed, uint64(seed >> 16));
        }
    }

    /// @dev It failed for the reason it should.
    function _says(string memory reason, string memory law) private pure {
        bytes memory head = bytes(reason);
        assembly {
            mstore(head, 5)
        }
        assertEq(string(head), law, "the law that found it");
    }

    function _keepsAll(Traders traders) private view {
        traders.moneyIsConserved();
        traders.dealsPayOnce();
        traders.lockedIsOwed();
        traders.ordersHold();
        traders.onlyOwnersSpend();
    }

    function test_theRealClerkKeepsTheLawsAndTradeHappens() external {
        Traders traders = _trade(PlantedClerk(address(0)));
        _keepsAll(traders);
        string[11] memory actions = [
            "seal",
            "settle",
            "bond",
            "slash",
            "cancel",
            "recover",
            "own",
            "operator",
            "presigned",
            "bulk",
            "bulk by operator"
        ];
        for (uint256 i = 0; i < actions.length; ++i) {
            assertTrue(traders.done(actions[i]) > 2, string.concat("it happens: ", actions[i]));
        }
        assertTrue(traders.done("sponsored") > 1, "it happens: sponsored");
        assertEq(traders.done("forged"), 0, "forged orders are not sealed");
    }

    function test_aFaultlessTwinKeepsThem() external {
        _keepsAll(_trade(new FaultlessClerk()));
    }

    function _found(bytes memory reason, string memory law) private pure {
        assertTrue(bytes4(reason) == bytes4(keccak256("Error(string)")), "it failed with a message");
        assembly {
            // Behind the selector and the offset.
            reason := add(reason, 0x44)
        }
        _says(string(reason), law);
    }

    function _law1Finds(PlantedClerk twin) private {
        Traders traders = _trade(twin);
        try traders.moneyIsConserved() {
            assertTrue(false, "law 1 missed the fault");
        } catch (bytes memory reason) {
            _found(reason, "law 1");
        }
    }

    function _law4Finds(PlantedClerk twin) private {
        Traders traders = _trade(twin);
        traders.moneyIsConserved();
        try traders.ordersHold() {
            assertTrue(false, "law 4 missed the fault");
        } catch (bytes memory reason) {
            _found(reason, "law 4");
        }
    }

    function _law5Finds(PlantedClerk twin) private {
        Traders traders = _trade(twin);
        traders.moneyIsConserved();
        traders.lockedIsOwed();
        try traders.onlyOwnersSpend() {
            assertTrue(false, "law 5 missed the fault");
        } catch (bytes memory reason) {
            _found(reason, "law 5");
        }
    }

    function test_law1FindsMoneyMade() external {
        _law1Finds(new MintingClerk());
    }

    function test_law1FindsAReachIntoTheTill() external {
        _law1Finds(new LeakyClerk());
    }

    function test_law2FindsAUnitPaidAgain() external {
        Traders traders = _trade(new RepeatingClerk());
        traders.moneyIsConserved();
        try traders.dealsPayOnce() {
            assertTrue(false, "law 2 missed the fault");
        } catch (bytes memory reason) {
            _found(reason, "law 2");
        }
    }

    function test_law3FindsMoneyReleasedEarly() external {
        Traders traders = _trade(new EarlyClerk());
        traders.moneyIsConserved();
        try traders.lockedIsOwed() {
            assertTrue(false, "law 3 missed the fault");
        } catch (bytes memory reason) {
            _found(reason, "law 3");
        }
    }

    function test_law4FindsForgottenFills() external {
        _law4Finds(new ForgetfulClerk());
    }

    function test_law4FindsEpochsIgnored() external {
        _law4Finds(new TimelessClerk());
    }

    function test_law4FindsALaneSpilt() external {
        _law4Finds(new SpillingClerk());
    }

    function test_law5FindsOperatorsWithoutLimit() external {
        _law5Finds(new UnlimitedClerk());
    }

    function test_law5FindsSponsorsWithoutCap() external {
        _law5Finds(new UncappedClerk());
    }

    function test_law5FindsARequesterRobbed() external {
        _law5Finds(new RobbingClerk());
    }
}
