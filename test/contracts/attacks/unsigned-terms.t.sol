// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Batch, Match, SignedPoolOrder, SignedRequestOrder, Terms} from "../../../contracts/interfaces/IClerk.sol";
import {Deal} from "../../../contracts/types/Deals.sol";
import {AppOrder, PoolOrder, RequestOrder} from "../../../contracts/types/Orders.sol";
import {Leg, Refusal} from "../../../contracts/types/Refusals.sol";
import {Foreign} from "../support/Foreign.sol";
import {MarketTest} from "../support/MarketTest.sol";
import {PriceSteps, VolumeAtMost} from "../support/TermsContracts.sol";
import {vm} from "../support/Vm.sol";

/// A resting order is filled on terms that its signer did not sign, or in crumbs.
contract UnsignedTermsAttack is MarketTest {
    bytes32 private constant YES = bytes32(uint256(1));

    /// @dev The pool sells 1–9 tasks at 1,000 and 10 at 700. A batch that first takes 5 tasks would then show 10 and seal
    /// 5 more at 700: 1,500 lost. What is left is not what was shown, so it is refused.
    function test_aVolumeDiscountWithoutTheVolume() external {
        PriceSteps.Step[] memory steps = new PriceSteps.Step[](2);
        (steps[0].volume, steps[0].price) = (1, 1_000);
        (steps[1].volume, steps[1].price) = (10, 700);
        address checker = address(new PriceSteps());
        bytes memory data = abi.encode(steps);

        PoolOrder memory cheap = poolOrder();
        cheap.price = 700;
        cheap.conditions.terms = termsHash(checker, data);
        AppOrder memory a = appOrder();
        a.conditions.volume = 100;
        RequestOrder memory small = requestOrder();
        (small.conditions.volume, small.conditions.salt) = (5, "small");
        Batch memory batch = batchOf(a, cheap, requestOrder());
        batch.terms = new Terms[](1);
        batch.terms[0] = Terms(checker, data);
        // The plain offer of the same salt takes 5 of the 10 that both share.
        batch.pools = new SignedPoolOrder[](2);
        (batch.pools[0], batch.pools[1]) = (signed(poolOrder()), signed(cheap));
        batch.requests = new SignedRequestOrder[](2);
        (batch.requests[0], batch.requests[1]) = (signed(small), signed(requestOrder()));
        batch.matches = new Match[](2);
        batch.matches[0] = Match(0, NO_DATASET, 0, 0);
        batch.matches[1] = Match(0, NO_DATASET, 1, 1);
        Deal[] memory deals = sealAll(batch);
        assertEq(deals.length, 1, "the discount is refused");
        assertEq(deals[0].poolPrice, 1_000, "and the five cost what five cost");
        assertEq(clerk.filled(Leg.Pool, poolOwner, 0), 5, "nothing more is taken");
    }

    /// @dev A checker of the sealer's own with the signer's data, the signer's checker with other data, both with a word
    /// moved between checker and data: another hash each.
    function testFuzz_termsOfTheSealersChoice(bytes calldata data, address other) external {
        address own = address(new Foreign(Foreign.Manner.Word, YES, clerk));
        address strict = address(new VolumeAtMost());
        vm.assume(other != own && other != strict);
        Batch memory batch = batchOf();
        setTerms(batch, Leg.Pool, strict, abi.encode(uint256(3)));
        batch.terms[0] = Terms(own, abi.encode(uint256(3)));
        refused(batch, Leg.Pool, Refusal.TermsNotMet);
        vm.assume(keccak256(data) != keccak256(abi.encode(uint256(3))));
        batch.terms[0] = Terms(strict, data);
        refused(batch, Leg.Pool, Refusal.TermsNotMet);
        batch.terms[0] = Terms(other, abi.encode(strict, abi.encode(uint256(3))));
        refused(batch, Leg.Pool, Refusal.TermsNotMet);
    }

    /// @dev The same terms are brought twice, the second with another checker that says yes: only the hash counts.
    function test_termsBroughtBeside() external {
        Batch memory batch = batchOf();
        setTerms(batch, Leg.Pool, address(new VolumeAtMost()), abi.encode(uint256(3)));
        Terms memory real = batch.terms[0];
        batch.terms = new Terms[](3);
        batch.terms[0] = Terms(address(new Foreign(Foreign.Manner.Word, YES, clerk)), real.data);
        (batch.terms[1], batch.terms[2]) = (real, batch.terms[0]);
        refused(batch, Leg.Pool, Refusal.TermsNotMet);
    }

    /// @dev Shredding: a request of 10 with minFill 4 is offered one task at a time by a pool with ten orders of one.
    /// Without minFill that is ten deals, each with its own fixed costs for the pool; with it, none. Two fills of 4 leave
    /// 2 that nobody can take: 8 of 10, which the signer chose.
    function testFuzz_shredding(uint8 crumb) external {
        crumb = uint8(bound(crumb, 1, 3));
        (AppOrder memory a, RequestOrder memory r) = (appOrder(), requestOrder());
        r.conditions.minFill = 4;
        for (uint256 i = 0; i < 10; ++i) {
            PoolOrder memory p = poolOrder();
            (p.conditions.volume, p.conditions.salt) = (crumb, bytes32(i));
            refused(batchOf(a, p, r), Leg.Request, Refusal.FillTooSmall);
        }
        PoolOrder memory four = poolOrder();
        for (uint256 i = 0; i < 2; ++i) {
            (four.conditions.volume, four.conditions.salt) = (4, bytes32(100 + i));
            assertEq(sealOne(batchOf(a, four, r)).volume, 4, "whole fills");
        }
        four.conditions.salt = "more";
        refused(batchOf(a, four, r), Leg.Request, Refusal.FillTooSmall);
    }

    /// @dev externalRef is signed: an agreement made elsewhere cannot be put under another order.
    function testFuzz_anotherAgreement(bytes32 agreed, bytes32 claimed) external {
        vm.assume(agreed != claimed);
        Batch memory batch = batchOf();
        batch.requests[0].order.conditions.externalRef = agreed;
        resign(batch, Leg.Request);
        batch.requests[0].order.conditions.externalRef = claimed;
        refused(batch, Leg.Request, Refusal.BadSignature);
    }
}
