// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Batch, IClerk, Match, SignedPoolOrder, SignedRequestOrder} from "../../../../contracts/interfaces/IClerk.sol";
import {Deal} from "../../../../contracts/types/Deals.sol";
import {AppOrder, PoolOrder, RequestOrder} from "../../../../contracts/types/Orders.sol";
import {Leg, Refusal} from "../../../../contracts/types/Refusals.sol";
import {MarketTest} from "../../support/MarketTest.sol";
import {vm} from "../../support/Vm.sol";

/// seal, money
///   given a payer with too little free            it should refuse: PayerUnfunded, however huge the prices
///   given a pool owner with too little free       it should refuse: PoolUnfunded, however huge the stake
///   given a payer who owns the pool               it should ask for price and stake together
///   given a match that cannot be paid in a batch  it should leave it out and seal the others, or revert when strict
///   otherwise                                     it should lock prices and stake
contract SealMoneyTest is MarketTest {
    uint64 private constant PRICE = VOLUME * (APP_PRICE + POOL_PRICE);

    function testFuzz_refusesAnUnfundedPayer(uint64 has) external {
        has = uint64(bound(has, 0, PRICE - 1));
        setFree(requester, has);
        refused(batchOf(), Leg.Request, Refusal.PayerUnfunded);
    }

    function testFuzz_refusesHugePrices(uint64 price, uint32 volume) external {
        price = uint64(bound(price, FUNDS, type(uint64).max));
        volume = uint32(bound(volume, 1, type(uint32).max));
        AppOrder memory a = appOrder();
        PoolOrder memory p = poolOrder();
        RequestOrder memory r = requestOrder();
        (a.price, p.price) = (price, price);
        (r.maxAppPrice, r.maxPoolPrice) = (price, price);
        (a.conditions.volume, p.conditions.volume, r.conditions.volume) = (volume, volume, volume);
        refused(batchOf(a, p, r), Leg.Request, Refusal.PayerUnfunded);
    }

    function testFuzz_refusesAnUnfundedPool(uint64 has) external {
        has = uint64(bound(has, 0, VOLUME * STAKE - 1));
        setFree(poolOwner, has);
        refused(batchOf(), Leg.Pool, Refusal.PoolUnfunded);
    }

    function testFuzz_refusesAHugeStake(uint64 stake) external {
        stake = uint64(bound(stake, FUNDS / VOLUME + 1, type(uint64).max));
        certifier.setTerms(Refusal.None, stake, FROZEN);
        refused(batchOf(), Leg.Pool, Refusal.PoolUnfunded);
    }

    function testFuzz_locksToTheCent(uint64 more, uint64 moreStake) external {
        more = uint64(bound(more, 0, 1_000));
        moreStake = uint64(bound(moreStake, 0, 1_000));
        setFree(requester, PRICE + more);
        setFree(poolOwner, VOLUME * STAKE + moreStake);
        sealOne(batchOf());
        assertEq(free(requester), more, "the rest stays free");
        assertEq(locked(requester), PRICE, "the price is locked");
        assertEq(free(poolOwner), moreStake, "the pool's rest stays free");
        assertEq(locked(poolOwner), VOLUME * STAKE, "the stake is locked");
    }

    function testFuzz_locksBothOfAPayerWhoOwnsThePool(uint64 has) external {
        transfer(pool, poolOwner, requester);
        Batch memory batch = batchOf();
        batch.pools[0].signature = signature(REQUESTER_KEY, clerk.hashPoolOrder(batch.pools[0].order));
        uint64 needed = PRICE + VOLUME * STAKE;
        has = uint64(bound(has, PRICE, needed - 1));
        setFree(requester, has);
        refused(batch, Leg.Pool, Refusal.PoolUnfunded);
        setFree(requester, needed);
        Deal memory deal = sealOne(batch);
        assertEq(locked(requester), needed, "price and stake");
        for (uint256 i = 0; i < VOLUME; ++i) {
            certifier.settle(deal, none(), refund(deal));
        }
        assertEq(free(requester), needed, "and both come back");
    }

    function test_locksWhereEverybodyIsOne() external {
        transfer(pool, poolOwner, requester);
        transfer(app, appOwner, requester);
        Batch memory batch = batchOf();
        batch.pools[0].signature = signature(REQUESTER_KEY, clerk.hashPoolOrder(batch.pools[0].order));
        batch.apps[0].signature = signature(REQUESTER_KEY, clerk.hashAppOrder(batch.apps[0].order));
        Deal memory deal = sealOne(batch);
        certifier.settle(deal, none(), refund(deal));
        assertEq(uint256(free(requester)) + locked(requester), FUNDS, "nothing is lost or made");
    }

    /// @dev Three requests for one app: of the requester, of a stranger with `has`, of the requester again.
    function _three(uint64 has) private returns (Batch memory batch) {
        fund(stranger, has);
        AppOrder memory a = appOrder();
        PoolOrder memory p = poolOrder();
        (a.conditions.volume, p.conditions.volume) = (100, 100);
        batch = batchOf(a, p, requestOrder());
        batch.requests = new SignedRequestOrder[](3);
        batch.matches = new Match[](3);
        for (uint16 i = 0; i < 3; ++i) {
            RequestOrder memory r = requestOrder();
            r.conditions.salt = bytes32(uint256(i));
            if (i == 1) r.requester = stranger;
            batch.requests[i] = signed(r);
            if (i == 1) batch.requests[i].signature = signature(STRANGER_KEY, clerk.hashRequestOrder(r));
            batch.matches[i] = Match(0, NO_DATASET, 0, i);
        }
    }

    function testFuzz_goesOnWithoutAnUnfundedPayer(uint64 has) external {
        has = uint64(bound(has, 1, PRICE - 1));
        Batch memory batch = _three(has);
        vm.expectRevert(
            abi.encodeWithSelector(IClerk.ClerkMatchRefused.selector, 1, Leg.Request, Refusal.PayerUnfunded)
        );
        clerk.seal(batch, true);
        assertEq(locked(requester), 0, "a strict batch is all or nothing");

        Deal[] memory deals = sealAll(batch);
        assertEq(deals.length, 2, "the others are sealed");
        assertEq(free(stranger), has, "and the stranger keeps its money");
        assertEq(clerk.filled(Leg.Request, stranger, bytes32(uint256(1))), 0, "its order stands");
        assertEq(clerk.filled(Leg.App, appOwner, 0), 2 * VOLUME, "nothing is taken for it");
    }

    function test_goesOnWhenThePoolRunsDry() external {
        setFree(poolOwner, VOLUME * STAKE + 1);
        Batch memory batch = _three(PRICE);
        Deal[] memory deals = sealAll(batch);
        assertEq(deals.length, 1, "stake for one deal");
        assertEq(free(stranger), PRICE, "the second pays nothing");
        assertEq(free(requester), FUNDS - PRICE, "nor the third");
    }

    function test_tellsDealsOfOneBatchApart() external {
        // One Deal in memory serves all matches: nothing of one may be left in the next.
        Batch memory batch = _three(PRICE);
        RequestOrder memory r = requestOrder();
        r.dataset = dataset;
        Batch memory withData = batchOf(appOrder(), datasetOrder(), poolOrder(), r);
        batch.datasets = withData.datasets;
        batch.requests[0] = withData.requests[0];
        batch.matches[0].dataset = 0;
        Deal[] memory deals = sealAll(batch);
        assertEq(deals.length, 3, "all are sealed");
        assertEq(deals[0].datasetOwner, datasetOwner, "the first has a dataset");
        assertEq(deals[1].datasetOwner, address(0), "the second has none");
        assertEq(deals[1].datasetPrice, 0, "and pays for none");
        assertEq(deals[1].requester, stranger, "each has its requester");
        for (uint256 i = 0; i < 3; ++i) {
            certifier.settle(deals[i], none(), refund(deals[i]));
        }
    }
}
