// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {
    EarlyClerk,
    FaultlessClerk,
    ForgetfulClerk,
    MintingClerk,
    PlantedClerk,
    RepeatingClerk
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
///   1 all accounts together hold what was deposited and not withdrawn, and the Clerk has the tokens
///   2 the locked money of each account is what its open deals and bonds hold
///   3 an order is never filled beyond its volume, in another epoch, past its expiry or once cancelled
///   4 a deal pays its units once each, and exactly what was locked for them
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
        for (uint256 i = 0; i < 400; ++i) {
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

    function test_theRealClerkKeepsTheLawsAndTradeHappens() external {
        Traders traders = _trade(PlantedClerk(address(0)));
        traders.moneyIsConserved();
        traders.lockedIsOwed();
        traders.ordersHold();
        traders.dealsPayOnce();
        assertTrue(traders.done("seal") > 15, "deals are sealed");
        assertTrue(traders.done("settle") > 20, "and settled");
        assertTrue(traders.done("bond") > 2, "bonds are taken");
        assertTrue(traders.done("slash") > 2, "and slashed");
        assertTrue(traders.done("cancel") > 2, "orders are cancelled");
    }

    function test_aFaultlessTwinKeepsThem() external {
        Traders traders = _trade(new FaultlessClerk());
        traders.moneyIsConserved();
        traders.lockedIsOwed();
        traders.ordersHold();
        traders.dealsPayOnce();
    }

    function test_law1FindsMoneyMade() external {
        Traders traders = _trade(new MintingClerk());
        try traders.moneyIsConserved() {
            assertTrue(false, "law 1 missed the fault");
        } catch Error(string memory reason) {
            _says(reason, "law 1");
        }
    }

    function test_law2FindsMoneyReleasedEarly() external {
        Traders traders = _trade(new EarlyClerk());
        traders.moneyIsConserved();
        try traders.lockedIsOwed() {
            assertTrue(false, "law 2 missed the fault");
        } catch Error(string memory reason) {
            _says(reason, "law 2");
        }
    }

    function test_law3FindsForgottenFills() external {
        Traders traders = _trade(new ForgetfulClerk());
        traders.moneyIsConserved();
        try traders.ordersHold() {
            assertTrue(false, "law 3 missed the fault");
        } catch Error(string memory reason) {
            _says(reason, "law 3");
        }
    }

    function test_law4FindsAUnitPaidAgain() external {
        Traders traders = _trade(new RepeatingClerk());
        traders.moneyIsConserved();
        try traders.dealsPayOnce() {
            assertTrue(false, "law 4 missed the fault");
        } catch Error(string memory reason) {
            _says(reason, "law 4");
        }
    }
}
