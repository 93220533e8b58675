// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {Batch, Match, SignedRequestOrder} from "../../../contracts/interfaces/IClerk.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {AppOrder, PoolOrder, RequestOrder} from "../../../contracts/types/Orders.sol";
import {Leg} from "../../../contracts/types/Refusals.sol";
import {Foreign} from "../support/Foreign.sol";
import {MarketTest} from "../support/MarketTest.sol";
import {vm} from "../support/Vm.sol";

/// Strangers' contracts in a batch with honest orders: signers, groups and terms that burn, bomb, revert or try to change
/// the Clerk. Each may cost the sealer its cap of 100,000 gas and some, and nothing else.
contract MaliciousContractsAttack is MarketTest {
    uint256 private constant CAP = 100_000;
    /// @dev What a batch of one honest match and one refused costs without any foreign call, generously.
    uint256 private constant BASE = 700_000;

    function _foreign(Foreign.Manner manner, bytes32 word) private returns (address) {
        return address(new Foreign(manner, word, clerk));
    }

    /// @dev An honest match first, then one whose request does harm by `how`: 0 signer, 1 group, 2 terms.
    function _batch(uint256 how, address evil) private view returns (Batch memory batch) {
        (AppOrder memory a, PoolOrder memory p) = (appOrder(), poolOrder());
        (a.conditions.volume, p.conditions.volume) = (100, 100);
        batch = batchOf(a, p, requestOrder());
        RequestOrder memory bad = requestOrder();
        bad.conditions.salt = "bad";
        if (how == 0) bad.requester = evil;
        if (how == 1) bad.onlyPool = group(evil);
        batch.requests = new SignedRequestOrder[](2);
        (batch.requests[0], batch.requests[1]) = (signed(bad), signed(requestOrder()));
        if (how == 0) batch.requests[0].signature = "";
        if (how == 2) setTerms(batch, Leg.Request, evil, "");
        batch.matches = new Match[](2);
        (batch.matches[0], batch.matches[1]) = (Match(0, NO_DATASET, 0, 0), Match(0, NO_DATASET, 0, 1));
    }

    /// @dev 3 places × 5 manners: the honest match is sealed beside each, for at most one cap more.
    function test_cannotStopOthersNorCostMoreThanTheCap() external {
        Foreign.Manner[5] memory manners = [
            Foreign.Manner.Revert,
            Foreign.Manner.Burn,
            Foreign.Manner.Bomb,
            Foreign.Manner.Reenter,
            Foreign.Manner.Short
        ];
        for (uint256 how = 0; how < 3; ++how) {
            bytes32 yes = how == 0 ? bytes32(IERC1271.isValidSignature.selector) : bytes32(uint256(1));
            for (uint256 i = 0; i < manners.length; ++i) {
                address evil = _foreign(manners[i], yes);
                fund(evil, FUNDS);
                Batch memory batch = _batch(how, evil);
                uint256 before = vm.snapshotState();
                uint256 gas = gasleft();
                assertEq(clerk.seal(batch, false), 1, "the honest match is sealed");
                assertLe(gas - gasleft(), BASE + CAP, "at a bounded cost");
                assertEq(clerk.account(evil).epoch, 0, "and nothing was changed on the way");
                assertEq(free(evil), FUNDS, "nor paid");
                vm.revertToState(before);
            }
        }
    }

    /// @dev Ten burners in one batch: 10 × 100,000, linear in their number. A broker that leaves them out pays nothing.
    function test_manyBurnersAreLinear() external {
        (AppOrder memory a, PoolOrder memory p) = (appOrder(), poolOrder());
        Batch memory batch = batchOf(a, p, requestOrder());
        batch.requests = new SignedRequestOrder[](10);
        for (uint256 i = 0; i < 10; ++i) {
            RequestOrder memory bad = requestOrder();
            bad.requester = _foreign(Foreign.Manner.Burn, 0);
            batch.requests[i] = SignedRequestOrder(bad, "");
        }
        uint256 gas = gasleft();
        clerk.seal(batch, false);
        uint256 ten = gas - gasleft();
        assertLe(ten, 10 * (CAP + 40_000) + BASE, "ten caps and what goes with them");
    }

    /// @dev Yes when simulated, no when mined: a group that answers by the gas it sees is asked with the same gas always,
    /// so a sealer cannot steer it by the gas it sends; it seals or it reverts.
    function testFuzz_gasDoesNotSteerTheAnswer(uint256 gas) external {
        Batch memory batch = _batch(1, _foreign(Foreign.Manner.Slow, bytes32(uint256(1))));
        gas = bound(gas, 100_000, 2_000_000);
        try clerk.seal{gas: gas}(batch, false) returns (uint256 count) {
            assertEq(count, 2, "both");
        } catch {}
    }

    /// @dev A smart account that says yes to everything is robbed of no more than it holds; nobody else loses by it.
    function test_aYesManLosesOnlyItsOwn() external {
        address fool = _foreign(Foreign.Manner.Word, bytes32(IERC1271.isValidSignature.selector));
        fund(fool, 5_000);
        RequestOrder memory r = requestOrder();
        (r.requester, r.conditions.volume) = (fool, 3);
        Batch memory batch = batchOf(appOrder(), poolOrder(), r);
        batch.requests[0].signature = "anything";
        Deal memory deal = sealOne(batch);
        assertEq(deal.payer, fool, "it pays");
        assertEq(locked(fool), 3 * (APP_PRICE + POOL_PRICE), "3,900 of its 5,000");
        assertEq(free(requester), FUNDS, "nobody else does");
    }
}
