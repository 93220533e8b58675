// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "../../support/Test.sol";
import {GoodsHandler} from "./GoodsHandler.sol";
import {
    BoundlessBidsReceipt,
    BoundlessReceipt,
    CommissionOnRefundsReceipt,
    ContraryReceipt,
    CredulousReceipt,
    EarlyReceipt,
    FaultlessReceipt,
    ForgetfulOfPurchasesReceipt,
    ForgetfulReceipt,
    ForgivingReceipt,
    FreeDisputesReceipt,
    PlantedReceipt,
    RepeatingReceipt,
    UncountingReceipt
} from "./PlantedReceipt.sol";

/// The laws can fail: each finds the fault planted against it, by the same actions that find none in the real Receipt.
contract ReceiptLawsCanFailTest is Test {
    /// @dev Any action in any order, and a trade before each third.
    function _run(PlantedReceipt twin, uint256 rounds) private returns (GoodsHandler handler) {
        handler = new GoodsHandler(twin);
        for (uint256 i = 0; i < rounds; ++i) {
            uint256 seed = _seed(i, "any");
            if (i % 3 == 0) handler.trade(seed);
            handler.act(seed >> 200, seed);
            // What chance seldom brings about.
            if (handler.done("seal") != 0) handler.extend(_seed(i, "extend"));
        }
    }

    /// @dev Trades, parcels on their way, and then one kind of action, on the newest deals.
    function _course(
        PlantedReceipt twin,
        uint256 rounds,
        bytes4[] memory actions
    ) private returns (GoodsHandler handler) {
        handler = new GoodsHandler(twin);
        for (uint256 i = 0; i < rounds; ++i) {
            handler.trade(_seed(i, "trade"));
            handler.trade(_seed(i, "another"));
            if (handler.done("seal") == 0) continue;
            for (uint256 k = 0; k < 4; ++k) {
                handler.ship(_seed(4 * i + k, "ship"));
            }
            for (uint256 k = 0; k < actions.length * 3; ++k) {
                bytes memory call = abi.encodeWithSelector(actions[k / 3], _seed(16 * i + k, "act"));
                (bool success, ) = address(handler).call(call);
                assertTrue(success, "the handler bears it");
            }
        }
    }

    function _seed(uint256 i, string memory what) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(i, what)));
    }

    function _list(bytes4 a, bytes4 b, bytes4 c) private pure returns (bytes4[] memory list) {
        list = new bytes4[](
            c != 0
                ? 3
                : b != 0
                    ? 2
                    : 1
        );
        list[0] = a;
        if (b != 0) list[1] = b;
        if (c != 0) list[2] = c;
    }

    function _keepsAll(GoodsHandler handler) private view {
        handler.moneyIsConserved();
        handler.bondsAreHeld();
        handler.dealsPayOnce();
        handler.ordersHold();
        handler.endsAreLawful();
    }

    function _found(bytes memory reason, string memory law) private pure {
        assertTrue(bytes4(reason) == bytes4(keccak256("Error(string)")), "it failed with a message");
        assembly {
            // Behind the selector and the offset, and cut to the law's name.
            reason := add(reason, 0x44)
            mstore(reason, 5)
        }
        assertEq(string(reason), law, "the law that found it");
    }

    function test_theRealReceiptKeepsTheLawsAndEverythingHappens() external {
        GoodsHandler handler = _run(PlantedReceipt(address(0)), 900);
        _keepsAll(handler);
        string[12] memory actions = [
            "seal",
            "ship",
            "confirm",
            "release",
            "refund",
            "split",
            "extend",
            "dispute",
            "contest",
            "rule",
            "enforce",
            "cancel"
        ];
        for (uint256 i = 0; i < actions.length; ++i) {
            assertTrue(handler.done(actions[i]) != 0, string.concat("it happens: ", actions[i]));
        }
    }

    function test_aFaultlessTwinKeepsThem() external {
        _keepsAll(_run(new FaultlessReceipt(), 200));
    }

    function _law1Finds(GoodsHandler handler) private view {
        try handler.bondsAreHeld() {
            assertTrue(false, "law 1 missed the fault");
        } catch (bytes memory reason) {
            _found(reason, "law 1");
        }
    }

    function test_law1FindsDisputesForFree() external {
        _law1Finds(_course(new FreeDisputesReceipt(), 8, _list(GoodsHandler.dispute.selector, 0, 0)));
    }

    function test_law1FindsDealsThatNeverClose() external {
        _law1Finds(_course(new UncountingReceipt(), 4, _list(GoodsHandler.confirm.selector, 0, 0)));
    }

    function test_law1FindsALossThatIsForgotten() external {
        bytes4[] memory actions = _list(
            GoodsHandler.dispute.selector,
            GoodsHandler.pass.selector,
            GoodsHandler.enforce.selector
        );
        _law1Finds(_course(new ForgivingReceipt(), 24, actions));
    }

    function test_law1FindsCommissionOfWhatGoesBack() external {
        _law1Finds(_course(new CommissionOnRefundsReceipt(), 24, _list(GoodsHandler.refund.selector, 0, 0)));
    }

    function test_law2FindsADealPaidTwice() external {
        // While much is held for others.
        GoodsHandler handler = _course(new RepeatingReceipt(), 12, new bytes4[](0));
        for (uint256 i = 0; i < 60; ++i) {
            handler.confirm(_seed(i, "confirm"));
        }
        handler.moneyIsConserved();
        try handler.dealsPayOnce() {
            assertTrue(false, "law 2 missed the fault");
        } catch (bytes memory reason) {
            _found(reason, "law 2");
        }
    }

    function _law3Finds(GoodsHandler handler, string memory breach) private view {
        assertEq(handler.broken(3), breach, "what is noticed");
        try handler.ordersHold() {
            assertTrue(false, "law 3 missed the fault");
        } catch (bytes memory reason) {
            _found(reason, "law 3");
        }
    }

    function test_law3FindsForgottenFills() external {
        _law3Finds(_course(new ForgetfulReceipt(), 16, new bytes4[](0)), "a fill was forgotten");
    }

    function test_law3FindsForgottenFillsOfPurchases() external {
        _law3Finds(_course(new ForgetfulOfPurchasesReceipt(), 16, new bytes4[](0)), "a fill was forgotten");
    }

    function test_law3FindsABidsBoundIgnored() external {
        // Few bids meet all other bounds.
        _law3Finds(_course(new BoundlessBidsReceipt(), 160, new bytes4[](0)), "a price above the bid");
    }

    function _law4Finds(GoodsHandler handler) private view {
        try handler.endsAreLawful() {
            assertTrue(false, "law 4 missed the fault");
        } catch (bytes memory reason) {
            _found(reason, "law 4");
        }
    }

    function test_law4FindsAReleaseTooEarly() external {
        _law4Finds(_course(new EarlyReceipt(), 16, _list(GoodsHandler.release.selector, 0, 0)));
    }

    function test_law4FindsTimeWithoutEnd() external {
        _law4Finds(_course(new BoundlessReceipt(), 24, _list(GoodsHandler.extend.selector, 0, 0)));
    }

    function test_law4FindsARulingTurnedRound() external {
        _law4Finds(
            _course(
                new ContraryReceipt(),
                16,
                _list(GoodsHandler.dispute.selector, GoodsHandler.contest.selector, GoodsHandler.rule.selector)
            )
        );
    }

    function test_law4FindsThatItIsBelievedTooEarly() external {
        _law4Finds(_course(new CredulousReceipt(), 8, _list(GoodsHandler.dispute.selector, 0, 0)));
    }
}
