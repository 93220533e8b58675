// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AppOrder, DatasetOrder, PoolOrder, RequestOrder} from "../types/Orders.sol";
import {Refusal} from "../types/Refusals.sol";
import {Restrictions} from "../libraries/Restrictions.sol";

/// @title MatchRules
/// @notice Whether orders that are each valid go together. `src/protocol/match-rules.ts` is the twin that brokers use.
library MatchRules {
    using Restrictions for *;

    /// @notice The request against the app's order.
    function checkApp(RequestOrder calldata request, AppOrder calldata app) internal view returns (Refusal) {
        if (app.app != request.app) return Refusal.OtherApp;
        if (app.price > request.maxAppPrice) return Refusal.PriceAboveBid;
        if (app.trust > request.trust) return Refusal.TrustNotMet;
        if (app.conditions.certifier != request.conditions.certifier) return Refusal.OtherCertifier;
        if (!request.onlyApp.allows(app.app)) return Refusal.Restricted;
        if (!app.onlyRequester.allows(request.requester)) return Refusal.Restricted;
        if (!app.onlyDataset.allows(request.dataset)) return Refusal.Restricted;
        return Refusal.None;
    }

    /// @notice The request against the dataset's order.
    function checkDataset(
        RequestOrder calldata request,
        DatasetOrder calldata dataset
    ) internal view returns (Refusal) {
        if (dataset.dataset != request.dataset) return Refusal.OtherDataset;
        if (dataset.price > request.maxDatasetPrice) return Refusal.PriceAboveBid;
        if (dataset.trust > request.trust) return Refusal.TrustNotMet;
        if (dataset.conditions.certifier != request.conditions.certifier) return Refusal.OtherCertifier;
        if (!request.onlyDataset.allows(dataset.dataset)) return Refusal.Restricted;
        if (!dataset.onlyRequester.allows(request.requester)) return Refusal.Restricted;
        if (!dataset.onlyApp.allows(request.app)) return Refusal.Restricted;
        return Refusal.None;
    }

    /// @notice The request against the pool's order. `needs` is all tags of request, app and dataset together.
    function checkPool(
        RequestOrder calldata request,
        PoolOrder calldata pool,
        bytes32 needs
    ) internal view returns (Refusal) {
        if (pool.category != request.category) return Refusal.OtherCategory;
        if (pool.price > request.maxPoolPrice) return Refusal.PriceAboveBid;
        if (pool.trust < request.trust) return Refusal.TrustNotMet;
        if (needs & ~pool.tag != 0) return Refusal.TagNotMet;
        if (pool.conditions.certifier != request.conditions.certifier) return Refusal.OtherCertifier;
        if (!request.onlyPool.allows(pool.pool)) return Refusal.Restricted;
        if (!pool.onlyRequester.allows(request.requester)) return Refusal.Restricted;
        if (!pool.onlyApp.allows(request.app)) return Refusal.Restricted;
        if (!pool.onlyDataset.allows(request.dataset)) return Refusal.Restricted;
        return Refusal.None;
    }
}
